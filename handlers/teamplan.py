"""A team's way of working, made better together: begun by who leads it, looked at every two weeks, measured again."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from bot.core import teamplan as core
from bot.core.cards import Button, Buttons, Card, Note, Part, Text
from bot.core.effects import Effect, OpenForm, Record, Refuse, Replace, Retract, Tell, Whisper
from bot.core.events import Action, Command, Due, Event, Submission
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.teamplan import LOOK, RHYTHM, STEPS, Found, Look, Step, plan_card, possible, say, told, topic
from storage import teamplan as store
from storage.followups import FollowUp
from storage.teamplan import Board, Kept, Next

teamplan = Feature("teamplan")


# Which there are.


@teamplan.command("growth team", gather=store.asked)
def command(event: Command, board: Board) -> Iterator[Effect]:
    yield Whisper(board_card(event.actor, board))


@teamplan.action("teamplan.show", gather=store.shown)
def show(event: Action, board: Board) -> Iterator[Effect]:
    """Who has become the team's lead takes it over by opening it."""
    if not event.value:
        yield Tell(event.actor, board_card(event.actor, board))
    elif board.found is None:
        yield hindered(event, None)
    elif board.found.now and board.found.now.id == event.actor.id:
        yield from moved(event, board.found, board.found.now)
    else:
        found = board.found
        about = topic(found.plan) if found.leads and not found.page else ""
        yield Tell(event.actor, plan_card(event.actor, found), about=about)


def board_card(actor: Person, board: Board) -> Card:
    parts = list[Part]()
    for plan in board.plans:
        parts += [Text(plan.way), Note(say(actor, f"state.{plan.state}", ends=plan.ends))]
        parts.append(Buttons((core.open_button(actor, plan),)))
    if not board.plans:
        parts.append(Text(say(actor, "none")))
    if board.reports:
        parts.append(Buttons((Button(say(actor, "write"), "teamplan.form", opens=True),)))
    return Card(say(actor, "board"), (*parts, Note(say(actor, "open_to"))))


def hindered(event: Event, found: Found | None) -> Effect:
    return Tell(event.actor, Card(parts=(Text(say(event.actor, "gone" if found is None else "not_now")),)))


# Beginning one.


@teamplan.action("teamplan.form", gather=store.leading)
def open_form(event: Action, team: tuple[Person, ...]) -> Iterator[Effect]:
    if team:
        yield OpenForm(core.new_form(event.actor))
    else:
        yield Tell(event.actor, Card(parts=(Text(say(event.actor, "not_leading")),)))


@teamplan.submission("teamplan.form", gather=store.leading)
def submit(event: Submission, team: tuple[Person, ...]) -> Iterator[Effect]:
    plan, wrong = core.read_new(event)
    if not team:
        yield Tell(event.actor, Card(parts=(Text(say(event.actor, "not_leading")),)))
    elif plan is None:
        yield Refuse(wrong)
    else:
        first = look(event, plan.id, "begun", "", plan.start)
        found = Found(plan, event.actor, team, (first,), {event.actor.id: event.actor.name}, leads=True)
        yield Record(Kept(plan, None, first))
        yield Record(Next(plan, found.led, event.today + LOOK))
        yield Tell(event.actor, plan_card(event.actor, found, say(event.actor, "begun")), about=topic(plan))
        yield from to_others(event, found, "begun_by")


def look(event: Event, plan: str, what: str, words: str, value: float | None) -> Look:
    return Look(f"{event.ref}.{what}", plan, event.actor.id, event.at, what, words, value)


def to_others(event: Event, found: Found, key: str, words: str = "") -> Iterator[Effect]:
    """Everybody of the team but the actor hears of it."""
    for each in (found.lead, *found.members):
        if each.id != event.actor.id and not each.gone:
            yield Tell(each, told(each, found, key, event.actor.name, words))


# On the way.


def stepped(event: Event, found: Found, step: Step, words: str, value: float | None = None, **more: Any) -> Kept:
    state = STEPS[found.plan.state, step]
    plan = replace(found.plan, state=state, **more)
    if value is not None:
        plan = replace(plan, value=value)
    if state != "running":
        plan = replace(plan, closed_at=event.at)
    return Kept(plan, found.plan.state, look(event, plan.id, step, words, value))


def after(event: Event, found: Found, kept: Kept) -> Found:
    names = {**(found.names or {}), event.actor.id: event.actor.name}
    looks, more = (kept.look, *found.looks), found.more or len(found.looks) == core.PAGE
    return replace(found, plan=kept.plan, looks=looks[: core.PAGE], names=names, more=more)


def renewed(found: Found) -> Effect:
    """The card its lead has at hand."""
    return Replace(topic(found.plan), plan_card(found.lead, replace(found, leads=True, member=False)))


@teamplan.action("teamplan.look", gather=store.pressed)
def open_look(event: Action, found: Found | None) -> Iterator[Effect]:
    yield from opened(event, found, "look")


@teamplan.action("teamplan.measure", gather=store.pressed)
def open_measure(event: Action, found: Found | None) -> Iterator[Effect]:
    yield from opened(event, found, "measure")


def opened(event: Action, found: Found | None, step: Literal["look", "measure"]) -> Iterator[Effect]:
    if found and possible(found, step):
        yield OpenForm(core.look_form(event.actor, found.plan, step))
    else:
        yield hindered(event, found)


@teamplan.submission("teamplan.look", gather=store.pressed)
def submit_look(event: Submission, found: Found | None) -> Iterator[Effect]:
    """Its lead hears what somebody of the team saw; the others find it in the plan."""
    if found is None or not possible(found, "look"):
        yield hindered(event, found)
        return
    value, words, wrong = core.read_look(event, "look")
    if wrong:
        yield Refuse(wrong)
        return
    kept = stepped(event, found, "look", words, value)
    new = after(event, found, kept)
    yield Record(kept)
    yield renewed(new)
    if not found.leads and not found.lead.gone:
        yield Tell(found.lead, told(found.lead, new, "looked", event.actor.name, words), awaited=True)
    yield Tell(event.actor, told(event.actor, new, "noted", event.actor.name))


@teamplan.submission("teamplan.measure", gather=store.pressed)
def submit_measure(event: Submission, found: Found | None) -> Iterator[Effect]:
    """Measured again, it is over: what came of it is told to all of them."""
    if found is None or not possible(found, "measure"):
        yield hindered(event, found)
        return
    value, words, wrong = core.read_look(event, "measure")
    if wrong:
        yield Refuse(wrong)
        return
    kept = stepped(event, found, "measure", words, value)
    new = after(event, found, kept)
    yield Record(kept)
    yield renewed(new)
    yield Tell(event.actor, told(event.actor, new, "measured_own", event.actor.name))
    yield from to_others(event, new, "measured", words)


@teamplan.action("teamplan.change", gather=store.pressed)
def open_change(event: Action, found: Found | None) -> Iterator[Effect]:
    if found and possible(found, "change"):
        yield OpenForm(core.change_form(event.actor, found.plan))
    else:
        yield hindered(event, found)


@teamplan.submission("teamplan.change", gather=store.pressed)
def submit_change(event: Submission, found: Found | None) -> Iterator[Effect]:
    if found is None or not possible(found, "change"):
        yield hindered(event, found)
        return
    plan, why, wrong = core.read_change(event, found.plan)
    if wrong:
        yield Refuse(wrong)
        return
    kept = stepped(event, replace(found, plan=plan), "change", why)
    yield Record(kept)
    yield from noted(event, after(event, found, kept))


def noted(event: Event, found: Found) -> Iterator[Effect]:
    yield renewed(found)
    yield Tell(event.actor, told(event.actor, found, "noted", event.actor.name))


@teamplan.action("teamplan.stop", gather=store.pressed)
def open_stop(event: Action, found: Found | None) -> Iterator[Effect]:
    if found and possible(found, "stop"):
        yield OpenForm(core.stop_form(event.actor, found.plan))
    else:
        yield hindered(event, found)


@teamplan.submission("teamplan.stop", gather=store.pressed)
def submit_stop(event: Submission, found: Found | None) -> Iterator[Effect]:
    if found is None or not possible(found, "stop"):
        yield hindered(event, found)
        return
    wrong = dict[str, str]()
    words = core.text_of(event, "stop", core.TEXT, wrong)
    if wrong:
        yield Refuse(wrong)
        return
    kept = stepped(event, found, "stop", words)
    yield Record(kept)
    yield from noted(event, after(event, found, kept))
    yield from to_others(event, found, "stopped", words)


# Every two weeks.


@teamplan.due(RHYTHM, gather=store.due)
def ask(event: Due, found: Found | None) -> Iterator[Effect]:
    """On a rhythm that its lead began. Those they lead are asked nothing: by them it is seen to, once its lead has
    left, that it goes on with the next one, or ends."""
    if found is None or found.plan.state != "running":
        return
    if core.over(found.plan, event.today) and (found.leads or found.lead.gone or found.now):
        yield from lapsed(event, found, found.now or found.lead)
    elif found.now:
        yield from moved(event, found, found.now)
    elif found.leads:
        yield Record(Next(found.plan, found.led, event.today + LOOK))
        yield Tell(event.actor, core.asks_card(event.actor, found, event.today), awaited=True)
    else:
        yield Record(FollowUp(event.actor.id, RHYTHM, found.plan.id, event.today + LOOK))


def lapsed(event: Event, found: Found, lead: Person) -> Iterator[Effect]:
    """Long over, and nobody measured: it ends by itself, with a word to who leads the team."""
    kept = stepped(replace(event, actor=lead), found, "lapse", "", lead=lead.id)
    yield Record(kept)
    yield Retract(topic(kept.plan)) if found.now else renewed(after(event, found, kept))
    if not lead.gone:
        yield Tell(lead, told(lead, found, "lapsed", lead.name), awaited=True)


def moved(event: Event, found: Found, now: Person) -> Iterator[Effect]:
    """Somebody else leads the team by now, and the plan with it."""
    theirs = replace(event, actor=now)
    kept = stepped(theirs, found, "hand_over", "", lead=now.id)
    yield Record(kept)
    for person in sorted({now.id, event.actor.id}):  # those it was found by see to it until the new lead is asked
        yield Record(FollowUp(person, RHYTHM, kept.plan.id, event.today + LOOK))
    yield Retract(topic(kept.plan))
    new = after(theirs, replace(found, lead=now, leads=True, member=False, now=None), kept)
    yield Tell(now, plan_card(now, new, say(now, "taken_over")), about=topic(kept.plan))
