"""A mark in everything that anybody types: who said it, where, and whom it reached."""

import re
from dataclasses import dataclass, field
from datetime import datetime

MARK = re.compile(r"zq(\d+)zq")
SAID = ("A good week with two customers", "The release took longer than planned", "More time for reading", "Pairing")


@dataclass(frozen=True, slots=True)
class Word:
    author: str
    where: str  # the form or dialogue it was typed into
    field: str
    to: str = ""  # whom it was said to, where nothing keeps it
    about: str = ""  # the id of what, or whom, it was said about


@dataclass(frozen=True, slots=True)
class Sight:
    """Somebody, or a channel, was shown a word."""

    word: int
    reader: str  # a person's id, or a channel
    at: datetime
    key: str  # of the message


@dataclass
class Words:
    said: list[Word] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)  # not judged yet
    reached: int = 0  # words that others than their author were shown

    def new(self, author: str, where: str, field: str = "", begin: str = "", to: str = "", about: str = "") -> str:
        """Something to say, with a mark of its own at the beginning, where no card cuts it off."""
        number = len(self.said)
        self.said.append(Word(author, where, field, to, about))
        return f"{begin}zq{number}zq {SAID[number % len(SAID)].lower()}"

    def shown(self, text: str, reader: str, at: datetime, key: str) -> None:
        for number in {int(found) for found in MARK.findall(text)}:
            if self.said[number].author != reader:
                self.sights.append(Sight(number, reader, at, key))
                self.reached += 1
