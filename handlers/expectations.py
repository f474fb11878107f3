"""Expectations of a role: written by the manager, acknowledged by the person, and looked at again twice a year."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.core.calendar import Every, bounds, period
from bot.core.cards import MENTION, Button, Buttons, Card, Note, Text, clean, plain
from bot.core.effects import Effect, OpenForm, Record, Refuse, Replace, Tell, Whisper
from bot.core.events import Action, Command, Due, Event, Submission
from bot.core.expectations import (
    REMARK,
    REMIND,
    RHYTHM,
    UNREAD,
    Expectation,
    Standing,
    check,
    earlier_card,
    form_value,
    own_card,
    pending,
    remark_card,
    remark_form,
    say,
    sent_card,
    talk_button,
    team_parts,
    their_card,
    told_card,
    write_form,
)
from bot.core.features import Feature
from bot.core.feedback import DRAFT
from bot.core.requests import day_after
from storage import expectations as store
from storage.expectations import Earlier, LookedAt, Seen, View, Written
from storage.followups import FollowUp
from storage.nudges import Answered

expectations = Feature("expectations")
FEW = 3  # names in a reminder


# Seeing them.


@expectations.command("growth expectations", gather=store.named)
def command(event: Command, view: View) -> Iterator[Effect]:
    """`/growth expectations`, `/growth expectations @ana`, and from a manager with the words behind."""
    words = clean(plain(MENTION.sub(" ", event.text))).strip()
    if manages(event, view) and view.who and (words or view.written is None):
        form = write_form(event.actor, view.who, view.written, words)
        # Where only a button can be sent, it carries the beginning of the words.
        yield OpenForm(form if event.opens else replace(form, value=f"{form.value}|{words[:DRAFT]}"))
    else:
        yield Whisper(shown(event, view))


@expectations.action("expectations.show", gather=store.pressed)
def show(event: Action, view: View) -> Iterator[Effect]:
    yield Whisper(shown(event, view))


def shown(event: Event, view: View) -> Card:
    actor, who, written = event.actor, view.who, view.written
    if who is None:
        return Card(parts=(Text(say(actor, "foreign")),))
    if who.id == actor.id:
        return own(event, view)
    if written is None:
        write = Button(say(actor, "write"), "expectations.form", who.id, "primary", opens=True)
        parts = (Text(say(actor, "none_of", who=who.name)), Buttons((write,)))
        return Card(say(actor, "their_title", who=who.name), parts)
    return their_card(actor, written, view.earlier)


def own(event: Event, view: View) -> Card:
    """What is expected of the actor, and a way to those they manage."""
    actor, team = event.actor, Button(say(event.actor, "team"), "expectations.team")
    if view.written:
        card = own_card(actor, view.written, view.earlier)
        return Card(card.title, (*card.parts, *((Buttons((team,)),) if view.team else ())))
    if view.manager:
        parts = [Text(say(actor, "none_own", who=view.manager.name))]
        row = [talk_button(actor, view.manager, say(actor, "point")), *([team] if view.team else [])]
    else:
        parts = [Text(say(actor, "no_manager"))]
        row = [Button(say(actor, "name_manager"), "people.manager", opens=True), *([team] if view.team else [])]
    return Card(say(actor, "own_title"), (*parts, *((Buttons(tuple(row)),) if row else ())))


@expectations.action("expectations.earlier", gather=store.earlier)
def earlier(event: Action, found: Earlier | None) -> Iterator[Effect]:
    if found is None:
        yield Whisper(Card(parts=(Text(say(event.actor, "foreign")),)))
    else:
        yield Whisper(earlier_card(event.actor, found.who, found.versions))


@expectations.action("expectations.team", gather=store.of_team)
def team(event: Action, team: tuple[Standing, ...]) -> Iterator[Effect]:
    first = int(event.value) if event.value.isdecimal() and len(event.value) < 4 else 0
    if team:
        yield Whisper(Card(say(event.actor, "team_title"), tuple(team_parts(event.actor, team, first))))
    else:
        yield Whisper(Card(parts=(Text(say(event.actor, "nobody")),)))


# Writing them.


def manages(event: Event, view: View) -> bool:
    return bool(view.who and view.who.manager == event.actor.id and not view.who.gone)


@expectations.action("expectations.form", gather=store.pressed)
def open_form(event: Action, view: View) -> Iterator[Effect]:
    if view.who and manages(event, view):
        words = "".join(event.value.split("|", 2)[2:])
        yield OpenForm(write_form(event.actor, view.who, view.written, clean(words)))
    else:
        yield Whisper(Card(parts=(Text(say(event.actor, "foreign")),)))


@expectations.submission("expectations.form", gather=store.submitted)
def submit(event: Submission, view: View) -> Iterator[Effect]:
    actor, before = event.actor, view.written
    words, news = (clean(event.answers.get(name, "")).strip() for name in ("words", "news"))
    if view.who is None or not manages(event, view):
        yield Refuse({"words": say(actor, "foreign")})
    elif wrong := check(actor, words, news):
        yield Refuse(wrong)
    elif event.value != form_value(view.who, before):
        yield Refuse({"words": say(actor, "changed_meanwhile")})
    elif before and words == before.words:
        yield from looked(event, view, before)
    else:
        new = Expectation(f"expectation:{event.ref}", view.who, actor, words, event.at, news if before else "")
        yield Record(Written(new))
        if before:
            over = Card(parts=(Text(say(view.who, "replaced", who=actor.name)),))
            yield Replace(before.told, over)
        yield Tell(view.who, told_card(new, "told_change" if before else "told"), about=new.told)
        yield Record(FollowUp(view.who.id, UNREAD, new.id, day_after(view.who, event.at, REMIND)))
        yield Tell(actor, sent_card(new), about=new.sent, awaited=True)
        yield from all_done(event, view)


@expectations.action("expectations.right", gather=store.kept)
def right(event: Action, view: View) -> Iterator[Effect]:
    """It still holds: nothing is asked of the person."""
    if not manages(event, view):
        yield Whisper(Card(parts=(Text(say(event.actor, "foreign")),)))
    elif view.written is None or view.written.id != event.value:
        yield Whisper(shown(event, view))
    else:
        yield from looked(event, view, view.written)


def looked(event: Event, view: View, written: Expectation) -> Iterator[Effect]:
    actor = event.actor
    yield Record(LookedAt(written.id, event.at))
    more = Buttons((Button(say(actor, "team"), "expectations.team"),))
    yield Whisper(Card(parts=(Text(say(actor, "looked_now", who=written.person.name)), more)))
    yield from all_done(event, view)


def all_done(event: Event, view: View) -> Iterator[Effect]:
    """With the last of the team the half-year's look is done, before the nudge or after."""
    this = now(event)
    left = {each.person.id for each in pending(view.team, bounds(every(event), this)[0])}
    if view.who and left <= {view.who.id}:
        yield Record(Answered(event, RHYTHM, this))


def every(event: Event) -> Every:
    return event.settings.rhythms[RHYTHM].every


def now(event: Event) -> str:
    return period(every(event), event.today)


# What the person says to them.


@expectations.action("expectations.seen", gather=store.answered)
def seen(event: Action, view: View) -> Iterator[Effect]:
    written = view.written
    if written is None or written.id != event.value:
        yield changed(event, view)
    elif written.seen_at:
        yield Whisper(own(event, view))
    else:
        yield Record(Seen(written.id, event.actor.id, event.at))
        yield from acknowledged(event, view, written, "")


@expectations.action("expectations.remark", gather=store.answered)
def open_remark(event: Action, view: View) -> Iterator[Effect]:
    if view.written is None or view.written.id != event.value:
        yield changed(event, view)
    elif view.written.remark:
        yield Whisper(own(event, view))
    else:
        yield OpenForm(remark_form(event.actor, view.written))


@expectations.submission("expectations.remark", gather=store.answered)
def remark(event: Submission, view: View) -> Iterator[Effect]:
    actor, written, words = event.actor, view.written, clean(event.answers.get("remark", "")).strip()
    if written is None or written.id != event.value:
        yield Refuse({"remark": say(actor, "changed")})
    elif written.remark:
        yield Refuse({"remark": say(actor, "remarked_already")})
    elif not words:
        yield Refuse({"remark": say(actor, "wrong_words")})
    elif len(words) > REMARK:
        yield Refuse({"remark": say(actor, "wrong_long", limit=REMARK)})
    else:
        yield Record(Seen(written.id, actor.id, event.at, words))
        yield from acknowledged(event, view, written, words)


def changed(event: Event, view: View) -> Effect:
    """An old card was pressed: how it reads now."""
    card = own(event, view)
    return Whisper(Card(card.title, (Note(say(event.actor, "changed")), *card.parts)))


def acknowledged(event: Event, view: View, written: Expectation, words: str) -> Iterator[Effect]:
    """A tap only changes the manager's card; a remark is said to them. Who wrote it and is their manager no longer
    hears nothing of either."""
    actor, manager = event.actor, view.manager
    new = replace(written, seen_at=written.seen_at or event.at, remark=words)
    yield Replace(written.told, own_card(actor, new))
    if manager and manager.id == written.by.id:
        yield Replace(written.sent, sent_card(new))
    if manager and words:
        yield Tell(manager, remark_card(manager, new), awaited=True)
    key = ("thanks_remark" if words else "thanks") if manager else "thanks_alone"
    yield Whisper(Card(parts=(Text(say(actor, key, who=manager.name if manager else "")),)))


@expectations.due(UNREAD, gather=store.answered)
def unread(event: Due, view: View) -> Iterator[Effect]:
    """Once. What somebody wrote who manages them no longer may stay unread."""
    written, manager = view.written, view.manager
    if written and written.id == event.period and not written.seen_at and manager and manager.id == written.by.id:
        yield Tell(event.actor, told_card(written, "unread"), about=written.told)


# Twice a year.


@expectations.due("expectations", gather=store.of_team)
def due(event: Due, team: tuple[Standing, ...]) -> Iterator[Effect]:
    """One message about all of a manager's people, and none where they thought of each of them this half-year."""
    actor, this = event.actor, f"{RHYTHM}|{event.period}"
    left = pending(team, bounds(every(event), event.period)[0])
    if left and event.step:
        look = Button(say(actor, "team"), "expectations.team", style="primary")
        names = [each.person.name for each in left[:FEW]]
        text = say(actor, "reminder", n=len(left), names=names)
        yield Tell(actor, Card(parts=(Text(text), Buttons((look,)))))
    elif left:
        snooze = Button(say(actor, "snooze"), "rhythm.snooze", f"{this}|3")
        yield asked(event, team, snooze, Button(say(actor, "skip_round"), "rhythm.skip", this))


@expectations.due("expectations.again", gather=store.of_team)
def again(event: Due, team: tuple[Standing, ...]) -> Iterator[Effect]:
    """On the day they chose."""
    if pending(team, bounds(every(event), event.period)[0]):
        yield replace(asked(event, team), awaited=True)


def asked(event: Event, team: Sequence[Standing], *after: Button) -> Tell:
    actor = event.actor
    parts = [Text(say(actor, "due")), *team_parts(actor, team), *((Buttons(after),) if after else ())]
    return Tell(actor, Card(say(actor, "due_title"), tuple(parts)))
