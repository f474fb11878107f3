"""What each step does to an improvement plan, and who is told. Pure: a Move says what is to be kept."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from bot.core.cards import Card, Text
from bot.core.effects import Effect, Replace, Retract, Tell
from bot.core.events import Event
from bot.core.improvement import (
    CHECK,
    CLOSED,
    LAPSE,
    PAGE,
    PROMISED,
    REMIND,
    STEPS,
    WAITING,
    WEEK,
    Ask,
    Found,
    Line,
    Move,
    Outcome,
    Plan,
    Promise,
    Side,
    Step,
    bound,
    other,
    topic,
)
from bot.core.improvement_cards import for_side, plan_card, say, told
from bot.core.people import Person
from bot.core.requests import day_after

SIDES: tuple[Side, ...] = ("person", "manager")
WAITS: Mapping[Step, Side] = {"conclude": "person", "hand_over": "manager"}  # who has something to read by it
READ: frozenset[Step] = frozenset({"acknowledge", "decline", "withdraw", "lapse"})  # after these nobody has
Steps = Generator[Effect | Move, None, Found]


def line(event: Event, plan: Plan, step: str, words: str = "", n: int = 0, **more: Any) -> Line:
    return Line(f"{event.ref}.{step}.{n}", plan.id, event.actor.id, event.at, step, words, **more)


def hindered(event: Event, found: Found | None) -> Effect:
    """Why not, kindly. Of a plan the actor may not see it is said that there is none."""
    key = "gone" if found is None else "not_now" if found.side else "only_reading"
    return Tell(event.actor, Card(parts=(Text(say(event.actor, key)),)))


def begun(event: Event, found: Found) -> Iterator[Effect | Move]:
    """It is put to its person, who is asked to read it. Even if one of the two leaves before that, it ends."""
    plan, person, actor = found.plan, found.person, event.actor
    asks = [Ask(each.id, CHECK, plan.id, today(each, event) + WEEK) for each in (person, actor)]
    plan = replace(plan, round=1)
    yield Move(plan, None, found.lines, found.promises, asks=(*asks, waits(event, person, plan)))
    found = replace(found, plan=plan)
    yield shown(found, "person", person, say(person, "put_to_you", who=actor.name))
    yield shown(found, "manager", actor, say(actor, "put", who=person.name))


def today(person: Person, event: Event) -> date:
    return replace(event, actor=person).today


def waits(event: Event, reader: Person, plan: Plan, days: int = REMIND) -> Ask:
    return Ask(reader.id, WAITING, f"{plan.id}|{plan.round}", day_after(reader, event.at, days))


def stepped(
    event: Event, found: Found, step: Step, added: Sequence[Line], values: Mapping[str, Any] | None = None,
    promised: Sequence[Promise] = (), agreed: bool | None = None,
) -> Steps:  # fmt: skip
    """The plan after this step, with the cards at hand as they are now."""
    before = found.plan
    plan = replace(before, state=STEPS[before.state, step], **(values or {}))
    side: Side = WAITS.get(step) or (other(found.side) if step == "change" else "")
    if side:
        plan = replace(plan, waiting=side, round=before.round + 1)
    elif step in READ:
        plan = replace(plan, waiting="")
    if before.state == "proposed" and plan.state == "running":
        plan = replace(plan, started_at=event.at)
    if plan.state in CLOSED and before.open:
        plan = replace(plan, ended_at=event.at)
    yield Move(plan, before.state, tuple(added), tuple(promised), agreed, tuple(asks(event, found, plan, promised)))
    new = after(event, found, plan, added, promised, agreed)
    yield from refreshed(new)
    return new


def asks(event: Event, found: Found, plan: Plan, promised: Sequence[Promise]) -> Iterator[Ask]:
    """Who is asked about what, and when, because of this step."""
    before, changed = found.plan, {each.id: each for each in promised}
    if before.waiting and (before.round != plan.round or not plan.waiting):
        waited = before.person if before.waiting == "person" else before.manager
        yield Ask(waited, WAITING, f"{plan.id}|{before.round}", None)
    started = before.state == "proposed" and plan.state == "running"
    for each in {**{each.id: each for each in found.promises}, **changed}.values():
        if plan.state == "proposed" or not plan.open:
            continue
        if each.state == "open" and (started or each.id in changed or plan.manager != before.manager):
            yield Ask(plan.manager, PROMISED, each.id, each.day)
        elif each.id in changed:
            yield Ask(plan.manager, PROMISED, each.id, None)
    if plan.round != before.round and (reader := found.who(plan.waiting)):
        yield waits(event, reader, plan)
    for of in SIDES:
        if (started or (of == "manager" and plan.manager != before.manager)) and (reader := found.who(of)):
            yield Ask(reader.id, CHECK, plan.id, today(reader, event) + WEEK)


def after(
    event: Event, found: Found, plan: Plan, added: Sequence[Line], promised: Sequence[Promise], agreed: bool | None
) -> Found:
    """What there is to be seen of it once the step is taken."""
    changed = {each.id: each for each in promised}
    promises = [changed.pop(each.id, each) for each in found.promises]
    kept = tuple(each for each in (*promises, *changed.values()) if each.state != "dropped")
    lines = tuple(replace(each, agreed=agreed) if each.what == "change" and each.agreed is None else each
                  for each in found.lines)  # fmt: skip
    pending = () if agreed is not None else found.pending
    pending += tuple(each for each in added if each.what == "change")
    names = {**(found.names or {}), event.actor.id: event.actor.name}
    shown, more = (*reversed(added), *lines), found.more or len(added) + len(lines) > PAGE
    return replace(found, plan=plan, promises=kept, lines=shown[:PAGE], pending=pending, names=names, more=more)


def refreshed(found: Found) -> Iterator[Effect]:
    """The cards by which the two have it at hand, drawn anew."""
    for of in SIDES:
        if reader := found.who(of):
            yield Replace(topic(found.plan, of), plan_card(reader, for_side(found, of)))


def shown(found: Found, of: Side, reader: Person, intro: str) -> Tell:
    """The whole plan, put before one of the two because of what was done."""
    card = plan_card(reader, for_side(found, of), intro)
    return Tell(reader, card, about=topic(found.plan, of), awaited=bound(found.plan, of))


def tell(
    event: Event, before: Found, found: Found, key: str, words: str = "", noted: str = "noted"
) -> Iterator[Effect]:
    """The other one hears what was done, and the actor that it is noted."""
    of = other(before.side)
    reader = found.who(of)
    if reader and not reader.gone:
        yield Tell(reader, told(event, reader, found, key, words), awaited=bound(before.plan, of))
    yield Tell(event.actor, told(event, event.actor, found, noted))


# The steps that do more than add a line.


def reads(event: Event, found: Found, view: str) -> Iterator[Effect | Move]:
    """What was read holds from now on."""
    plan, changes = found.plan, found.plan.state == "changing"
    values = {each.field: valued(each) for each in found.pending if each.field in plan_fields()} if changes else {}
    promised = [kept_promise(each) for each in found.promises if each.state == "waiting" or each.next_day]
    added = [line(event, plan, "acknowledge"), *([line(event, plan, "view", view)] if view else [])]
    new = yield from stepped(event, found, "acknowledge", added, values, promised, True)
    yield from tell(event, found, new, f"read_by.{plan.state}", view, f"read_own.{plan.state}")


def valued(change: Line) -> Any:
    return date.fromisoformat(change.new) if change.field == "ends" else change.new


def plan_fields() -> frozenset[str]:
    return frozenset(Plan.__dataclass_fields__)


def kept_promise(each: Promise) -> Promise:
    return replace(each, state="open", day=each.next_day or each.day, next_day=None)


def unpromised(found: Found) -> list[Promise]:
    """Promises without what the other has not read."""
    waiting = [each for each in found.promises if each.state == "waiting" or each.next_day]
    return [
        replace(each, state="dropped" if each.state == "waiting" else each.state, next_day=None) for each in waiting
    ]


def changing(
    event: Event, found: Found, lines: Sequence[Line], values: Mapping[str, Any] | None = None,
    promised: Sequence[Promise] = (),
) -> Iterator[Effect | Move]:  # fmt: skip
    """Before it has begun a change stands at once, and who makes one has read those before. Afterwards it holds only
    once the other one has read it."""
    proposed = found.plan.state == "proposed"
    now = values if proposed else None
    new = yield from stepped(event, found, "change", lines, now, promised, True if proposed else None)
    of = other(found.side)
    if reader := new.who(of):
        yield shown(new, of, reader, say(reader, "changed_by", who=event.actor.name))
    yield Tell(event.actor, told(event, event.actor, new, "noted"))


def adds(event: Event, found: Found, step: Literal["view", "withdraw"], words: str) -> Iterator[Effect | Move]:
    """A line in somebody's words, and nothing else. Taken back, it takes back what waited too."""
    agreed = False if step == "withdraw" else None
    new = yield from stepped(event, found, step, [line(event, found.plan, step, words)], agreed=agreed)
    yield from tell(event, found, new, "viewed" if step == "view" else "withdrew", words)


def checks(event: Event, found: Found, standing: str, words: str) -> Iterator[Effect | Move]:
    new = yield from stepped(event, found, "check", [line(event, found.plan, "check", words, standing=standing)])
    yield from tell(event, found, new, f"checked.{standing}", words)


def gives(event: Event, found: Found, promise: Promise) -> Iterator[Effect | Move]:
    given, added = replace(promise, state="given", next_day=None), line(event, found.plan, "give", promise.words)
    new = yield from stepped(event, found, "give", [added], None, [given])
    yield from tell(event, found, new, "gave", promise.words)


def concludes(event: Event, found: Found, outcome: Outcome, reason: str) -> Iterator[Effect | Move]:
    values = {"outcome": outcome, "reason": reason}
    new = yield from stepped(event, found, "conclude", [line(event, found.plan, "conclude", reason)], values)
    yield shown(new, "person", new.person, say(new.person, "concluded", who=event.actor.name))
    yield Tell(event.actor, told(event, event.actor, new, "noted"))


def declines(event: Event, found: Found, words: str) -> Iterator[Effect | Move]:
    added = [line(event, found.plan, "decline", words)]
    new = yield from stepped(event, found, "decline", added, None, unpromised(found), False)
    yield from tell(event, found, new, "declined", words)


def lapses(event: Event, found: Found) -> Iterator[Effect | Move]:
    """What nobody has read in time, or nobody has ended, is over by itself; and both hear so."""
    before = found.plan.state
    added = [line(event, found.plan, "lapse")]
    new = yield from stepped(event, found, "lapse", added, None, unpromised(found), False)
    for of in SIDES:
        if (reader := found.who(of)) and not reader.gone:
            card = told(event, reader, new, f"lapsed.{before}")
            yield Tell(reader, card, awaited=bound(found.plan, of))


def moved(event: Event, found: Found, now: Person) -> Iterator[Effect | Move]:
    """Somebody else is the person's manager by now. What has begun is theirs from here on, with what was promised;
    what has not begun does not begin."""
    before = replace(found, side="manager")
    added = [replace(line(event, found.plan, "hand_over"), author=now.id)]
    yield Retract(topic(found.plan, "manager"))
    taken = replace(before, manager=now, names={**(found.names or {}), now.id: now.name})
    new = yield from stepped(event, taken, "hand_over", added, {"manager": now.id}, unpromised(found), False)
    person, begun = found.person, new.plan.state == "changing"
    card = told(replace(event, actor=now), person, new, "handed_over" if begun else "not_begun")
    yield Tell(person, card, awaited=True)
    if begun:
        yield shown(new, "manager", now, say(now, "taken_over", who=person.name))


def remind(found: Found, event: Event) -> Tell:
    """Once, to who has something to read."""
    return shown(found, found.side, event.actor, say(event.actor, "still_waits"))


def last_ask(event: Event, found: Found) -> Ask:
    return waits(event, event.actor, found.plan, LAPSE - REMIND)
