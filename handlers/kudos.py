"""Kudos: anyone may thank anyone, a few times a day, in the open."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bot.core.cards import (
    MENTION,
    Button,
    Buttons,
    Card,
    Choice,
    Form,
    Note,
    Part,
    PeoplePicker,
    Quote,
    Text,
    TextBox,
    mention,
)
from bot.core.dialogue import dialogue
from bot.core.effects import Effect, OpenForm, Post, Record, Refuse, Replace, Retract, Tell, Whisper
from bot.core.events import Action, Command, Event, Reaction, Reply, Shortcut, Submission
from bot.core.features import Feature
from bot.core.people import Person, Place
from bot.core.progress import Progress
from bot.core.talk import Talk
from bot.core.wording import wording
from storage import kudos as store
from storage.audit import Audited
from storage.kudos import Desk, Giving, Kudos, Reacted
from storage.people import Changed

kudos = Feature("kudos")
say = wording("kudos")
LIMIT = 1000  # characters of a reason


# Giving: by command, form and menu.


@kudos.command("kudos", gather=store.desk)
def give(event: Command, desk: Desk) -> Iterator[Effect]:
    words, values = read(event.text, event.settings.values)
    if not desk.named and not words and not event.groups:
        yield OpenForm(form(event))
    elif objections := check(event, desk, words):
        yield Whisper(Card(say(event.actor, "sorry"), tuple(map(Text, objections.values()))))
    else:
        yield from thank(event, desk, words, values)


@kudos.shortcut("kudos")
def choose(event: Shortcut) -> Iterator[Effect]:
    """From a message's menu its author is already filled in, and the card is posted in that message's thread."""
    place = replace(event.place, thread=event.place.thread or event.message or None)
    author = (event.author,) if event.author and event.author.id != event.actor.id else ()
    yield OpenForm(form(event, author, quoted=event.text, place=place))


@kudos.action("kudos.form")
def open_form(event: Action) -> Iterator[Effect]:
    yield OpenForm(form(event))


@kudos.submission("kudos.form", gather=store.form_desk)
def submit(event: Submission, desk: Desk) -> Iterator[Effect]:
    words, values = read(event.answers.get("why", ""), event.settings.values)
    chosen = tuple(value for value in event.answers.get("values", "").split(",") if value in event.settings.values)
    if objections := check(event, desk, words):
        yield Refuse(objections)
    else:
        yield from thank(event, desk, words, tuple(dict.fromkeys((*values, *chosen))))


def thank(event: Event, desk: Desk, words: str, values: tuple[str, ...]) -> Iterator[Effect]:
    to, place = unique(desk.named), replace(event.place, kind=desk.kind)
    giving = Giving(f"kudos:{event.ref}", event.actor, to, words, values, event.at, place)
    yield Record(Kudos(giving.id, event.actor, to, words, event.at, event.today, place, values))
    where = list(places(event, place))
    for each in where:
        not_let_in = Card(parts=(Text(say(event.actor, "not_let_in")), undo_button(event.actor, giving)))
        yield Post(each, public_card(event, giving, each), giving.id, otherwise=not_let_in)
    yield from told(giving, desk.first_time)
    yield Whisper(confirmation(event, giving, where))


def told(giving: Giving, first_time: frozenset[str]) -> Iterator[Effect]:
    for person in giving.receivers:
        yield Tell(person, received_card(person, giving, person.id in first_time), about=f"kudos.got:{giving.id}")
        if person.id in first_time:
            yield Record(Changed(person.id, {"first_kudos": True}))


def places(event: Event, place: Place) -> Iterator[Place]:
    """Where the card is seen: where it was given, and for all unless it was said in private."""
    if place.kind != "direct":
        yield place
    recognition = event.settings.kudos.recognition.get(place.workspace)
    if recognition and place.kind != "private" and recognition != place.conversation:
        yield Place(place.workspace, recognition, kind="public")


def read(text: str, values: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The reason without mentions and tags, and the company's values that were tagged with #."""
    words, found = [], list[str]()
    known = {f"#{value.lower()}": value for value in values}
    for word in MENTION.sub(" ", text).split(" "):
        if value := known.get(word.lower().rstrip(".,;:!")):
            found.append(value)
        elif word:
            words.append(word)
    return " ".join(words).strip(), tuple(dict.fromkeys(found))


def unique(people: Sequence[Person]) -> tuple[Person, ...]:
    return tuple({person.id: person for person in people}.values())


def check(event: Event, desk: Desk, words: str) -> Mapping[str, str]:
    """All that is wrong, by field, in the giver's language."""
    giver, to, rules = event.actor, unique(desk.named), event.settings.kudos
    left = rules.a_day(giver.role) - desk.given
    who = list[str]()
    if desk.unknown_groups:
        who.append(say(giver, "refuse_group"))
    elif not to:
        who.append(say(giver, "refuse_nobody"))
    if any(person.id == giver.id for person in to):
        who.append(say(giver, "refuse_self"))
    for person in to:
        if person.bot:
            who.append(say(giver, "refuse_bot", people=person.name))
        elif person.gone:
            who.append(say(giver, "refuse_gone", people=person.name))
        elif person.guest and not rules.guests:
            who.append(say(giver, "refuse_guest", people=person.name))
    if len(to) > left:
        who.append(say(giver, "spent_today") if left <= 0 else say(giver, "refuse_spent", n=left, named=len(to)))
    wrong = {"to": " ".join(who)} if who else {}
    if not words:
        wrong["why"] = say(giver, "refuse_no_reason")
    elif len(words) > LIMIT:
        wrong["why"] = say(giver, "refuse_long", limit=LIMIT)
    return wrong


# By emoji.


@kudos.reaction("message", gather=store.reacted)
@kudos.reaction("thanked", gather=store.reacted)
def react(event: Reaction, reacted: Reacted) -> Iterator[Effect]:
    """An emoji on a colleague's message, or on the card under it that shows who did."""
    if event.emoji not in event.settings.kudos.emojis:
        return
    if event.removed:
        yield from take_off(event, reacted)
    elif reacted.giving:
        yield Record(store.Emojis(reacted.giving.id, (*reacted.giving.emojis, event.emoji)))
    elif receiver := receiver_of(event, reacted):
        yield from thank_by_emoji(event, reacted, receiver)


def receiver_of(event: Reaction, reacted: Reacted) -> Person | None:
    author = reacted.others[0].receivers[0] if event.about.startswith("thanked:") and reacted.others else event.author
    if author is None or author.id == event.actor.id or author.bot or author.gone:
        return None
    return None if author.guest and not event.settings.kudos.guests else author


def thank_by_emoji(event: Reaction, reacted: Reacted, receiver: Person) -> Iterator[Effect]:
    if event.settings.kudos.a_day(event.actor.role) <= reacted.given:
        yield Whisper(Card(parts=(Text(say(event.actor, "spent_today")),)))
        return
    source = reacted.others[0].source if reacted.others else store.source_of(event)
    place = replace(event.place, thread=event.place.thread or event.message, kind=reacted.kind)
    emojis = (event.emoji,)
    giving = Giving(f"kudos:{event.ref}", event.actor, (receiver,), "", (), event.at, place, source, emojis)
    kept = Kudos(giving.id, event.actor, (receiver,), "", event.at, event.today, place, (), source, emojis)
    yield Record(kept)
    card, about = reaction_card(event, (giving, *reacted.others)), f"thanked:{source}"
    yield Replace(about, card) if reacted.others else Post(place, card, about)
    yield from told(giving, frozenset({receiver.id} if reacted.new else ()))
    yield from talk(event, giving).ask(event, Progress(f"why:{event.ref}", "kudos", giving.id))


def take_off(event: Reaction, reacted: Reacted) -> Iterator[Effect]:
    """The emoji is gone: with the last one of this giver the kudos go too."""
    if not (giving := reacted.giving):
        return
    if left := tuple(emoji for emoji in giving.emojis if emoji != event.emoji):
        yield Record(store.Emojis(giving.id, left))
        return
    yield from removed(event, giving, "kudos.undo")
    about = f"thanked:{giving.source}"
    yield Replace(about, reaction_card(event, reacted.others)) if reacted.others else Retract(about)
    yield Retract(f"why:{event.ref}")


def talk(event: Event, giving: Giving) -> Talk:
    """The one question after an emoji, asked of its giver."""
    return Talk(why, lambda said, progress: explain(said, progress, giving))


why = dialogue("kudos")


@kudos.reply("kudos", gather=store.explained)
def answer(event: Reply, giving: Giving | None) -> Iterator[Effect]:
    if giving is None:
        yield Tell(event.actor, Card(parts=(Text(say(event.actor, "gone")),)), event.progress.id)
    else:
        yield from talk(event, giving).hear(event)


def explain(event: Event, progress: Progress, giving: Giving) -> Iterator[Effect]:
    words, values = read(progress.answers.get("why", ""), event.settings.values)
    if not words:
        return
    giving = replace(giving, words=words, values=values)
    yield Record(store.Reworded(giving.id, words, values))
    for person in giving.receivers:
        yield Replace(f"kudos.got:{giving.id}", received_card(person, giving, first=False))
    yield Replace(f"thanked:{giving.source}", reaction_card(event, (giving,)))
    for place in places(event, replace(giving.place, thread=None)):
        if place.conversation != giving.place.conversation:
            yield Post(place, public_card(event, giving, place), giving.id)
    yield Tell(event.actor, Card(parts=(Text(say(event.actor, "why_thanks")),)), progress.id)


# Joining in, on the card.


@kudos.reaction("kudos", gather=store.joining)
def join_by_emoji(event: Reaction, giving: Giving | None) -> Iterator[Effect]:
    if giving and event.emoji in event.settings.kudos.emojis:
        yield from leave(event, giving) if event.removed else join(event, giving)


@kudos.action("kudos.join", gather=store.pressed)
def join_by_button(event: Action, giving: Giving | None) -> Iterator[Effect]:
    if giving is None:
        yield Whisper(Card(parts=(Text(say(event.actor, "gone")),)))
    else:
        yield from join(event, giving)


def join(event: Event, giving: Giving) -> Iterator[Effect]:
    """One's own thanks added to somebody else's: free of allowance, and once."""
    known = {giving.giver.id, *(person.id for person in (*giving.joined, *giving.receivers))}
    if event.actor.id in known or event.actor.bot:
        return
    source, id = f"join/{giving.id}", f"join:{event.ref}"
    kept = Kudos(id, event.actor, giving.receivers, giving.words, event.at, event.today, giving.place, giving.values)
    yield Record(replace(kept, source=source, joins=giving.id))
    joined = replace(giving, joined=(*giving.joined, event.actor))
    yield Replace(giving.id, public_card(event, joined, giving.place))


def leave(event: Event, giving: Giving) -> Iterator[Effect]:
    if event.actor.id in {person.id for person in giving.joined}:
        yield Record(store.Left(giving.id, event.actor.id))
        joined = tuple(person for person in giving.joined if person.id != event.actor.id)
        yield Replace(giving.id, public_card(event, replace(giving, joined=joined), giving.place))


# Taking back.


@kudos.command("kudos undo", gather=store.last_given)
@kudos.action("kudos.undo", gather=store.pressed)
def undo(event: Command | Action, giving: Giving | None) -> Iterator[Effect]:
    if giving is None:
        yield Whisper(Card(parts=(Text(say(event.actor, "nothing_to_undo")),)))
    elif giving.giver.id != event.actor.id:
        yield Whisper(Card(parts=(Text(say(event.actor, "not_yours")),)))
    else:
        yield from removed(event, giving, "kudos.undo")
        if giving.source:
            yield Retract(f"thanked:{giving.source}")
        yield Whisper(Card(parts=(Text(say(event.actor, "undone")),)))


@kudos.action("kudos.remove", gather=store.pressed)
def remove(event: Action, giving: Giving | None) -> Iterator[Effect]:
    """A receiver takes their own part away; with the last receiver the card goes."""
    if giving is None:
        yield Whisper(Card(parts=(Text(say(event.actor, "gone")),)))
        return
    left = tuple(person for person in giving.receivers if person.id != event.actor.id)
    if len(left) == len(giving.receivers):
        yield Whisper(Card(parts=(Text(say(event.actor, "not_yours")),)))
        return
    if left:
        yield Record(store.Removed(giving.id, event.actor.id))
        yield Record(Audited(event, event.actor.id, "kudos.remove", giving.id))
        yield Replace(giving.id, public_card(event, replace(giving, receivers=left), giving.place))
    else:
        yield from removed(event, giving, "kudos.remove")
        if giving.source:
            yield Retract(f"thanked:{giving.source}")
    yield Tell(event.actor, Card(parts=(Text(say(event.actor, "removed")),)))


def removed(event: Event, giving: Giving, action: str) -> Iterator[Effect]:
    yield Record(store.Removed(giving.id))
    for person in giving.receivers:
        yield Record(Audited(event, person.id, action, giving.id))
    yield Retract(giving.id)
    yield Retract(f"kudos.got:{giving.id}")


@kudos.command("kudos help")
def help(event: Command) -> Iterator[Effect]:
    emojis = " ".join(f":{emoji}:" for emoji in event.settings.kudos.emojis)
    parts = (Text(say(event.actor, "help")), Note(say(event.actor, "help_emojis", emojis=emojis)))
    yield Whisper(Card(say(event.actor, "help_title"), (*parts, give_button(event.actor))))


# Cards and the form.


def form(event: Event, to: tuple[Person, ...] = (), quoted: str = "", place: Place | None = None) -> Form:
    actor = event.actor
    hint = say(actor, "quoted", text=quoted[:200]) if quoted else say(actor, "why_hint")
    fields: list[PeoplePicker | TextBox | Choice] = [
        PeoplePicker("to", say(actor, "to"), to),
        TextBox("why", say(actor, "why"), limit=LIMIT, hint=hint),
    ]
    if event.settings.values:
        options = tuple((value, f"#{value}") for value in event.settings.values)
        fields.append(Choice("values", say(actor, "values"), options, many=True, optional=True))
    title, submit, cancel = say(actor, "form_title"), say(actor, "give"), say(actor, "cancel")
    return Form("kudos.form", title, submit, cancel, tuple(fields), place=place)


def public_card(event: Event, giving: Giving, place: Place) -> Card:
    """In the place's own language, for it has many readers."""
    lang, parts = event.settings.languages.of(place.conversation), list[Part]()
    parts.append(Quote(giving.words))
    if giving.values:
        parts.append(Note(" ".join(f"#{value}" for value in giving.values)))
    if giving.joined:
        names = [person.name for person in giving.joined]
        parts.append(Note(say(lang, "joined", n=len(names), people=names)))
    join = Button(say(lang, "join"), "kudos.join", giving.id)
    parts.append(Buttons((join, Button(say(lang, "give"), "kudos.form", opens=True))))
    people = list(map(mention, giving.receivers))
    return Card(say(lang, "public", giver=mention(giving.giver), people=people), tuple(parts))


def reaction_card(event: Event, givings: Sequence[Giving]) -> Card:
    """Under the message: who thanked for it by emoji, with their words as they come."""
    lang = event.settings.languages.of(givings[0].place.conversation)
    givers = [mention(giving.giver) for giving in reversed(givings)]
    people = [mention(person) for person in givings[0].receivers]
    quotes = tuple(Quote(giving.words) for giving in givings if giving.words)
    return Card(parts=(Text(say(lang, "public_reaction", givers=givers, people=people)), *quotes))


def received_card(person: Person, giving: Giving, first: bool) -> Card:
    parts = list[Part]()
    if giving.words:
        parts.append(Quote(giving.words))
    if giving.values:
        parts.append(Note(" ".join(f"#{value}" for value in giving.values)))
    if first:
        parts.append(Note(say(person, "first")))
    parts.append(Buttons((give_button(person).row[0], Button(say(person, "remove"), "kudos.remove", giving.id))))
    title = "received" if giving.words else "received_reaction"
    return Card(say(person, title, giver=giving.giver.name), tuple(parts))


def confirmation(event: Event, giving: Giving, where: Sequence[Place]) -> Card:
    actor, lines = event.actor, [say(event.actor, "sent", people=[person.name for person in giving.receivers])]
    if any(place.conversation != event.place.conversation for place in where):
        lines.append(say(actor, "sent_recognition"))
    return Card(parts=(Text(" ".join(lines)), undo_button(actor, giving)))


def undo_button(person: Person, giving: Giving) -> Buttons:
    return Buttons((Button(say(person, "undo"), "kudos.undo", giving.id),))


def give_button(person: Person) -> Buttons:
    return Buttons((Button(say(person, "give"), "kudos.form", opens=True),))
