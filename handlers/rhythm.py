"""One's own say over the rhythm: skip one, snooze it, pause it, be away, and see when the next ones come."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from bot.core.beats import called, told
from bot.core.calendar import bounds, period
from bot.core.cards import Button, Buttons, Card, Choice, Day, Facts, Form, Note, Part, Text
from bot.core.dates import read_day
from bot.core.effects import Effect, OpenForm, Record, Refuse, Whisper
from bot.core.events import Action, Command, Event, Submission
from bot.core.features import Feature
from bot.core.wording import LANGUAGES, wording
from storage.absences import ALL, FOR_EVER, Absence, Back
from storage.followups import FollowUp
from storage.nudges import Answered
from storage.rhythm import Mine, mine

rhythm = Feature("rhythm")
say = wording("rhythm")
LONGEST = 366  # days away in one go


@rhythm.command("kadens rhythm", gather=mine)
def show(event: Command, own: Mine) -> Iterator[Effect]:
    actor, parts = event.actor, list[Part]()
    if own.rhythms:
        parts.append(Facts(tuple((called(actor, name), told(actor, each)) for name, each in own.rhythms.items())))
    parts.append(Note(say(actor, "note" if own.rhythms else "none")))
    if "checkin" in own.rhythms:
        value = f"checkin|{now(event, 'checkin')}"
        snooze = Button(say(actor, "snooze"), "rhythm.snooze", f"{value}|3")
        parts.append(Buttons((snooze, Button(say(actor, "skip"), "rhythm.skip", value))))
    yield Whisper(Card(say(actor, "title"), tuple(parts)))


def which(own: Mine, text: str) -> tuple[str, str] | None:
    """The rhythm a text begins with, by its own name or as any language calls it, and what follows."""
    for name in own.rhythms:
        for spelled in (name, *(say(lang, f"names.{name}") for lang in LANGUAGES)):
            if text.lower().startswith(spelled.lower()):
                return name, text[len(spelled) :].strip()
    return None


@rhythm.command("kadens skip", gather=mine)
def skip(event: Command, own: Mine) -> Iterator[Effect]:
    if found := which(own, event.text.strip() or "checkin"):
        yield from skipped(event, found[0], now(event, found[0]), own)
    else:
        yield Whisper(Card(parts=(Text(say(event.actor, "skip_which")),)))


@rhythm.action("rhythm.skip", gather=mine)
def press_skip(event: Action, own: Mine) -> Iterator[Effect]:
    name, _, this = event.value.partition("|")
    if name in own.rhythms and is_period(event, name, this):
        yield from skipped(event, name, this, own)
    else:  # the button is from before the rhythm was changed
        yield Whisper(Card(parts=(Text(say(event.actor, "stale")),)))


def is_period(event: Event, name: str, this: str) -> bool:
    try:
        bounds(event.settings.rhythms[name].every, this)
    except ValueError:
        return False
    return True


def now(event: Event, name: str) -> str:
    return period(event.settings.rhythms[name].every, event.today)


def skipped(event: Event, name: str, this: str, own: Mine) -> Iterator[Effect]:
    if this == now(event, name) and own.states.get(name) == "answered":
        yield Whisper(Card(parts=(Text(say(event.actor, "already", name=called(event.actor, name))),)))
        return
    yield Record(Answered(event, name, this, "skipped"))
    yield Whisper(Card(parts=(Text(say(event.actor, "skipped", name=called(event.actor, name))),)))


@rhythm.command("kadens snooze", gather=mine)
def snooze(event: Command, own: Mine) -> Iterator[Effect]:
    found = which(own, event.text.strip())
    day = until(event, found[1]) if found else None
    if found and day:
        yield from snoozed(event, found[0], day, own.states.get(found[0]) == "said")
    else:
        yield Whisper(Card(parts=(Text(say(event.actor, "snooze_which")),)))


def until(event: Event, text: str) -> date | None:
    """`3`, `3 days`, `friday`, `2026-12-01`: a day to come, within a year."""
    days = re.fullmatch(r"(\d{1,3})(?: (?:days?|dag|dagar|dagen))?", text.lower())
    day = event.today + timedelta(days=int(days[1])) if days else read_day(text, event.actor.lang, event.today)
    return day if day and event.today < day <= event.today + timedelta(days=LONGEST) else None


@rhythm.action("rhythm.snooze", gather=mine)
def press_snooze(event: Action, own: Mine) -> Iterator[Effect]:
    name, _, rest = event.value.partition("|")
    days = rest.rpartition("|")[2]
    if name in own.rhythms and re.fullmatch(r"0*[1-9]\d{0,3}", days):
        day = event.today + timedelta(days=min(int(days), LONGEST))
        yield from snoozed(event, name, day, own.states.get(name) == "said")


def snoozed(event: Event, name: str, day: date, asked: bool) -> Iterator[Effect]:
    """Quiet until then. What was asked already is asked again on that day, in place of a reminder; in another period
    that period's own question comes instead."""
    this = now(event, name)
    again = asked and day <= bounds(event.settings.rhythms[name].every, this)[1]
    last = day if again else day - timedelta(days=1)
    yield Record(Absence(f"snooze:{event.ref}", event.actor.id, name, event.today, last))
    if again:
        yield Record(FollowUp(event.actor.id, f"{name}.again", this, day))
    yield Whisper(Card(parts=(Text(say(event.actor, "snoozed", name=called(event.actor, name), day=day)),)))


@rhythm.command("kadens pause", gather=mine)
def pause(event: Command, own: Mine) -> Iterator[Effect]:
    if found := which(own, event.text.strip()):
        yield from paused(event, found[0])
    else:
        yield Whisper(Card(parts=(Text(say(event.actor, "pause_which")),)))


# Resting: one rhythm, for a while or until further notice.


@rhythm.action("rhythm.rest", gather=mine)
def open_rest(event: Action, own: Mine) -> Iterator[Effect]:
    actor = event.actor
    names = tuple((name, called(actor, name)) for name in own.rhythms)
    if not names:  # the button is from before the rhythms were changed
        yield Whisper(Card(parts=(Text(say(actor, "none")),)))
        return
    chosen = event.value if event.value in own.rhythms else names[0][0]
    fields = (
        Choice("which", say(actor, "rest_which"), names, chosen),
        Day("until", say(actor, "rest_until"), optional=True, hint=say(actor, "rest_hint")),
    )
    yield OpenForm(Form("rhythm.rest", say(actor, "rest_title"), say(actor, "save"), say(actor, "cancel"), fields))


@rhythm.submission("rhythm.rest", gather=mine)
def submit_rest(event: Submission, own: Mine) -> Iterator[Effect]:
    actor, name, said = event.actor, event.answers.get("which", ""), event.answers.get("until", "").strip()
    day = until(event, said) if said else None
    wrong = {} if name in own.rhythms else {"which": say(actor, "pause_which")}
    if said and day is None:
        wrong["until"] = say(actor, "rest_day")
    if wrong:
        yield Refuse(wrong)
    elif day:
        yield from snoozed(event, name, day, own.states.get(name) == "said")
    else:
        yield from paused(event, name)


def paused(event: Event, name: str) -> Iterator[Effect]:
    yield Record(Absence(f"pause:{event.ref}", event.actor.id, name, event.today, FOR_EVER))
    resume = Button(say(event.actor, "resume"), "rhythm.resume", name)
    text = Text(say(event.actor, "paused", name=called(event.actor, name)))
    yield Whisper(Card(parts=(text, Buttons((resume,)))))


@rhythm.action("rhythm.resume")
def press_resume(event: Action) -> Iterator[Effect]:
    if event.value in event.settings.rhythms:
        yield from resumed(event, event.value)
    else:
        yield Whisper(Card(parts=(Text(say(event.actor, "stale")),)))


def resumed(event: Event, name: str) -> Iterator[Effect]:
    yield Record(Back(event.actor.id, event.today, name))
    yield Whisper(Card(parts=(Text(say(event.actor, "resumed_one", name=called(event.actor, name))),)))


@rhythm.command("kadens resume", gather=mine)
def resume(event: Command, own: Mine) -> Iterator[Effect]:
    if found := which(own, event.text.strip()):
        yield from resumed(event, found[0])
    else:
        yield from back(event)


@rhythm.command("kadens back")
@rhythm.action("rhythm.back")
def back(event: Command | Action) -> Iterator[Effect]:
    yield Record(Back(event.actor.id, event.today))
    yield Whisper(Card(parts=(Text(say(event.actor, "resumed")),)))


# Time away.


@rhythm.command("kadens away")
def away(event: Command) -> Iterator[Effect]:
    """`/kadens away 2026-12-22 2027-01-02`, one day alone, or by the form."""
    words = re.split(r"\s+(?:to|until|till|til|tot|t/m)\s+|\s*\.\.\.?\s*|\s+(?=\d{4}-)", event.text.strip())
    days = [read_day(word, event.actor.lang, event.today) for word in words if word]
    if not event.text.strip():
        yield OpenForm(form(event))
    elif not days or len(days) > 2 or None in days:
        yield Whisper(Card(parts=(Text(say(event.actor, "away_not_read")),)))
    else:
        read = [day for day in days if day]
        first, last = (read[0], read[-1]) if len(read) == 2 else (event.today, read[0])
        if wrong := objections(event, first, last):
            yield Whisper(Card(parts=tuple(Text(text) for text in wrong.values())))
        else:
            yield from gone(event, first, last)


@rhythm.action("rhythm.away")
def open_away(event: Action) -> Iterator[Effect]:
    yield OpenForm(form(event))


def form(event: Event) -> Form:
    actor = event.actor
    fields = (
        Day("first", say(actor, "away_first"), event.today),
        Day("last", say(actor, "away_last"), hint=say(actor, "away_hint")),
    )
    return Form("rhythm.away", say(actor, "away_title"), say(actor, "save"), say(actor, "cancel"), fields)


@rhythm.submission("rhythm.away")
def submit_away(event: Submission) -> Iterator[Effect]:
    days = {id: read_day(event.answers.get(id, ""), event.actor.lang) for id in ("first", "last")}
    first, last = days["first"], days["last"]
    if first is None or last is None:
        yield Refuse({id: say(event.actor, "away_not_read") for id, day in days.items() if day is None})
    elif wrong := objections(event, first, last):
        yield Refuse(wrong)
    else:
        yield from gone(event, first, last)


def objections(event: Event, first: date, last: date) -> dict[str, str]:
    actor = event.actor
    if last < first:
        return {"last": say(actor, "away_order")}
    if last < event.today:
        return {"last": say(actor, "away_past")}
    return {"last": say(actor, "away_long")} if (last - first).days > LONGEST else {}


def gone(event: Event, first: date, last: date) -> Iterator[Effect]:
    yield Record(Absence(f"away:{event.ref}", event.actor.id, ALL, first, last))
    yield Whisper(Card(parts=(Text(say(event.actor, "away_set", first=first, last=last)),)))
