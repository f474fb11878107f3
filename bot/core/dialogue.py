"""Conversations as data: questions in an order. Where a person stands is the first question they have not answered.

`prompts/checkin.yaml` holds the questions' structure, `prompts/en/checkin.yaml` their words under `ask`. A guard is a
name on the page and a function in code; pages and code must agree, or it says so at start.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bot.core.pages import BrokenPage, Page, read, shaped
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.wording import FIRST, SHELF, Wording, wording


class Question(BaseModel):
    """One question. Exactly one of `scale` and `choices` or none: then words are the answer; `day` wants a date."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    when: str | None = None  # the name of a guard: asked only where it holds
    each: str | None = None  # asked once for each seed of this name
    scale: tuple[int, int] | None = None
    story: str | None = None  # the question that takes the words said along with the number, or instead of a choice
    choices: tuple[str, ...] = ()
    day: bool = False
    must: bool = False  # cannot be skipped
    default: str = ""  # already chosen in the form
    limit: int = 3000  # characters
    item: str = ""  # with `each`: what it is asked about
    number: int = 0  # with `each`: which of them it is
    stem: str = ""  # with `each`: the id its words stand under

    @property
    def words(self) -> str:
        return self.stem or self.id

    def of(self, number: int, item: str) -> "Question":
        """The one of an `each` question that is asked about this item; its story is the one of the same number."""
        story = self.story and f"{self.story}.{number}"
        own = {"id": f"{self.id}.{number}", "item": item, "number": number, "stem": self.id, "story": story}
        return self.model_copy(update=own)


# Whether this question, which may be one of several of an `each`, is to be asked now.
Guard = Callable[[Progress, Question], bool]


class Structure(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Dialogue:
    name: str
    page: tuple[Question, ...]
    guards: Mapping[str, Guard]
    say: Wording

    def questions(self, progress: Progress) -> list[Question]:
        """All questions, those of `each` repeated for what this progress began with.

        Neighbours of the same `each` stay together: all that is asked about the first, then all about the second.
        """
        found = list[Question]()
        without = progress.seeds.get("without", ())
        asked = (question for question in self.page if question.id not in without)
        for each, group in groupby(asked, key=lambda question: question.each):
            together = list(group)
            if each is None:
                found += together
            for number, item in enumerate(progress.seeds.get(each or "", ())):
                found += [question.of(number, item) for question in together]
        return found

    def open(self, progress: Progress) -> list[Question]:
        """The questions still to be answered whose guard holds now."""
        answers = progress.answers
        return [q for q in self.questions(progress) if q.id not in answers and self.holds(q, progress)]

    def holds(self, question: Question, progress: Progress) -> bool:
        return question.when is None or self.guards[question.when](progress, question)

    def next(self, progress: Progress) -> Question | None:
        return next(iter(self.open(progress)), None)

    def find(self, progress: Progress, id: str) -> Question | None:
        return next((q for q in self.questions(progress) if q.id == id), None)

    def asks(self, question: Question, reader: Person) -> str:
        return self.say(reader, f"ask.{question.words}", item=question.item)

    def choice(self, reader: Person, question: Question, choice: str) -> str:
        """Its label."""
        return self.say(reader, f"choices.{question.words}.{choice}")

    def settled(self, progress: Progress) -> Progress:
        """Without answers to questions whose guard has come to say no, and finished when nothing is left to ask."""
        kept = []
        for given in progress.given:
            question = self.find(progress, given.question)
            if question is None or self.holds(question, progress):
                kept.append(given)
        progress = replace(progress, given=tuple(kept))
        return replace(progress, state="finished" if self.next(progress) is None else "open")

    @cached_property
    def stories(self) -> frozenset[str]:
        """Ids, as they stand on the page, of the questions that belong to another one's answer."""
        return frozenset(q.story for q in self.page if q.story)

    @cached_property
    def scales(self) -> frozenset[str]:
        return frozenset(q.id for q in self.page if q.scale)


def dialogue(name: str, guards: Mapping[str, Guard] | None = None, shelf: Path = SHELF) -> Dialogue:
    """The dialogue of this name. BrokenPage where its structure, its words and its guards do not fit together."""
    page, say, guards = read(shelf / f"{name}.yaml"), wording(name, shelf), guards or {}
    questions = shaped(page, Structure).questions
    wrong = [*_amiss(page, questions), *_unguarded(page, questions, guards)]
    for question in questions:
        wanted = [f"ask.{question.id}", *(f"choices.{question.id}.{choice}" for choice in question.choices)]
        wrong += [say.pages[FIRST].complaint(tuple(key.split(".")), "is missing") for key in wanted if not say.has(key)]
    if wrong:
        raise BrokenPage("\n".join(wrong))
    return Dialogue(name, questions, guards, say)


def _amiss(page: Page, questions: Sequence[Question]) -> Iterator[str]:
    """What is wrong between the questions of a page, and with each that its shape does not show."""
    ids = [question.id for question in questions]
    for n, question in enumerate(questions):
        low, high = question.scale or (0, 1)
        ways = (question.scale is not None, bool(question.choices), question.day)
        if question.id in ids[:n]:
            yield page.complaint(("questions", n, "id"), f"two questions share the id {question.id!r}")
        if question.story and question.story not in ids[n + 1 :]:
            yield page.complaint(("questions", n, "story"), f"{question.story!r} is no question after {question.id!r}")
        elif question.story and questions[ids.index(question.story)].each != question.each:
            yield page.complaint(("questions", n, "story"), f"{question.story!r} is not asked for each of the same")
        if question.story and not (question.scale or question.choices):
            yield page.complaint(("questions", n, "story"), "goes with a scale or with choices only")
        if sum(ways) > 1:
            yield page.complaint(("questions", n), "is answered in one way only: a scale, choices or a day")
        if low >= high:
            yield page.complaint(("questions", n, "scale"), "goes from a lower number to a higher")
        if question.default and question.default not in question.choices:
            yield page.complaint(("questions", n, "default"), f"{question.default!r} is none of the choices")


def _unguarded(page: Page, questions: Sequence[Question], guards: Mapping[str, Guard]) -> Iterator[str]:
    for n, question in enumerate(questions):
        if question.when and question.when not in guards:
            known = ", ".join(sorted(guards)) or "none"
            yield page.complaint(("questions", n, "when"), f"no guard {question.when!r} in code; there are: {known}")
    for name in sorted(guards.keys() - {question.when for question in questions}):
        yield page.complaint(("questions",), f"no question has the guard {name!r} that code knows")
