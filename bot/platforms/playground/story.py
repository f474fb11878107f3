"""The example history, read from story.txt, where it stands as one would tell it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

STORY = Path(__file__).with_name("story.txt")
OFFICE = ZoneInfo("Europe/Amsterdam")
BEGINS = datetime(2026, 8, 31, 6, 0, tzinfo=UTC)
ENDS = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)  # the Monday before the month's first Tuesday: a nudge is close

DAY = re.compile(r"\d{4}-\d\d-\d\d")
SAYS = re.compile(r"(?P<at>\d\d:\d\d) (?P<who>\w+) #?(?P<where>\w+): (?P<words>.+)")
REACTS = re.compile(r"(?P<at>\d\d:\d\d) (?P<who>\w+) reacts (?P<emoji>[\w+]+): (?P<words>.+)")
PRESSES = re.compile(r"(?P<at>\d\d:\d\d) (?P<who>\w+) presses (?P<action>[\w.:]+)(?: on (?P<title>.+))?")
ANSWER = re.compile(r"\s+(?P<field>[\w.]+): (?P<words>.+)")


@dataclass(frozen=True, slots=True)
class Says:
    at: datetime
    who: str
    where: str
    words: str
    answers: dict[str, str] = field(default_factory=dict)  # to the form that a command opens


@dataclass(frozen=True, slots=True)
class Reacts:
    at: datetime
    who: str
    emoji: str
    words: str  # of the newest message that has them


@dataclass(frozen=True, slots=True)
class Presses:
    at: datetime
    who: str
    action: str  # "talk.answer:done": a colon, and how the button's value ends
    answers: dict[str, str] = field(default_factory=dict)
    title: str = ""  # words in the title of the card it is on


Line = Says | Reacts | Presses


def read(text: str) -> Iterator[Line]:
    """The story's lines in their order. Raises ValueError with the number of a line that is none."""
    day, answers = "", dict[str, str]()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if DAY.fullmatch(line):
            day = line
        elif found := ANSWER.fullmatch(line):
            before = answers.get(found["field"])
            answers[found["field"]] = f"{before}\n{found['words']}" if before else found["words"]
        elif found := REACTS.fullmatch(line):
            yield Reacts(_moment(day, found["at"]), found["who"], found["emoji"], found["words"])
        elif found := PRESSES.fullmatch(line):
            answers = {}  # filled by the lines below, before anybody acts on it
            yield Presses(_moment(day, found["at"]), found["who"], found["action"], answers, found["title"] or "")
        elif found := SAYS.fullmatch(line):
            answers = {}
            yield Says(_moment(day, found["at"]), found["who"], found["where"], found["words"], answers)
        else:
            raise ValueError(f"line {number} of the story is no line: {line}")


def _moment(day: str, at: str) -> datetime:
    return datetime.fromisoformat(f"{day} {at}").replace(tzinfo=OFFICE).astimezone(UTC)
