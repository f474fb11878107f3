"""How an improvement plan reads, for its person, for who leads it, and for HR, who can only read it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from bot.core.cards import Button, Buttons, Card, Divider, Facts, Heading, Note, Part, Quote, Text
from bot.core.events import Event
from bot.core.improvement import KINDS, Found, Line, Plan, Promise, Side, Step, owed, possible
from bot.core.people import Person
from bot.core.wording import full_day, speaks, wording

say = wording("improvement")


def plan_card(reader: Person, found: Found, intro: str = "") -> Card:
    """`intro`: what brings it before the reader now."""
    plan, parts = found.plan, list[Part]()
    if found.page == 0:
        parts += [Text(intro)] if intro else []
        parts += [Note(standing(reader, found)), *content(reader, found), *promised(reader, found)]
        parts += [*changes(reader, found), *ended(reader, plan)]
    if found.lines:
        parts += [Divider(), Heading(say(reader, "so_far"))]
    for each in found.lines:
        parts += line(reader, found, each)
    if row := tuple(buttons(reader, found)):
        parts.append(Buttons(row))
    return Card(title(reader, found), tuple(parts))


def title(reader: Person, found: Found) -> str:
    mine = reader.id == found.person.id
    return say(reader, "title_own") if mine else say(reader, "title", who=found.person.name)


def standing(reader: Person, found: Found) -> str:
    """Where it stands, and whom it waits for."""
    plan, waited = found.plan, found.who(found.plan.waiting)
    said = say(reader, f"state.{plan.state}", ends=plan.ends)
    if plan.open and waited:
        key = "waits_own" if waited.id == reader.id else "waits"
        said = f"{said} {say(reader, key, who=waited.name)}"
    return said if found.manager or not plan.open else f"{said} {say(reader, 'nobody_leads')}"


def label(reader: Person, name: str, own: bool) -> str:
    """`own`: for the person themselves, where what is asked about is theirs."""
    return say(reader, f"label_own.{name}" if own and say.has(f"label_own.{name}") else f"label.{name}")


def content(reader: Person, found: Found) -> Iterator[Part]:
    plan, own = found.plan, reader.id == found.person.id
    for name in ("assessment", "examples"):
        yield Text(say(reader, f"label.{name}"))
        yield Quote(getattr(plan, name))
    rows = [(label(reader, name, own), getattr(plan, name)) for name in ("goal", "measure", "actions")]
    yield Facts((*rows, (say(reader, "label.ends"), full_day(plan.ends, speaks(reader)))))


def promised(reader: Person, found: Found) -> Iterator[Part]:
    """What the manager gives. Each that is still owed has its buttons, for who gives it."""
    if found.manager is None:
        yield Heading(say(reader, "promised_by_nobody"))
    else:
        key = "promised_own" if found.manager.id == reader.id else "promised"
        yield Heading(say(reader, key, who=found.manager.name))
    for each in found.promises:
        key = "promise_given" if each.state == "given" else "promise_waiting" if each.state == "waiting" else "promise"
        yield Text(say(reader, key, kind=say(reader, f"kind.{each.kind}"), words=each.words, day=each.day))
        if each.state == "open" and possible(found.plan, "give", found.side):
            row = [Button(say(reader, "given"), "improvement.given", each.id)]
            if possible(found.plan, "change", found.side):
                row.append(Button(say(reader, "another_day"), "improvement.move", each.id, opens=True))
            yield Buttons(tuple(row))


def changes(reader: Person, found: Found) -> Iterator[Part]:
    """What waits to be read by the other."""
    if found.pending:
        yield Heading(say(reader, "changes"))
    for each in found.pending:
        yield from changed(reader, found, each)


def changed(reader: Person, found: Found, each: Line) -> Iterator[Part]:
    if each.field in KINDS:
        kind = say(reader, f"kind.{each.field}")
        if each.old:
            yield Text(say(reader, "moved_line", kind=kind, words=each.new, old=_day(reader, each.old), new=each.day))
        else:
            yield Text(say(reader, "added_line", kind=kind, words=each.new, day=each.day))
    elif each.field:
        yield Text(label(reader, each.field, reader.id == found.person.id))
        yield Facts(
            ((say(reader, "old"), _shown(reader, each, each.old)), (say(reader, "new"), _shown(reader, each, each.new)))
        )


def _shown(reader: Person, each: Line, text: str) -> str:
    return _day(reader, text) if each.field == "ends" else text


def _day(reader: Person, iso: str) -> str:
    return full_day(date.fromisoformat(iso), speaks(reader))


def ended(reader: Person, plan: Plan) -> Iterator[Part]:
    if plan.outcome:
        yield Heading(say(reader, f"outcome.{plan.outcome}"))
        yield Quote(plan.reason)


def line(reader: Person, found: Found, each: Line) -> Iterator[Part]:
    """What somebody did or said: who, when, and their words."""
    names = {"who": (found.names or {}).get(each.author, ""), "day": reader.day_of(each.at)}
    if each.what == "check":
        yield Text(say(reader, "line.check", standing=say(reader, f"standing.{each.standing}"), **names))
    elif each.what == "change":
        key = "line.change" if each.agreed is None else "line.agreed" if each.agreed else "line.declined"
        yield Text(say(reader, key, **names))
        yield from changed(reader, found, each)
    else:
        yield Text(say(reader, f"line.{each.what}", **names))
    if each.words:
        yield Quote(each.words)


def buttons(reader: Person, found: Found) -> Iterator[Button]:
    """What this reader can do with it now."""
    id, plan, of = found.plan.id, found.plan, found.side

    def can(step: Step) -> bool:
        return possible(plan, step, of)

    if can("acknowledge"):
        yield Button(say(reader, "read"), "improvement.read", id, "primary", opens=True)
    if can("decline"):
        yield Button(say(reader, "talk_first"), "improvement.decline", id, opens=True)
    if can("check"):
        yield Button(say(reader, "check"), "improvement.check", id, opens=True)
    if can("view"):
        yield Button(say(reader, "view"), "improvement.view", id, opens=True)
    if can("change"):
        yield Button(say(reader, "change"), "improvement.change", id, opens=True)
    if can("change") and of == "manager":
        yield Button(say(reader, "promise_more"), "improvement.promise", id, opens=True)
    if can("conclude"):
        yield Button(say(reader, "conclude"), "improvement.conclude", id, opens=True)
    if can("withdraw"):
        yield Button(say(reader, "withdraw"), "improvement.withdraw", id, "danger", opens=True)
    if found.page:
        yield Button(say(reader, "newer"), "improvement.show", f"{id}|{found.page - 1}")
    if found.more:
        yield Button(say(reader, "older"), "improvement.show", f"{id}|{found.page + 1}")


def for_side(found: Found, of: Side) -> Found:
    """The same as the other one sees it."""
    return replace(found, side=of)


def asks_card(reader: Person, found: Found, today: date) -> Card:
    """The weekly question, the same for both; with what is still owed."""
    plan, parts = found.plan, list[Part]()
    week = max(1, (today - plan.started_at.date()).days // 7) if plan.started_at else 1
    mine = reader.id == found.person.id
    parts.append(Text(say(reader, "asks_own" if mine else "asks", who=found.person.name, week=week)))
    parts.append(Quote(plan.goal))
    parts += owes(reader, found)
    if found.manager is None:
        parts.append(Note(say(reader, "nobody_leads")))
    row = [Button(say(reader, "check"), "improvement.check", plan.id, "primary", opens=True)]
    return Card(title(reader, found), (*parts, Buttons((*row, open_button(reader, plan)))))


def over_card(reader: Person, found: Found, today: date) -> Card:
    """The last day has come: what came of it? `today` is that day or later."""
    row = [Button(say(reader, "conclude"), "improvement.conclude", found.plan.id, "primary", opens=True)]
    key = "asks_outcome" if today > found.plan.ends else "asks_outcome_today"
    parts = (Text(say(reader, key, ends=found.plan.ends)), Quote(found.plan.goal), *owes(reader, found))
    return Card(title(reader, found), (*parts, Buttons((*row, open_button(reader, found.plan)))))


def owes(reader: Person, found: Found) -> Iterator[Part]:
    for each in owed(found.promises):
        yield Note(say(reader, "promise", kind=say(reader, f"kind.{each.kind}"), words=each.words, day=each.day))


def promise_card(reader: Person, found: Found, promise: Promise) -> Card:
    """On the day itself, to who promised it."""
    given = Button(say(reader, "given"), "improvement.given", promise.id, "primary")
    move = Button(say(reader, "another_day"), "improvement.move", promise.id, opens=True)
    text = Text(say(reader, "asks_promise", who=found.person.name, day=promise.day))
    return Card(title(reader, found), (text, Quote(promise.words), Buttons((given, move))))


def open_button(reader: Person, plan: Plan) -> Button:
    return Button(say(reader, "open"), "improvement.show", plan.id)


def told(event: Event, reader: Person, found: Found, key: str, words: str = "") -> Card:
    """That the other did something, with their words and a way to the whole."""
    text = Text(say(reader, key, who=event.actor.name))
    quoted = (Quote(words),) if words else ()
    return Card(title(reader, found), (text, *quoted, Buttons((open_button(reader, found.plan),))))
