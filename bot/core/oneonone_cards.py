"""How a one-to-one looks: the list of a pair, the overview of them all, and the forms for what one adds."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.core.cards import Button, Buttons, Card, Choice, Field, Form, Heading, Note, Part, Quote, Text, TextBox
from bot.core.events import Event
from bot.core.goal_cards import part as goal_part
from bot.core.meetings import rhythm
from bot.core.oneonone import LIMIT, WORD, Between, Meeting, Pair, local
from bot.core.people import Person
from bot.core.wording import wording

say = wording("oneonone")
met = wording("meetings")
SHOWN = 8  # points, promises or notes on a card
GOALS = 3
PARTNERS = 12  # in an overview
CHOICES = 99  # to choose from; Slack shows 100 options


def topic(event: Event, found: Between) -> str:
    """Of the card that shows it all to the actor: what is said of it later changes only what stands for this time."""
    until = found.meeting.id if found.meeting else event.today.isoformat()
    return f"oneonone.card:{found.partner.id}:{event.actor.id}:{until}"


def card(reader: Person, found: Between) -> Card:
    """All that the reader and their partner have between them, and what can be done with it."""
    who, meeting = found.partner.name, found.meeting
    title = (
        say(reader, "title_next", who=who, when=local(reader, meeting.at)) if meeting else say(reader, "title", who=who)
    )
    parts = (
        *rhythms(reader, found),
        *points(reader, found),
        *promises(reader, found),
        *goals(reader, found),
        *notes(reader, found),
        *ways(reader, found),
    )
    return Card(title, parts)


def rhythms(reader: Person, found: Between) -> Iterator[Part]:
    if found.pair:
        yield Note(met(reader, "agreed", rhythm=rhythm(reader, found.pair.beat)))
    elif not found.proposed:
        yield Note(say(reader, "no_rhythm"))
    if found.proposed:
        yield from proposal(reader, found.proposed)


def proposal(reader: Person, pair: Pair) -> Iterator[Part]:
    """A rhythm that waits for a yes, with the buttons for it where it is the reader's to say."""
    key, who = ("waits_for_you", pair.one) if pair.waits_for(reader) else ("waits_for", pair.other)
    yield Text(say(reader, key, who=who.name, rhythm=rhythm(reader, pair.beat)))
    if pair.waits_for(reader):
        yield Buttons(answers(reader, pair))


def answers(reader: Person, pair: Pair) -> tuple[Button, ...]:
    return (
        Button(met(reader, "agree"), "meetings.agree", pair.id, "primary"),
        Button(met(reader, "another"), "meetings.rhythm", f"{pair.one.id}|{pair.beat}", opens=True),
        Button(met(reader, "decline"), "meetings.decline", pair.id),
    )


def points(reader: Person, found: Between) -> Iterator[Part]:
    yield Heading(say(reader, "points"))
    if not found.points:
        yield Note(say(reader, "no_points"))
    names = {reader.id: reader.name, found.partner.id: found.partner.name}
    for point in found.points[:SHOWN]:
        who = names.get(point.author or "", "")
        yield Text(say(reader, "from", words=point.words, who=who) if who else point.words)
        yield Buttons((Button(say(reader, "talked"), "oneonone.talked", point.id),))
    yield from more(reader, len(found.points))


def promises(reader: Person, found: Between) -> Iterator[Part]:
    mine = [each for each in found.promises if each.person == reader.id]
    theirs = [each for each in found.promises if each.person != reader.id]
    if mine:
        yield Heading(say(reader, "promises"))
    for each in mine[:SHOWN]:
        yield Text(each.words)
        drop = Button(say(reader, "drop"), "oneonone.drop", each.id, opens=True)
        yield Buttons((Button(say(reader, "done"), "oneonone.done", each.id), drop))
    yield from more(reader, len(mine))
    if theirs:
        yield Heading(say(reader, "promises_theirs", who=found.partner.name))
        yield Text("\n".join(each.words for each in theirs[:SHOWN]))
        yield from more(reader, len(theirs))


def goals(reader: Person, found: Between) -> Iterator[Part]:
    """Where they stand, with the last word about each."""
    if not found.goals:
        return
    own = found.partner.manager != reader.id
    yield Heading(say(reader, "goals_own") if own else say(reader, "goals", who=found.partner.name))
    for goal in found.goals[:GOALS]:
        shown = goal_part(reader, goal)
        yield shown
        if goal.word and isinstance(shown, Text):
            yield Quote(goal.word)
    if len(found.goals) > GOALS:
        yield Note(say(reader, "more", n=len(found.goals) - GOALS))


def notes(reader: Person, found: Between) -> Iterator[Part]:
    if found.notes:
        yield Heading(say(reader, "notes"))
    for note in found.notes[:SHOWN]:
        yield Quote(note.words)
        yield Buttons((Button(say(reader, "forget"), "oneonone.forget", note.id),))
    yield from more(reader, len(found.notes))


def more(reader: Person, many: int) -> Iterator[Part]:
    if many > SHOWN:
        yield Note(say(reader, "more", n=many - SHOWN))


def ways(reader: Person, found: Between) -> Iterator[Part]:
    id = found.partner.id
    add = Button(say(reader, "add"), "oneonone.point", id, "primary", opens=True)
    yield Buttons((add, Button(say(reader, "note"), "oneonone.note", id, opens=True)))
    row = list(once(reader, found.meeting)) if found.meeting else []
    if not found.proposed:
        beat = f"{id}|{found.pair.beat}" if found.pair else id
        label = say(reader, "change_rhythm" if found.pair else "set_rhythm")
        row.append(Button(label, "meetings.rhythm", beat, opens=True))
    if found.pair:
        row.append(Button(met(reader, "end"), "meetings.end", found.pair.id))
    if row:
        yield Buttons(tuple(row))


def once(reader: Person, meeting: Meeting) -> Iterator[Button]:
    """What can be otherwise this time only."""
    yield Button(say(reader, "move"), "meetings.move", meeting.id, opens=True)
    yield Button(say(reader, "cancel_meeting"), "meetings.cancel", meeting.id)


def overview(reader: Person, partners: Sequence[Person], pairs: Sequence[Pair]) -> Card:
    """Everybody one has one-to-ones with, and rhythms that wait for a yes."""
    waiting = [pair for pair in pairs if pair.state == "proposed"]
    agreed = {pair.partner(reader).id: pair for pair in pairs if pair.state == "agreed"}
    parts = [part for pair in waiting for part in proposal(reader, pair)]
    for who in partners[:PARTNERS]:
        pair = agreed.get(who.id)
        parts.append(
            Text(met(reader, "preview_line", who=who.name, rhythm=rhythm(reader, pair.beat)) if pair else who.name)
        )
        row = [Button(say(reader, "look"), "oneonone.show", who.id)]
        row.append(Button(say(reader, "add"), "oneonone.point", who.id, opens=True))
        parts.append(Buttons(tuple(row)))
    if len(partners) > PARTNERS:
        parts.append(Note(say(reader, "more", n=len(partners) - PARTNERS)))
    if not partners:
        parts.append(Text(say(reader, "overview_none")))
    parts.append(Buttons((Button(say(reader, "set_rhythm"), "meetings.rhythm", opens=True),)))
    return Card(say(reader, "overview"), tuple(parts))


# Forms.


def point_form(reader: Person, partners: Sequence[Person], who: str = "", words: str = "") -> Form:
    """`who`: the id of the one it is for, where that is known."""
    fields: list[Field] = []
    if not who:
        options = tuple((each.id, each.name) for each in partners[:CHOICES])
        fields.append(Choice("who", say(reader, "add_who"), options, options[0][0]))
    hint = say(reader, "add_hint")
    fields.append(TextBox("words", say(reader, "add_words"), words[:LIMIT], LIMIT, hint=hint))
    return _form(reader, "oneonone.point", "add_title", tuple(fields), who)


def note_form(reader: Person, who: str) -> Form:
    box = TextBox("words", say(reader, "note_words"), limit=LIMIT, hint=say(reader, "note_hint"))
    return _form(reader, "oneonone.note", "note_title", (box,), who)


def drop_form(reader: Person, id: str) -> Form:
    box = TextBox("word", say(reader, "drop_word"), limit=WORD, lines=False, hint=say(reader, "drop_hint"))
    return replace(_form(reader, "oneonone.drop", "drop_title", (box,), id), submit=say(reader, "drop"))


def _form(reader: Person, name: str, title: str, fields: tuple[Field, ...], value: str) -> Form:
    return Form(name, say(reader, title), say(reader, "save"), say(reader, "cancel"), fields, value)
