"""What a role asks of somebody, in their manager's words, and how it reads to either of the two. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.core.cards import Button, Buttons, Card, Form, Note, Part, Quote, Text, TextBox
from bot.core.people import Person
from bot.core.wording import full_day, speaks, wording

say = wording("expectations")
RHYTHM = "expectations"
UNREAD, REMIND = "expectations.unread", 5  # rhythm of the one reminder to read them, and working days until then
WORDS, NEWS, REMARK = 2000, 300, 1000  # characters
POINT = 200  # characters of a point for the next talk
PAGE = 8  # people of one card, earlier versions of one


@dataclass(frozen=True, slots=True)
class Expectation:
    """One wording of what is expected of somebody. A change is a new one, acknowledged anew."""

    id: str  # "expectation:ab12"
    person: Person  # of whom it is expected
    by: Person  # who wrote it: their manager then
    words: str
    at: datetime
    news: str = ""  # what is new in it, where it is not the first
    seen_at: datetime | None = None  # when the person said that they had read it
    remark: str = ""  # what they said to it
    looked_at: datetime | None = None  # when a manager last said that it still holds

    @property
    def fresh_at(self) -> datetime:
        """When a manager last thought about it."""
        return max(self.at, self.looked_at or self.at)

    @property
    def told(self) -> str:
        """Topic of what the person was sent."""
        return f"expectation.told:{self.id}"

    @property
    def sent(self) -> str:
        """Topic of the manager's own card about it."""
        return f"expectation.sent:{self.id}"


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with one of a manager's people."""

    person: Person
    written: Expectation | None


def pending(team: Sequence[Standing], first: date) -> list[Standing]:
    """Those of whom nobody has thought since this day."""
    return [each for each in team if not (each.written and each.person.day_of(each.written.fresh_at) >= first)]


# The forms.


def write_form(manager: Person, report: Person, now: Expectation | None, words: str = "") -> Form:
    """It comes back with the wording it was opened on, so that nobody changes what they have not read."""
    text = words or (now.words if now else "")
    hint = say(manager, "field_words_hint")
    fields = [TextBox("words", say(manager, "field_words"), text[:WORDS], WORDS, hint=hint)]
    if now:
        label, hint = say(manager, "field_news"), say(manager, "field_news_hint", who=report.name)
        fields.append(TextBox("news", label, limit=NEWS, lines=False, optional=True, hint=hint))
    send, cancel = say(manager, "send"), say(manager, "cancel")
    return Form("expectations.form", say(manager, "form_title"), send, cancel, tuple(fields), form_value(report, now))


def form_value(report: Person, now: Expectation | None) -> str:
    return f"{report.id}|{now.id if now else ''}"


def remark_form(person: Person, written: Expectation) -> Form:
    label, hint = say(person, "field_remark"), say(person, "field_remark_hint")
    field = TextBox("remark", label, limit=REMARK, hint=hint)
    send, cancel = say(person, "send"), say(person, "cancel")
    return Form("expectations.remark", say(person, "remark_title"), send, cancel, (field,), written.id)


def check(manager: Person, words: str, news: str) -> dict[str, str]:
    """All that is wrong with it, by field."""
    wrong = dict[str, str]()
    if not words:
        wrong["words"] = say(manager, "wrong_words")
    for name, text, limit in (("words", words, WORDS), ("news", news, NEWS)):
        if len(text) > limit:
            wrong[name] = say(manager, "wrong_long", limit=limit)
    return wrong


# How it reads.


def when(reader: Person, at: datetime) -> str:
    return full_day(reader.day_of(at), speaks(reader))


def body(reader: Person, written: Expectation) -> list[Part]:
    """The words, whose they are, and what was said to them."""
    parts: list[Part] = [Quote(written.words)]
    if written.news:
        parts.append(Text(say(reader, "news", words=written.news)))
    small = [say(reader, "written", who=written.by.name, day=when(reader, written.at))]
    if written.looked_at:
        small.append(say(reader, "looked", day=when(reader, written.looked_at)))
    parts.append(Note(" ".join(small)))
    if written.remark:
        own = reader.id == written.person.id
        said = say(reader, "your_remark") if own else say(reader, "their_remark", who=written.person.name)
        parts += [Text(said), Quote(written.remark)]
    return parts


def own_card(person: Person, written: Expectation, earlier: bool = False) -> Card:
    """As the one of whom it is expected sees it."""
    row = own_buttons(person, written)
    if earlier:
        row.append(Button(say(person, "earlier"), "expectations.earlier"))
    parts = body(person, written)
    return Card(say(person, "own_title"), (*parts, Buttons(tuple(row))) if row else tuple(parts))


def own_buttons(person: Person, written: Expectation) -> list[Button]:
    """What the person can say to it: that they have read it, and once a remark."""
    row = list[Button]()
    if written.seen_at is None:
        row.append(Button(say(person, "seen"), "expectations.seen", written.id, "primary"))
    if not written.remark:
        label = say(person, "seen_remark" if written.seen_at is None else "add_remark")
        row.append(Button(label, "expectations.remark", written.id, opens=True))
    return row


def told_card(written: Expectation, key: str) -> Card:
    """To the person, when it was written or changed, or is still unread: with what to do about it."""
    person, row = written.person, Buttons(tuple(own_buttons(written.person, written)))
    intro = Text(say(person, key, who=written.by.name))
    return Card(say(person, "own_title"), (intro, *body(person, written), Note(say(person, "told_note")), row))


def their_card(manager: Person, written: Expectation, earlier: bool = False) -> Card:
    """As the manager sees it."""
    who, change = written.person.name, written.person.id
    if written.seen_at:
        state = say(manager, "state_seen", who=who, day=when(manager, written.seen_at))
    else:
        state = say(manager, "state_waits", who=who)
    row = [Button(say(manager, "right"), "expectations.right", written.id)]
    row.append(Button(say(manager, "change"), "expectations.form", change, opens=True))
    if earlier:
        row.append(Button(say(manager, "earlier"), "expectations.earlier", change))
    parts = (*body(manager, written), Text(state), Buttons(tuple(row)))
    return Card(say(manager, "their_title", who=who), parts)


def sent_card(written: Expectation) -> Card:
    """The manager's own, kept up to date: whether it was read."""
    manager, who = written.by, written.person.name
    if written.seen_at:
        text = say(manager, "state_seen", who=who, day=when(manager, written.seen_at))
    else:
        text = say(manager, "sent", who=who)
    again = Button(say(manager, "look"), "expectations.show", written.person.id)
    return Card(parts=(Text(text), Buttons((again,))))


def remark_card(manager: Person, written: Expectation) -> Card:
    """To the manager: what the person said to it."""
    look = Button(say(manager, "look"), "expectations.show", written.person.id)
    text = Text(say(manager, "remarked", who=written.person.name))
    point = talk_button(manager, written.person, written.remark)
    return Card(parts=(text, Quote(written.remark), Buttons((point, look))))


def talk_button(reader: Person, other: Person, words: str) -> Button:
    """Onto the agenda of the two, with the words to begin with."""
    return Button(say(reader, "agenda"), "oneonone.point", f"{other.id}|{words[:POINT]}", opens=True)


def earlier_card(reader: Person, who: Person, versions: Sequence[Expectation]) -> Card:
    parts = list[Part]()
    for each in versions[:PAGE]:
        parts += body(reader, each)
    own = reader.id == who.id
    title = say(reader, "earlier_own") if own else say(reader, "earlier_of", who=who.name)
    return Card(title, tuple(parts) or (Text(say(reader, "earlier_none")),))


def team_parts(manager: Person, team: Sequence[Standing], first: int = 0) -> list[Part]:
    """A line for each of the manager's people, and a way to each."""
    shown = team[first : first + PAGE]
    lines = [state_line(manager, each) for each in shown]
    row = [way_to(manager, each) for each in shown]
    if len(team) > first + PAGE:
        row.append(Button(say(manager, "more"), "expectations.team", str(first + PAGE)))
    return [Text("\n".join(lines)), Buttons(tuple(row))]


def state_line(manager: Person, each: Standing) -> str:
    written = each.written
    if written is None:
        return say(manager, "line_none", who=each.person.name)
    key = "line_seen" if written.seen_at else "line_waits"
    return say(manager, key, who=each.person.name, day=when(manager, written.fresh_at))


def way_to(manager: Person, each: Standing) -> Button:
    """To look at what is written, or to write it."""
    name = each.person.name
    label = name if len(name) <= 40 else f"{name[:39].rstrip()}…"
    if each.written:
        return Button(label, "expectations.show", each.person.id)
    return Button(say(manager, "write_for", who=label), "expectations.form", each.person.id, opens=True)
