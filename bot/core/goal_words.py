"""What is said of one's goals in a dialogue that asks about each: how each stood when it began, and the words since.

The dialogue's page asks `goal` (a choice of confidence) and `goal_story`, both for `each: goals`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from bot.core.figures import parse_update
from bot.core.goal_cards import short
from bot.core.goals import Confidence, Goal, Kind, needs_word, part_done, share
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.wording import speaks

MOST = 5  # goals that are asked about in one go
TITLE = 80  # characters of a title in a question


@dataclass(frozen=True, slots=True)
class Standing:
    """A goal as it stood when the dialogue began."""

    id: str
    kind: Kind = "measure"
    confidence: Confidence = ""
    word: str = ""
    start: float | None = None
    target: float | None = None
    value: float | None = None
    unit: str = ""

    @property
    def done(self) -> int | None:
        """Percents of the way; None where no figure says so."""
        part = part_done(self.start, self.target, self.value)
        return None if part is None else round(part * 100)


@dataclass(frozen=True, slots=True)
class Word:
    """What was said of a goal: nothing at all, where all three are empty."""

    number: int
    title: str
    before: Standing
    value: float | None = None
    confidence: Confidence = ""
    story: str = ""

    def __bool__(self) -> bool:
        return self.value is not None or bool(self.confidence or self.story)

    @property
    def now(self) -> Standing:
        """The goal with this word."""
        before = self.before
        value = before.value if self.value is None else self.value
        return replace(before, value=value, confidence=self.confidence or before.confidence, word=self.story)


STANDING: TypeAdapter[Standing] = TypeAdapter(Standing)


def seeds(speaker: Person, goals: Sequence[Goal]) -> dict[str, tuple[str, ...]]:
    """What a dialogue begins with: of many goals those without a word for longest."""
    longest = sorted(goals, key=lambda goal: (goal.said_at, goal.id))[:MOST]
    return {
        "goals": tuple(short(goal.title, TITLE) for goal in longest),
        "goal_lang": (speaks(speaker),),  # by which figures are read
        "goal_states": tuple(STANDING.dump_json(standing(goal)).decode() for goal in longest),
    }


def standing(goal: Goal) -> Standing:
    figures = (goal.start, goal.target, goal.value)
    if goal.kind == "milestone":  # done or not: there is no way in between
        figures = (None, None, None)
    if goal.kind == "objective":  # its figures are its key results'
        part = share(goal)
        figures = (None, None, None) if part is None else (0.0, 100.0, part * 100)
    return Standing(goal.id, goal.kind, goal.confidence, goal.word, *figures, goal.unit)


def standings(progress: Progress) -> list[Standing]:
    return [STANDING.validate_json(state) for state in progress.seeds.get("goal_states", ())]


def to_be_told(progress: Progress, number: int) -> bool:
    """Whether there is a story to this goal: told already, or owed because one is surer or less sure than before."""
    answers, before = progress.answers, standings(progress)[number]
    told = answers.get(f"goal_story.{number}", "")
    return bool(told) or needs_word(before.confidence, answers.get(f"goal.{number}", ""), "")


def words(progress: Progress) -> Iterator[Word]:
    """What was said of each goal. A figure that is all that was said where a word was owed is the word."""
    answers, lang = progress.answers, next(iter(progress.seeds.get("goal_lang", ())), "")
    for number, (before, title) in enumerate(zip(standings(progress), progress.seeds.get("goals", ()), strict=True)):
        confidence = confidence_of(answers.get(f"goal.{number}", ""))
        told = answers.get(f"goal_story.{number}", "")
        value, story = parse_update(told, lang, before.unit) if before.kind == "measure" else (None, told)
        if needs_word(before.confidence, confidence, story):
            story = told
        yield Word(number, title, before, value, confidence, story)


def confidence_of(text: str) -> Confidence:
    """Empty for what is none."""
    match text:
        case "on_track" | "at_risk" | "off_track":
            return text
        case _:
            return ""
