"""When two people meet one-to-one: a rhythm that one proposes and the other agrees to, and one talk of it moved or left
out. What they talk about stands in handlers/oneonone.py.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.cards import Buttons, Card, Note, Text
from bot.core.dates import read_day
from bot.core.effects import Effect, OpenForm, Record, Refuse, Replace, Tell, Whisper
from bot.core.events import Action, Command, Event, Submission
from bot.core.features import Feature
from bot.core.meetings import check, check_move, form, move_form, next_days, preview, rhythm, say, when
from bot.core.oneonone import YEARS, Beat, Pair, coming, first_of, following, local
from bot.core.oneonone_cards import answers
from bot.core.typed import read_clock
from storage import meetings as store
from storage.briefs import Talk, pressed
from storage.meetings import Asking, Decided, Moved, Over, Planned, Proposed

meetings = Feature("meetings")


# Proposing a rhythm.


@meetings.command("oneonone rhythm")
def command(event: Command) -> Iterator[Effect]:
    opening = form(event.actor, event.mentions[0] if event.mentions else None, None)
    # Where only a button can be sent, it carries with whom.
    yield OpenForm(opening if event.opens else replace(opening, value=event.mentions[0].id if event.mentions else ""))


@meetings.action("meetings.rhythm", gather=store.whom)
def open_form(event: Action, asking: Asking) -> Iterator[Effect]:
    yield OpenForm(form(event.actor, asking.partner, Beat.read(event.value.partition("|")[2])))


@meetings.submission("meetings.rhythm", gather=store.submitted)
def submit(event: Submission, asking: Asking) -> Iterator[Effect]:
    actor, beat = event.actor, wished(event)
    wrong = check(actor, asking.partner, beat, event.today)
    if wrong or beat is None or asking.partner is None:
        yield Refuse(wrong)
    else:
        yield Whisper(preview(actor, asking.partner, beat, event.today))


def wished(event: Submission) -> Beat | None:
    """None where the time cannot be read, or the form brings what it did not offer."""
    hour, answers = read_clock(event.answers.get("at", "")), event.answers
    if hour is None or answers.get("weekday") not in tuple("0123456"):
        return None
    weeks = answers.get("weeks", "")
    found = first_of(int(answers["weekday"]), hour, int(weeks) if weeks.isdecimal() else 0, event.actor, event.today)
    return Beat.read(str(found))


@meetings.action("meetings.propose", gather=store.whom)
def propose(event: Action, asking: Asking) -> Iterator[Effect]:
    actor, you, beat = event.actor, asking.partner, Beat.read(event.value.partition("|")[2])
    if you is None or beat is None or check(actor, you, beat, event.today):
        yield gone(event)
        return
    pair = Pair(f"oneonone:{event.ref}", actor, you, beat)
    yield Record(Proposed(pair, event.at))
    title = say(you, "proposal", who=actor.name, rhythm=rhythm(you, beat))
    ways = Buttons(answers(you, pair))
    yield Tell(you, Card(title, (next_days(you, actor, beat, event.today), ways)), about=proposal(pair))
    yield Tell(actor, Card(parts=(Text(say(actor, "proposed", who=you.name)),)))


def proposal(pair: Pair) -> str:
    """Topic of the card by which the other is asked."""
    return f"oneonone.proposed:{pair.id}"


# Answering it.


@meetings.action("meetings.agree", gather=store.proposed)
def agree(event: Action, pair: Pair | None) -> Iterator[Effect]:
    if not (pair and answers_it(event, pair)):
        yield decided(event)
        return
    actor, one = event.actor, pair.one
    yield Record(Decided(pair, "agreed", event.at))
    if first := following(pair, event.at, event.today):
        yield Record(Planned(first))
    days = next_days(actor, one, pair.beat, event.today)
    heading = say(actor, "agreed", rhythm=rhythm(actor, pair.beat))
    yield Replace(proposal(pair), Card(heading, (days, Note(say(actor, "agreed_note")))))
    told = say(one, "agreed_told", who=actor.name, rhythm=rhythm(one, pair.beat))
    parts = (next_days(one, actor, pair.beat, event.today), Note(say(one, "agreed_note")))
    yield Tell(one, Card(told, parts), awaited=True)


@meetings.action("meetings.decline", gather=store.proposed)
def decline(event: Action, pair: Pair | None) -> Iterator[Effect]:
    if not (pair and answers_it(event, pair)):
        yield decided(event)
        return
    actor, one = event.actor, pair.one
    yield Record(Decided(pair, "declined", event.at))
    yield Replace(proposal(pair), Card(parts=(Text(say(actor, "declined_own", who=one.name)),)))
    yield Tell(one, Card(parts=(Text(say(one, "declined", who=actor.name)),)), awaited=True)


def answers_it(event: Action, pair: Pair) -> bool:
    return pair.waits_for(event.actor) and not pair.one.gone


def decided(event: Action) -> Effect:
    return Tell(event.actor, Card(parts=(Text(say(event.actor, "decided")),)))


@meetings.action("meetings.end", gather=store.proposed)
def end(event: Action, pair: Pair | None) -> Iterator[Effect]:
    if pair is None or pair.state != "agreed":
        yield gone(event)
        return
    actor, you = event.actor, pair.partner(event.actor)
    yield Record(Decided(pair, "ended", event.at))
    yield Tell(actor, Card(parts=(Text(say(actor, "ended")),)))
    yield Tell(you, Card(parts=(Text(say(you, "ended_told", who=actor.name)),)), awaited=True)


def gone(event: Event) -> Effect:
    return Tell(event.actor, Card(parts=(Text(say(event.actor, "gone")),)))


# Otherwise this time.


@meetings.action("meetings.move", gather=pressed)
def open_move(event: Action, talk: Talk | None) -> Iterator[Effect]:
    yield OpenForm(move_form(event.actor, talk.meeting)) if talk and ahead(event, talk) else gone(event)


@meetings.submission("meetings.move", gather=pressed)
def move(event: Submission, talk: Talk | None) -> Iterator[Effect]:
    actor = event.actor
    if talk is None or not ahead(event, talk):
        yield Refuse({"day": say(actor, "gone")})
        return
    meeting, at = talk.meeting, said_time(event)
    after = [meeting.pair.beat.moment(day) for day in coming(meeting.pair, meeting.day, 1)]
    if wrong := check_move(actor, at, event.at, after):
        yield Refuse(wrong)
    elif at:
        you = meeting.partner(actor)
        yield Record(Moved(replace(meeting, at=at)))
        yield Tell(actor, Card(parts=(Text(say(actor, "moved", who=you.name, when=local(actor, at))),)))
        yield Tell(you, Card(parts=(Text(say(you, "moved_told", who=actor.name, when=local(you, at))),)), awaited=True)


def said_time(event: Submission) -> datetime | None:
    """The day and the hour of the form, by the actor's own clock."""
    day, hour = read_day(event.answers.get("day", ""), event.actor.lang), read_clock(event.answers.get("at", ""))
    if day is None or hour is None or not YEARS[0] <= day.year <= YEARS[1]:
        return None
    return datetime.combine(day, hour, ZoneInfo(event.actor.zone)).astimezone(event.at.tzinfo)


def ahead(event: Event, talk: Talk) -> bool:
    return talk.meeting.pair.state == "agreed" and talk.meeting.state == "planned" and talk.meeting.at > event.at


@meetings.action("meetings.cancel", gather=pressed)
def cancel(event: Action, talk: Talk | None) -> Iterator[Effect]:
    if talk is None or not ahead(event, talk):
        yield gone(event)
        return
    actor, meeting = event.actor, talk.meeting
    yield Record(Over(meeting.id, "cancelled", event.at))
    later = following(meeting.pair, event.at, meeting.day)
    if later:
        yield Record(Planned(later))
    for person, key in ((actor, "cancelled"), (meeting.partner(actor), "cancelled_told")):
        other = meeting.partner(person).name
        text = say(person, key, who=other, when=when(person, later.at if later else None))
        yield Tell(person, Card(parts=(Text(text),)), awaited=True)
