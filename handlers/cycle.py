"""HR's round of reviews: opened for everybody, watched by numbers only, and closed."""

from collections.abc import Iterator
from datetime import date

from bot.core.calendar import bounds
from bot.core.cards import Button, Buttons, Card, Day, Facts, Form, Heading, Note, Part, Remark, Text
from bot.core.company_form import looks_after
from bot.core.cycle import Cycle
from bot.core.cycle import Part as Group
from bot.core.effects import Effect, OpenForm, Record, Refuse, Tell, Whisper
from bot.core.events import Action, Command, Due, Event, Submission
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.wording import named, speaks, wording
from storage import cycle as store
from storage.cycle import Begun, Ended, Invited, Watched

cycle = Feature("cycle")
say = wording("cycle")


@cycle.command("review cycle", gather=store.watched)
@cycle.action("cycle.show", gather=store.watched)
def show(event: Command | Action, found: Watched) -> Iterator[Effect]:
    if isinstance(event, Command) and event.text.strip().lower() == "help":
        yield Whisper(Card(say(event.actor, "help_title"), (Text(say(event.actor, "help")),)))
    elif not looks_after(event):
        yield kept_out(event)
    else:
        yield said(event, card(event, found))


def kept_out(event: Event) -> Effect:
    return Whisper(Card(parts=(Text(say(event.actor, "not_yours")),)))


def said(event: Event, shown: Card) -> Effect:
    return Tell(event.actor, shown) if event.place.kind == "direct" else Whisper(shown)


# How it goes.


def card(event: Event, found: Watched) -> Card:
    actor, one = event.actor, found.cycle
    begin = Button(say(actor, "begin"), "cycle.form", opens=True)
    if one is None:
        return Card(say(actor, "none_title"), (Text(say(actor, "none")), Buttons((begin,))))
    heading = say(actor, "title", period=period(actor, one.period))
    still, row = one.open(event.today), [Button(say(actor, "refresh"), "cycle.show")]
    key = "open" if still else "closed" if one.closed_at else "over"
    state = Text(say(actor, key, day=actor.day_of(one.closed_at) if one.closed_at else one.until))
    if still:
        row.append(Button(say(actor, "close"), "cycle.close", one.id, "danger"))
    elif one.period == found.period:
        row.append(Button(say(actor, "again"), "cycle.form", opens=True))
    if one.period != found.period:
        row.append(begin)
    return Card(heading, (state, *figures(event, found), Note(say(actor, "only_numbers")), Buttons(tuple(row))))


def period(reader: Person, of: str) -> str:
    return named(of, speaks(reader))


def figures(event: Event, found: Watched) -> Iterator[Part]:
    """Of the whole, and of each group that is large enough."""
    actor, least = event.actor, event.settings.thresholds.group
    if found.whole.people < least:
        yield Text(say(actor, "too_few", n=least))
        return
    yield Facts(tuple((say(actor, f"count.{name}"), of_all(actor, found.whole, name)) for name in COUNTS))
    if len(found.parts) > 1:
        yield Heading(say(actor, "by_team"))
        yield Facts(tuple((part.team or say(actor, "others"), line(actor, part)) for part in found.parts))


COUNTS = ("looked_back", "talking", "agreed")


def of_all(reader: Person, group: Group, name: str) -> str:
    return say(reader, "of", n=getattr(group, name), all=group.people)


def line(reader: Person, group: Group) -> str:
    return say(reader, "team", back=group.looked_back, agreed=group.agreed, all=group.people)


# Opening.


@cycle.action("cycle.form", gather=store.watched)
def open_form(event: Action, found: Watched) -> Iterator[Effect]:
    yield OpenForm(form(event, found)) if looks_after(event) else kept_out(event)


def form(event: Event, found: Watched) -> Form:
    actor, last = event.actor, bounds(event.settings.rhythms["review"].every, found.period)[1]
    explained = Remark(say(actor, "form_text", period=period(actor, found.period)))
    until = Day("until", say(actor, "field_until"), last, hint=say(actor, "field_until_hint", day=last))
    title, submit, cancel = (say(actor, key) for key in ("form_title", "submit", "cancel"))
    return Form("cycle.form", title, submit, cancel, (explained, until))


@cycle.submission("cycle.form", gather=store.watched)
def begin(event: Submission, found: Watched) -> Iterator[Effect]:
    actor = event.actor
    last = bounds(event.settings.rhythms["review"].every, found.period)[1]
    until = day(event.answers.get("until", ""))
    if not looks_after(event):
        yield kept_out(event)
    elif event.settings.people.not_yet:
        yield Refuse({"until": say(actor, "not_yet")})
    elif until is None or not event.today < until <= last:
        yield Refuse({"until": say(actor, "wrong_day", day=last)})
    elif found.cycle and found.cycle.open(event.today) and found.cycle.period == found.period:
        yield Tell(actor, card(event, found))
    else:
        one = Cycle(f"cycle:{event.ref}", actor.company, found.period, until, event.at)
        yield Record(Begun(event, one))
        key = say(actor, "begun", period=period(actor, one.period), day=until)
        yield Tell(actor, Card(parts=(Text(key), Buttons((Button(say(actor, "watch"), "cycle.show"),)))))


def day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


# Closing.


@cycle.action("cycle.close", gather=store.watched)
def close(event: Action, found: Watched) -> Iterator[Effect]:
    one = found.cycle
    if not looks_after(event):
        yield kept_out(event)
    elif one is None or one.id != event.value or not one.open(event.today):
        yield said(event, card(event, found))
    else:
        yield Record(Ended(event, one))
        yield said(event, ended(event, found, one))


def ended(event: Event, found: Watched, one: Cycle) -> Card:
    of = period(event.actor, one.period)
    done = Text(say(event.actor, "ended", period=of))
    return Card(say(event.actor, "title", period=of), (done, *figures(event, found)))


@cycle.due(store.OVER, gather=store.over)
def tell_over(event: Due, found: Watched | None) -> Iterator[Effect]:
    """It has closed itself: who opened it sees the same as on closing it, if the reviews are theirs to look after."""
    if found and found.cycle and looks_after(event):
        yield Tell(event.actor, ended(event, found, found.cycle), awaited=True)


# Asking people.


@cycle.due(store.RHYTHM, gather=store.invited)
def invite(event: Due, found: Invited | None) -> Iterator[Effect]:
    """A button, not the first question: the quarter's own nudge may have come just before."""
    if found is None:
        return
    actor, of = event.actor, period(event.actor, found.cycle.period)
    row = [Button(say(actor, "start"), "review.start", style="primary")]
    if found.leads:
        row.append(Button(say(actor, "team_button"), "preparing.board"))
    words = say(actor, "last_call" if found.last else "invited", period=of, day=found.cycle.until)
    yield Tell(actor, Card(parts=(Text(words), Buttons(tuple(row)))))
