"""Around each one-to-one: two hours before it what there is to talk about, two hours after it what came of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

from bot.core.cards import Button, Buttons, Card, Note, Part, Quote, Text
from bot.core.dialogue import Question, dialogue
from bot.core.effects import Effect, KeepDialogue, Record, Replace, Tell
from bot.core.events import Due, Event, Reply
from bot.core.features import Feature
from bot.core.meetings import say, when
from bot.core.oneonone import AFTER, BRIEF, Between, following, lines, local
from bot.core.oneonone_cards import card, topic
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.talk import Talk
from bot.core.workdays import DAY
from storage import briefs as store
from storage.briefs import Briefed
from storage.followups import FollowUp
from storage.meetings import Decided, Over, Planned, Unsaid
from storage.oneonone import Promised, Talked

briefs = Feature("briefs")
LATE = timedelta(minutes=30)  # a brief may come so long after the talk has begun


# Two hours before.


@briefs.due(BRIEF, gather=store.briefed)
def brief(event: Due, found: Briefed | None) -> Iterator[Effect]:
    """Nothing where it was cancelled meanwhile, or is over by now."""
    if found is None or not stands(found[0]):
        return
    talk, between = found
    actor, meeting, you = event.actor, talk.meeting, between.partner
    yield from (KeepDialogue(replace(each, state="stopped")) for each in talk.stale)
    if you.gone or you.company != actor.company:
        yield Record(Decided(meeting.pair, "ended", event.at))
        yield Tell(actor, Card(parts=(Text(say(actor, "ended_left", who=you.name)),)), awaited=True)
    elif event.at > meeting.at + LATE:
        return
    elif you.id in talk.away:
        later = following(meeting.pair, event.at, meeting.day)
        yield Record(Over(meeting.id, "cancelled", event.at))
        if later:
            yield Record(Planned(later))
        text = say(actor, "away", who=you.name, when=when(actor, later.at if later else None))
        yield Tell(actor, Card(parts=(Text(text),)), awaited=True)
    else:
        shown = replace(between, meeting=meeting)
        yield Tell(actor, card(actor, shown), about=topic(event, shown), awaited=True)


def stands(talk: store.Talk) -> bool:
    return talk.meeting.pair.state == "agreed" and talk.meeting.state == "planned"


# Two hours after.


def met(progress: Progress, _: Question) -> bool:
    return progress.answers.get("happened") == "held"


def listed(progress: Progress, question: Question) -> bool:
    return met(progress, question) and bool(progress.seeds.get("points"))


questions = dialogue("meetings", {"met": met, "listed": listed})


@briefs.due(AFTER, gather=store.asked)
def ask(event: Due, found: Briefed | None) -> Iterator[Effect]:
    """Whoever is asked first also brings the next one."""
    if found is None:
        return
    talk, between = found
    meeting, pair = talk.meeting, talk.meeting.pair
    if meeting.at > event.at:  # two hours after it are quiet hours, and the last moment before them came first
        yield Record(FollowUp(event.actor.id, AFTER, meeting.id, event.today + DAY))
        return
    goes_on = pair.state == "agreed" and not talk.later and not between.partner.gone
    if goes_on and (later := following(pair, event.at, max(meeting.day, event.today - DAY))):
        yield Record(Planned(later))
    if meeting.state == "planned" and talk.away:
        yield Record(Over(meeting.id, "cancelled", event.at))
    elif meeting.state == "planned":
        yield Record(Unsaid(meeting))
        seeds = {"partner": (between.partner.id,), "points": tuple(each.id for each in between.points)}
        progress = Progress(f"meeting.talk:{event.ref}", questions.name, meeting.id, seeds)
        said = talk_of(found).ask(event, progress)
        yield from (replace(each, awaited=True) if isinstance(each, Tell) else each for each in said)


@briefs.reply("meetings", gather=store.asked)
def hear(event: Reply, found: Briefed | None) -> Iterator[Effect]:
    if found is None:
        yield from Talk(questions, nothing).closed(event, say(event.actor, "gone"))
    else:
        yield from talk_of(found).hear(event)


def nothing(event: Event, progress: Progress) -> Iterator[Effect]:
    return iter(())


def talk_of(found: Briefed) -> Talk:
    """The questions about one talk, with what there is to them at hand."""
    talk, between = found

    def intro(reader: Person, progress: Progress) -> tuple[Part, ...]:
        text = say(reader, "before", who=between.partner.name, when=local(reader, talk.meeting.at))
        return (Text(text),)

    def beside(reader: Person, question: Question, progress: Progress) -> tuple[Part, ...]:
        """Before one writes it down: what the other one has written down already, and what was on the list."""
        if question.id == "covered":
            return tuple(Quote(each.words) for each in between.points if each.id in progress.seeds["points"])
        owner = {"mine": reader.id, "theirs": between.partner.id}.get(question.id)
        since = [each for each in between.promises if each.person == owner and each.at > talk.meeting.at]
        return tuple(Note(say(reader, "on_list", words=each.words)) for each in since)

    return Talk(questions, partial(finish, found), more=beside, before=intro)


def finish(found: Briefed, event: Event, progress: Progress) -> Iterator[Effect]:
    (talk, between), actor, answers = found, event.actor, progress.answers
    you, held = between.partner, answers["happened"] == "held"
    again = isinstance(event, Reply) and event.progress.finished
    said = [(who, line) for who, id in ((actor, "mine"), (you, "theirs")) for line in lines(answers.get(id, ""))]
    yield Record(Over(talk.meeting.id, "held" if held else "missed", event.at))
    if answers.get("covered") == "all":
        yield Record(Talked(progress.seeds["points"], event.at))
    agreed = tuple((who.id, line) for who, line in said)
    yield Record(Promised(progress.id, actor.id, you.id, agreed, event.at))
    if said or again:
        told, topic = told_card(you, actor, said), f"meeting.told:{progress.id}"
        yield Replace(topic, told) if again else Tell(you, told, about=topic, awaited=True)
    done = done_card(actor, between, progress, said)
    yield Replace(f"done:{progress.id}", done) if again else Tell(actor, done, progress.topic, f"done:{progress.id}")


def told_card(reader: Person, who: Person, said: list[tuple[Person, str]]) -> Card:
    look = Buttons((Button(say(reader, "look_list"), "oneonone.show", who.id),))
    return Card(say(reader, "told", who=who.name), (*written(reader, said), look))


def done_card(reader: Person, between: Between, progress: Progress, said: list[tuple[Person, str]]) -> Card:
    held, next = progress.answers["happened"] == "held", between.meeting
    parts = [*written(reader, said), Note(say(reader, "done_next", when=when(reader, next.at if next else None)))]
    parts.append(edit_button(reader, progress))
    return Card(say(reader, "done_held" if held else "done_missed"), tuple(parts))


def edit_button(reader: Person, progress: Progress) -> Buttons:
    return Talk(questions, nothing).edit_button(reader, progress)


def written(reader: Person, said: list[tuple[Person, str]]) -> list[Part]:
    """What each said they would do."""
    return [
        Text(say(reader, "done_mine" if who.id == reader.id else "done_theirs", who=who.name, words=line))
        for who, line in said
    ]
