"""Mentoring: a topic that is offered, a colleague who asks, and what becomes of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from bot.core.history import matcher
from bot.core.people import Person

TOPIC, WORDS = 100, 500  # characters
MOST = 10  # offers of one person
PAGE = 5  # offers of a list
REMIND, LAPSE = 5, 5  # working days after which the mentor is reminded, and after that nobody is waited for
LOOK = 20  # working days between two looks at whether it still helps

State = Literal["asked", "accepted", "declined", "lapsed", "withdrawn", "ended"]
# Who brings it from where to where. What is not here does not happen, however often it is pressed.
MOVES: Mapping[tuple[str, State], State] = {
    ("accept", "asked"): "accepted",
    ("decline", "asked"): "declined",
    ("lapse", "asked"): "lapsed",
    ("withdraw", "asked"): "withdrawn",
    ("end", "accepted"): "ended",
}
FOR_MENTOR, FOR_MENTEE = ("accept", "decline"), ("withdraw",)  # the others are for either


@dataclass(frozen=True, slots=True)
class Offer:
    id: str  # "offer:ab12"
    mentor: Person
    topic: str
    words: str
    at: datetime

    def fits(self, topic: str) -> bool:
        """Whether all the words looked for stand in it."""
        return matcher(topic)([self.topic, self.words, self.mentor.name])


@dataclass(frozen=True, slots=True)
class Mentoring:
    id: str  # "mentoring:ab12"
    offer: str
    mentor: Person
    mentee: Person
    topic: str
    words: str  # what the mentee would like help with
    at: datetime
    state: State = "asked"
    answer: str = ""  # what the mentor said to it

    def other(self, person: Person) -> Person:
        return self.mentee if person.id == self.mentor.id else self.mentor

    def about(self, person: Person) -> str:
        """The topic of the card this one of the two holds."""
        return f"mentoring:{self.id}:{person.id}"

    def moved(self, move: str, answer: str = "") -> "Mentoring":
        return replace(self, state=MOVES[move, self.state], answer=answer or self.answer)

    def may(self, person: Person, move: str) -> bool:
        """Whether this one of the two can do this now."""
        if (move, self.state) not in MOVES or self.other(person).gone:
            return False
        if move in FOR_MENTOR:
            return person.id == self.mentor.id
        return move not in FOR_MENTEE or person.id == self.mentee.id
