"""What a coaching manager is given: questions for the stage of a talk, habits of listening, tips in their order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, zip_longest

from bot.core.goals import Goal
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.wording import FIRST, LANGUAGES, wording

say = wording("coach")
STAGES = ("goal", "reality", "options", "will")
LISTENING = "listening"
# The stages of the questions of a GROW talk; of all others it is the last.
ASKED = {"goal": "goal", "reality": "reality", "options": "options", "more_options": "options"}
# Where somebody stands who answered this last. One option is rarely all there are.
AFTER = {"goal": "reality", "reality": "options", "options": "options"}
QUESTIONS, HABITS = 4, 3  # at a time: more of them nobody has in mind during a talk


@dataclass(frozen=True, slots=True)
class Example:
    """The actor's own rhythm, which counts for more than what they say to others."""

    period: str  # of their check-in
    checkin: str | None = None  # a nudge's state
    goals: tuple[Goal, ...] = ()  # open ones
    reports: tuple[Person, ...] = ()
    met: frozenset[str] = frozenset()  # of these, with whom they had a one-to-one lately
    beside: tuple[tuple[Person, str], ...] = ()  # in whose talk they take part now, and its stage


@dataclass(frozen=True, slots=True)
class Monday:
    """What a manager's tip needs: when each was told before, and whether they checked in themselves."""

    told: Mapping[str, datetime]
    period: str
    checkin: str | None


def stage_of(progress: Progress) -> str:
    """The stage of a GROW talk that comes next."""
    if not progress.given:
        return STAGES[0]
    return AFTER.get(progress.given[-1].question, STAGES[-1])


def spelled(text: str) -> str | None:
    """The stage a text names in any language; or listening."""
    word = text.strip().lower().strip(".!?")
    for name in (*STAGES, LISTENING):
        if word in (name, *(say(lang, f"words.{name}") for lang in LANGUAGES)):
            return name
    return None


def some(reader: Person, key: str, page: int, count: int) -> list[str]:
    """The texts of this page of a list; after the last page comes the first."""
    texts = say.many(reader, key)
    first = page * count % len(texts)
    return texts[first : first + count]


def tips() -> tuple[str, ...]:
    """All of them in the order they are told: the themes in turn. What HR adds to a page comes along."""
    themes = dict[str, list[str]]()
    for key in say.pages[FIRST].words:
        if key.startswith("tips."):
            themes.setdefault(theme_of(key.removeprefix("tips.")), []).append(key.removeprefix("tips."))
    return tuple(tip for tip in chain(*zip_longest(*themes.values())) if tip)


def theme_of(tip: str) -> str:
    return tip.partition(".")[0]


def following(told: Mapping[str, datetime]) -> str:
    """The first that was never told; when all were, the one that was told longest ago."""
    order = tips()
    return next((tip for tip in order if tip not in told), None) or min(order, key=lambda tip: told[tip])


def latest(told: Mapping[str, datetime]) -> str | None:
    """The one told last, if it is still on the page."""
    there = [tip for tip in tips() if tip in told]
    return max(there, key=lambda tip: told[tip]) if there else None
