"""Looking back on kudos: one's own, the team's, and which values were lived. For conversation, never a ranking."""

from collections.abc import Iterator

from bot.core.cards import Card, Note, Part, Quote, Text
from bot.core.effects import Effect, Record, Whisper
from bot.core.events import Command
from bot.core.features import Feature
from bot.core.kudos import Giving, give_button
from bot.core.people import Person
from bot.core.wording import wording
from storage import recognition as store
from storage.people import Changed

recognition = Feature("recognition")
say = wording("recognition")


@recognition.command("kudos me", gather=store.mine)
def me(event: Command, mine: store.Mine) -> Iterator[Effect]:
    actor, parts = event.actor, list[Part]()
    if mine.received or mine.given:
        parts.append(Text(say(actor, "me_counts", received=mine.received, given=mine.given)))
    else:
        parts.append(Text(say(actor, "me_none")))
    for giving in mine.latest:
        parts.append(Quote(giving.words or say(actor, "no_words")))
        parts.append(Note(say(actor, "me_line", giver=giving.giver.name, day=giving.at.date())))
    yield Whisper(Card(say(actor, "me_title"), (*parts, give_button(actor))))


@recognition.command("kudos team", gather=store.of_team)
def team(event: Command, givings: list[Giving]) -> Iterator[Effect]:
    actor, parts = event.actor, list[Part]()
    for giving in givings:
        people = [person.name for person in giving.receivers]
        parts.append(Quote(giving.words))
        parts.append(Note(say(actor, "team_line", giver=giving.giver.name, people=people, day=giving.at.date())))
    none = [Text(say(actor, "team_none"))]
    yield Whisper(Card(say(actor, "team_title"), (*(parts or none), give_button(actor))))


@recognition.command("kudos values", gather=store.by_value)
def values(event: Command, lived: list[store.Lived]) -> Iterator[Effect]:
    """Each figure with a story behind it."""
    actor, parts = event.actor, list[Part]()
    for each in lived:
        people = [person.name for person in each.story.receivers]
        story = say(actor, "values_story", giver=each.story.giver.name, people=people, words=each.story.words)
        parts += [Text(say(actor, "values_line", value=each.value, n=each.thanks)), Quote(story)]
    none = [Text(say(actor, "values_none", value=next(iter(event.settings.values), "care")))]
    yield Whisper(Card(say(actor, "values_title"), (*(parts or none), give_button(actor))))


@recognition.command("kudos board", gather=store.board)
def board(event: Command, most: list[tuple[Person, int]]) -> Iterator[Effect]:
    actor, wish = event.actor, event.text.strip().lower()
    if not event.settings.kudos.leaderboard:
        yield Whisper(Card(parts=(Text(say(actor, "board_off")),)))
    elif wish in ("off", "on"):
        yield Record(Changed(actor.id, {"off_board": wish == "off"}))
        yield Whisper(Card(parts=(Text(say(actor, "board_hidden" if wish == "off" else "board_shown")),)))
    else:
        lines = "\n".join(f"{person.name}: {thanks}" for person, thanks in most)
        yield Whisper(Card(say(actor, "board_title"), (Text(lines or say(actor, "me_none")),)))
