"""A goal's whole story on a card: what it is, a small picture, and everything that was said and changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from bot.core.cards import Button, Chart, Part, Point, Quote, Text
from bot.core.figures import number
from bot.core.goal_cards import figure, say, short
from bot.core.goals import Change, Goal, Update
from bot.core.people import Person
from bot.core.update_forms import state
from bot.core.wording import wording

told = wording("updates")
Names = Mapping[str, str]


def chart(reader: Person, goal: Goal, points: Sequence[Point]) -> Iterator[Part]:
    """A picture where there are two figures to compare; the same in words."""
    if len(points) < 2:
        return
    first, last = points[0], points[-1]
    said = {
        "from_value": figure(reader, first.value, goal.unit),
        "from_day": first.day,
        "to_value": figure(reader, last.value, goal.unit),
        "to_day": last.day,
    }
    if goal.target is None:
        yield Chart(tuple(points), told(reader, "chart_alt", **said))
        return
    alt = told(reader, "chart_alt_target", target=figure(reader, goal.target, goal.unit), **said)
    by = goal.due if goal.due and goal.due > last.day else last.day
    yield Chart(tuple(points), alt, Point(by, goal.target))


def entry(reader: Person, goal: Goal, each: Update | Change, day: date, names: Names, titles: Names) -> Iterator[Part]:
    """One line of the history, with the words that were said."""
    head = {"day": day, "who": names.get(each.author, "")}
    if isinstance(each, Change):
        yield Text(change(reader, goal, each, titles, head))
        if each.reason:
            yield Quote(each.reason)
        return
    shown = state(reader, goal, each.value, each.confidence)
    if shown:
        yield Text(told(reader, "entry_state", state=shown, **head))
    else:
        yield Text(told(reader, "entry_head" if each.story else "entry_kept", **head))
    if each.story:
        yield Quote(each.story)


def change(reader: Person, goal: Goal, each: Change, titles: Names, head: Mapping[str, object]) -> str:
    if each.field == "state":
        return told(reader, f"change.{each.new}", **head)
    if each.goal != goal.id:  # a key result's, which has a unit of its own
        old, new = (value_of(reader, replace(goal, unit=""), each.field, text, titles) for text in (each.old, each.new))
        return told(reader, "change.result", title=short(titles.get(each.goal, "")), old=old, new=new, **head)
    old, new = (value_of(reader, goal, each.field, text, titles) for text in (each.old, each.new))
    return told(reader, f"change.{each.field}", old=old, new=new, **head)


def value_of(reader: Person, goal: Goal, name: str, text: str, titles: Names) -> str:
    """What was stored, as the reader's language writes it."""
    if not text:
        return told(reader, "nothing_old")
    if name == "due":
        return say(reader, "day", day=date.fromisoformat(text))
    if name == "visibility":
        return say(reader, f"visibility.{text}")
    if name in ("target", "start"):
        return figure(reader, number(text), goal.unit)
    if name == "parent":
        return short(titles.get(text, told(reader, "nothing_old")))
    return short(text, 300)


def pager(reader: Person, goal: Goal, page: int, more: bool) -> tuple[Button, ...]:
    older = (Button(told(reader, "older"), "goals.show", f"{goal.id}|{page + 1}"),) if more else ()
    newer = (Button(told(reader, "newer"), "goals.show", f"{goal.id}|{page - 1}"),) if page else ()
    return (*older, *newer)
