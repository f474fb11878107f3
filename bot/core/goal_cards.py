"""How a goal reads on a card: as a line in a list, as facts, and in one sentence."""

from collections.abc import Iterator, Mapping

from bot.core.cards import Bar, Button, Buttons, Card, Facts, Note, Part, Quote, Text, Tone
from bot.core.goals import Goal, share
from bot.core.people import Person
from bot.core.wording import wording

say = wording("goals")
TONES: Mapping[str, Tone] = {"": "plain", "on_track": "good", "at_risk": "warn", "off_track": "bad"}
SHORT = 120  # characters of a title on a line


def topic(goal: Goal) -> str:
    """Of the card that shows a goal to its owner, so that it can be kept up to date. The thread's is the goal's id."""
    return f"goal.card:{goal.id}"


def short(text: str, limit: int = SHORT) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def figure(reader: Person, value: float | None, unit: str) -> str:
    """`60 %`, `1 200 customers`, in the reader's way of writing numbers; "" where there is none."""
    if value is None:
        return ""
    whole = int(value) if float(value).is_integer() else value
    return say(reader, "figure", value=whole, unit=unit).strip()


def way(reader: Person, goal: Goal) -> str:
    """From where to where: `from 5 to 3 %`; "" where no figures were named."""
    if goal.kind != "measure" or goal.target is None:
        return ""
    return say(reader, "way", start=figure(reader, goal.start or 0, ""), target=figure(reader, goal.target, goal.unit))


def result_line(reader: Person, goal: Goal) -> str:
    """A key result as one would type it."""
    return say(reader, "result_line", title=goal.title, way=way(reader, goal))


def part(reader: Person, goal: Goal) -> Part:
    """Where it stands, with the last word about it."""
    done, title = share(goal), short(goal.title)
    if done is not None and goal.kind != "milestone":
        return Bar(title, round(done * 100), 100, goal.word)
    if goal.kind == "milestone" and done:
        title = say(reader, "milestone_done", title=title)
    return Text(title)


def line(reader: Person, goal: Goal) -> Iterator[Part]:
    """A goal in a list: its bar, the last word, and small print."""
    shown = part(reader, goal)
    yield shown
    if goal.word and not isinstance(shown, Bar):
        yield Quote(goal.word)
    if goal.results:
        yield Text("\n".join(say(reader, "result_now", line=result_line(reader, each), now=now(reader, each))
                             for each in goal.results))  # fmt: skip
    if small := small_print(reader, goal):
        yield Note(small)


def now(reader: Person, goal: Goal) -> str:
    value = goal.value if goal.value is not None else goal.start or 0
    return figure(reader, value, goal.unit)


def small_print(reader: Person, goal: Goal) -> str:
    found = []
    if goal.state == "offered":
        found.append(say(reader, "waits_for_yes"))
    if path := way(reader, goal):
        found.append(say(reader, "way_now", way=path, now=now(reader, goal)))
    if goal.due:
        found.append(say(reader, "by", day=goal.due))
    if goal.confidence:
        found.append(say(reader, f"confidence.{goal.confidence}"))
    return " · ".join(found)


def facts(reader: Person, goal: Goal, parent: Goal | None = None, owner: Person | None = None) -> Facts:
    """Everything that was said when it was set."""
    rows = [(say(reader, "fact_whose"), owner.name)] if owner and owner.id != reader.id else []
    if goal.level != "personal":
        rows.append((say(reader, "fact_whose"), goal.team or say(reader, "the_company")))
    rows.append((say(reader, "fact_kind"), say(reader, f"choices.kind.{goal.kind}")))
    if goal.why:
        rows.append((say(reader, "fact_why"), goal.why))
    if path := way(reader, goal):
        rows.append((say(reader, "fact_measure"), path))
    if goal.results:
        rows.append((say(reader, "fact_results"), "\n".join(result_line(reader, each) for each in goal.results)))
    if goal.due:
        rows.append((say(reader, "fact_due"), say(reader, "day", day=goal.due)))
    if parent:
        rows.append((say(reader, "fact_parent"), short(parent.title)))
    if goal.level == "personal":
        rows.append((say(reader, "fact_seen"), say(reader, f"visibility.{goal.visibility}")))
    return Facts(tuple(rows))


def buttons(reader: Person, goal: Goal, change: bool) -> Buttons:
    """What can be done with an open goal; `change`: also by this reader to what it says."""
    row = [Button(say(reader, "update"), "goals.update", goal.id, "primary", opens=True)]
    row.append(Button(say(reader, "timeline"), "goals.show", goal.id))
    if change:
        row.append(Button(say(reader, "adjust"), "goals.adjust", goal.id, opens=True))
        row.append(Button(say(reader, "close"), "goals.close", goal.id, opens=True))
    return Buttons(tuple(row))


def goal_card(reader: Person, goal: Goal, parent: Goal | None = None, *, title: str = "") -> Card:
    """The goal as its owner keeps it in a thread: everything, and what can be done."""
    parts: list[Part] = [facts(reader, goal, parent)]
    shown = part(reader, goal)
    if shown != Text(short(goal.title)):  # that is what the card is called
        parts.append(shown)
    if goal.word and not isinstance(shown, Bar):
        parts.append(Quote(goal.word))
    if goal.confidence:
        parts.append(Note(say(reader, f"confidence.{goal.confidence}")))
    if goal.state == "open":
        parts.append(buttons(reader, goal, change=True))
    return Card(title or goal.title, tuple(parts))
