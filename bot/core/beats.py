"""A rhythm in the words of whoever reads about it."""

from datetime import time

from bot.core.calendar import WEEKDAYS, Every, Rhythm, phrase
from bot.core.people import Person
from bot.core.wording import speaks, weekday_name, wording

say = wording("rhythm")
NTH = ("first", "second", "third", "fourth", "last")


def called(reader: Person, name: str) -> str:
    return say(reader, f"names.{name}")


def headed(reader: Person, name: str) -> str:
    """The same where a line begins with it."""
    name = called(reader, name)
    return name[:1].upper() + name[1:]


def cadence(reader: Person, every: Every) -> str:
    """`every month`"""
    return say(reader, f"every.{every}")


def day(reader: Person, every: Every, on: str) -> str:
    """The day in a rhythm: `the first Tuesday`, `on day 5`."""
    read = phrase(every, on)
    match read.kind, read.count:
        case "weekday", nth:
            weekday = weekday_name(read.weekday, speaks(reader))
            key = "on.weekday" if every == "week" else "on.nth"
            return say(reader, key, weekday=weekday, nth=say(reader, f"nth.{nth}"))
        case ("day", 1) | ("before end", 0):
            return say(reader, "on.first" if read.kind == "day" else "on.last")
        case "day", n:
            return say(reader, "on.day", n=n)
        case _, n:
            return say(reader, "on.days", n=n) if n % 7 else say(reader, "on.weeks", n=n // 7)


def told(reader: Person, each: Rhythm) -> str:
    """`every month, the first Tuesday, 09:30`"""
    return beat(reader, each.every, each.on, each.at)


def beat(reader: Person, every: Every, on: str, at: time) -> str:
    return say(reader, "fact", every=cadence(reader, every), on=day(reader, every, on), at=at)


def days(reader: Person, every: Every, weekdays: tuple[int, ...]) -> list[tuple[str, str]]:
    """Days to choose from in such a period, each as app.yaml writes it and as its reader does. `weekdays`: the working
    ones, Monday = 0."""
    names = [WEEKDAYS[number] for number in weekdays]
    if every == "week":
        written = [*names, "first workday", "last workday"]
    else:
        written = ["first workday", *(f"{nth} {name}" for nth in NTH for name in names), "day 15", "last workday"]
        written += [f"{count} before end" for count in ("1 week", "2 weeks")]
    return [(on, day(reader, every, on)) for on in written]
