"""How far somebody is in a dialogue. There is no stored step: it is what they were asked and what they said."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

State = Literal["open", "paused", "stopped", "finished"]


@dataclass(frozen=True, slots=True)
class Given:
    question: str
    asked: str  # as it was worded then; pages change, answers do not
    reply: str  # empty when skipped
    message: str = ""  # the platform's id of the reply, so that editing or deleting it is understood


@dataclass(frozen=True, slots=True)
class Progress:
    id: str  # "checkin:ab12"
    dialogue: str
    subject: str = ""  # what it is about, in the feature's own terms: a period, a topic
    seeds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # facts it began with, for `each` and guards
    given: tuple[Given, ...] = ()
    state: State = "open"
    thread: str = ""  # the topic of the thread it is in, where that was begun by another

    @property
    def topic(self) -> str:
        """Of the thread it is talked through in."""
        return self.thread or self.id

    @property
    def answers(self) -> dict[str, str]:
        return {given.question: given.reply for given in self.given}

    @property
    def finished(self) -> bool:
        return self.state == "finished"

    def back(self) -> "Progress":
        return replace(self, given=self.given[:-1], state="open")

    def give(self, given: Given) -> "Progress":
        """With this answer; one that was there before is changed where it stands."""
        if given.question in self.answers:
            return replace(self, given=tuple(given if g.question == given.question else g for g in self.given))
        return replace(self, given=(*self.given, given))
