"""Thanks by emoji: on a colleague's message it gives kudos, on a kudos card it adds one's own."""

from collections.abc import Iterator
from dataclasses import replace

from bot.core.cards import Card, Text
from bot.core.dialogue import dialogue
from bot.core.effects import Effect, Post, Record, Replace, Retract, Tell, Whisper
from bot.core.events import Action, Event, Reaction, Reply
from bot.core.features import Feature
from bot.core.kudos import Giving, places, public_card, reaction_card, read, received_card, told
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.talk import Talk
from bot.core.wording import wording
from storage import kudos as store
from storage.kudos import Kudos, Reacted, Removed

thanks = Feature("thanks")
say = wording("kudos")


@thanks.reaction("message", gather=store.reacted)
@thanks.reaction("thanked", gather=store.reacted)
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
    if author.company != event.actor.company:
        return None
    return None if author.guest and not event.settings.kudos.guests else author


def thank_by_emoji(event: Reaction, reacted: Reacted, receiver: Person) -> Iterator[Effect]:
    if event.settings.kudos.a_day(event.actor.role) <= reacted.given:
        yield Whisper(Card(parts=(Text(say(event.actor, "spent_today")),)))
        return
    source = reacted.others[0].source if reacted.others else store.source_of(event)
    place = replace(event.place, thread=event.place.thread or event.message, kind=reacted.kind)
    id, first_time = f"kudos:{event.ref}", frozenset({receiver.id} if reacted.new else ())
    giving = Giving(id, event.actor, (receiver,), "", (), event.at, place, source, (event.emoji,))
    yield Record(Kudos(giving, event.today, first_time=first_time))
    card = reaction_card(event, (giving, *reacted.others))
    yield Replace(giving.under, card) if reacted.others else Post(place, card, giving.under)
    yield from told(giving, first_time)
    yield from talk(event, giving).ask(event, Progress(f"why:{event.ref}", "kudos", giving.id))


def take_off(event: Reaction, reacted: Reacted) -> Iterator[Effect]:
    """The emoji is gone: with the last one of this giver the kudos go too."""
    if not (giving := reacted.giving):
        return
    if left := tuple(emoji for emoji in giving.emojis if emoji != event.emoji):
        yield Record(store.Emojis(giving.id, left))
        return
    yield Record(Removed(event, giving.id, giving.receivers, "kudos.undo"))
    yield Retract(giving.private)
    under = giving.under
    yield Replace(under, reaction_card(event, reacted.others)) if reacted.others else Retract(under)
    yield Retract(f"why:{event.ref}")


def talk(event: Event, giving: Giving) -> Talk:
    """The one question after an emoji, asked of its giver."""
    return Talk(why, lambda said, progress: explain(said, progress, giving))


why = dialogue("kudos")


@thanks.reply("kudos", gather=store.explained)
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
        yield Replace(giving.private, received_card(person, giving, first=False))
    yield Replace(giving.under, reaction_card(event, (giving,)))
    for place in places(event, replace(giving.place, thread=None)):
        if place.conversation != giving.place.conversation:
            yield Post(place, public_card(event, giving, place), giving.id)
    yield Tell(event.actor, Card(parts=(Text(say(event.actor, "why_thanks")),)), progress.id)


# Joining in, on the card.


@thanks.reaction("kudos", gather=store.joining)
def join_by_emoji(event: Reaction, giving: Giving | None) -> Iterator[Effect]:
    if giving and event.emoji in event.settings.kudos.emojis:
        yield from leave(event, giving) if event.removed else join(event, giving)


@thanks.action("kudos.join", gather=store.pressed)
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
    own = replace(giving, id=f"join:{event.ref}", giver=event.actor, at=event.at, source=f"join/{giving.id}", emojis=())
    yield Record(Kudos(own, event.today, joins=giving.id))
    joined = replace(giving, joined=(*giving.joined, event.actor))
    yield Replace(giving.id, public_card(event, joined, giving.place))


def leave(event: Event, giving: Giving) -> Iterator[Effect]:
    if event.actor.id in {person.id for person in giving.joined}:
        yield Record(store.Left(giving.id, event.actor.id))
        joined = tuple(person for person in giving.joined if person.id != event.actor.id)
        yield Replace(giving.id, public_card(event, replace(giving, joined=joined), giving.place))
