"""What two people agreed about a quarter: proposed by either, said yes to by both, with a remark by whoever has one,
and taken along into the next."""

from collections.abc import Iterator
from datetime import date, timedelta

from bot.core import summary as stand
from bot.core import summary_cards as cards
from bot.core.calendar import bounds, period
from bot.core.cards import Button, Buttons, Card, Note, Text, clean
from bot.core.effects import Effect, OpenForm, Record, Refuse, Replace, Tell
from bot.core.events import Action, Due, Event, Remark, Submission
from bot.core.features import Feature
from bot.core.figures import parse_named
from bot.core.goals import Goal
from bot.core.people import Person
from bot.core.requests import day_after
from bot.core.sharing import remark_card
from bot.core.spans import limits
from bot.core.summary import Summary, lines
from bot.core.summary_cards import say
from bot.core.watch import ref_of
from storage import preparing as preparation
from storage import summaries as store
from storage.followups import FollowUp
from storage.goals import Adjusted, NewGoal
from storage.learning import LearningAction
from storage.oneonone import Point
from storage.sharing import Said
from storage.summaries import TALK, TEAM, Carrying, Kept

summary = Feature("summary")
REMIND, LATER = 3, 5  # working days after which a proposal, or a talk that was not had, is asked about
TIMES = 2
DAY = timedelta(days=1)
PLANNED = timedelta(weeks=6)  # to a learning action's day, which its person can move


@summary.action("summary.show", gather=store.pressed)
def show(event: Action, found: Summary | None) -> Iterator[Effect]:
    yield look(event, found)


def look(event: Event, found: Summary | None, key: str = "title") -> Tell:
    if found is None:
        return Tell(event.actor, Card(parts=(Text(say(event.actor, "gone")),)))
    return Tell(event.actor, cards.card(event.actor, found, event.settings, key), found.id)


# Proposing.


@summary.action("summary.form", gather=store.pressed)
def open_form(event: Action, found: Summary | None) -> Iterator[Effect]:
    if found is None or not stand.can(found, "proposed"):
        yield look(event, found)
    else:
        yield OpenForm(cards.form(event.actor, found, event.settings))


@summary.submission("summary.form", gather=store.submitted)
def propose(event: Submission, found: Summary | None) -> Iterator[Effect]:
    actor = event.actor
    if found is None or not stand.can(found, "proposed"):
        yield Refuse({"words": say(actor, "gone" if found is None else "agreed_already")})
        return
    if cards.seen_version(event.value) != found.version:
        yield Refuse({"words": say(actor, "newer", **cards.about(actor, found))})
        return
    said = cards.read({name: clean(text) for name, text in event.answers.items()}, event.settings)
    if wrong := cards.check(actor, said, bool(event.settings.review.scale)):
        yield Refuse(wrong)
        return
    yield from put(event, found, stand.proposed(found, found.side(actor), said, event.at))


def put(event: Event, before: Summary, now: Summary) -> Iterator[Effect]:
    actor, other = event.actor, now.other(event.actor)
    yield Record(Kept(now))
    if before.version:
        asked = other if before.proposed == before.side(actor) else actor
        yield Replace(before.asked(asked), Card(parts=(Note(say(asked, "newer_note")),)))
    else:
        yield Replace(before.ready, Card(parts=(cards.line(before.person, before, "both_ready"),)))
    # Other words for what the other one had written are an answer to them.
    answers = before.version > 0 and before.proposed != now.proposed
    yield Tell(other, cards.card(other, now, event.settings, "asked_title"), now.id, now.asked(other), awaited=answers)
    ways = Buttons(cards.buttons(actor, now))
    yield Tell(actor, Card(parts=(cards.line(actor, now, "proposed"), ways)), now.id)
    yield remind(event, now, other)


def remind(event: Event, found: Summary, whom: Person, days: int = REMIND) -> Record:
    """A manager is asked about all of theirs together."""
    day = day_after(whom, event.at, days)
    manages = whom.id == found.manager.id
    return Record(FollowUp(whom.id, TEAM if manages else TALK, found.period if manages else found.id, day))


# Saying yes.


@summary.action("summary.agree", gather=store.pressed)
def agree(event: Action, found: Summary | None) -> Iterator[Effect]:
    actor = event.actor
    if found is None or not found.waits_for(actor):
        yield look(event, found)
        return
    now = stand.acknowledged(found, found.side(actor), cards.seen_version(event.value), event.at)
    if now == found:  # the words changed after this button was shown
        yield look(event, found, "newer_title")
        return
    yield Record(Kept(now))
    other = now.other(actor)
    yield Replace(found.asked(actor), Card(parts=(cards.line(actor, now, "agreed"),)))
    yield Tell(actor, cards.card(actor, now, event.settings, "agreed_title"), now.id)
    yield Tell(other, cards.card(other, now, event.settings, "agreed_title"), now.id, awaited=True)


# Remarks.


@summary.action("summary.remark", gather=store.pressed)
def open_remark(event: Action, found: Summary | None) -> Iterator[Effect]:
    yield OpenForm(cards.remark_form(event.actor, found)) if found else look(event, None)


@summary.submission("summary.remark", gather=store.submitted)
def submit_remark(event: Submission, found: Summary | None) -> Iterator[Effect]:
    words = clean(event.answers.get("words", "")).strip()
    if found is None or not words or len(words) > cards.REMARK:
        key = "gone" if found is None else "wrong_long" if words else "wrong_remark"
        yield Refuse({"words": say(event.actor, key, limit=cards.REMARK)})
    else:
        yield from remarked(event, found, words)


@summary.remark("summary", gather=store.remarked)
def remark(event: Remark, found: Summary | None) -> Iterator[Effect]:
    """Said in its thread."""
    if found is None:
        yield look(event, None)
    else:
        yield from remarked(event, found, event.text[: cards.REMARK])


def remarked(event: Event, found: Summary, words: str) -> Iterator[Effect]:
    actor, other = event.actor, found.other(event.actor)
    said = Said(f"said:{event.ref}", found.id, actor.id, other.id, words, event.at)
    yield Record(said)
    yield Tell(other, remark_card(other, actor, "said", words), found.id, said.id, awaited=True)
    yield Tell(actor, Card(parts=(Note(say(actor, "remark_kept", **cards.about(actor, found))),)), found.id)


# For the next talk.


@summary.action("summary.agenda", gather=store.pressed)
def agenda(event: Action, found: Summary | None) -> Iterator[Effect]:
    actor = event.actor
    if found is None:
        yield look(event, None)
        return
    words = cards.line(actor, found, "agenda_words").body
    yield Record(Point(f"point:{event.ref}", found.person.id, found.manager.id, words, found.id, event.at, actor.id))
    yield Tell(actor, Card(parts=(cards.line(actor, found, "on_agenda"),)), found.id)


@summary.due(TALK, gather=preparation.summary_of)
def follow_up(event: Due, found: Summary | None) -> Iterator[Effect]:
    """Did they talk; or, of a proposal, is that it?"""
    if found is None or found.state != "conversation":
        return
    if found.version and not found.waits_for(event.actor):
        return
    yield look(event, found, "still_title" if found.version else "talked_title")
    if event.step + 1 < TIMES:
        yield remind(event, found, event.actor, LATER)


# Into the next quarter.


@summary.action("summary.goals", gather=store.pressed)
def set_goals(event: Action, found: Summary | None) -> Iterator[Effect]:
    """Theirs and their manager's to see, as the talk is; whoever set them can show them to more."""
    if not own(event, found):
        yield look(event, found)
        return
    assert found
    goals = [goal(event, found, number, line) for number, line in enumerate(lines(found.proposal.goals))]
    for each in goals:
        yield Record(NewGoal(each))
    button = Button(say(event.actor, "my_goals"), "goals.mine")
    yield taken(event, found, "goals_set", len(goals), Buttons((button,)))


def own(event: Event, found: Summary | None) -> bool:
    return found is not None and found.state == "agreed" and found.person.id == event.actor.id


def taken(event: Event, found: Summary, key: str, n: int, *more: Buttons) -> Tell:
    return Tell(event.actor, Card(parts=(Text(say(event.actor, key, n=n)), *more)), found.id)


def goal(event: Event, found: Summary, number: int, line: str) -> Goal:
    actor = event.actor
    read = parse_named(line, actor.lang)
    start, target, unit = (read.start, read.target, read.unit) if read else (0.0, 1.0, "")
    return Goal(
        id=f"goal:{ref_of(f'{found.id}/goal/{number}')}",
        company=actor.company,
        person=actor.id,
        title=read.title if read else line,
        why=cards.line(actor, found, "why").body,
        kind="measure" if read else "milestone",
        start=start,
        target=target,
        value=start,
        unit=unit,
        due=next_last(event, found),
        visibility="manager",
        at=event.at,
        word_at=event.at,
        set_by=actor.id,
    )


def next_last(event: Event, found: Summary) -> date:
    """The last day of the period after this one; of the actor's own, where the button is pressed later than that."""
    every, following = event.settings.rhythms["review"].every, limits(found.period)[1] + DAY
    return bounds(every, period(every, max(following, event.today)))[1]


@summary.action("summary.learning", gather=store.pressed)
def plan_learning(event: Action, found: Summary | None) -> Iterator[Effect]:
    if not own(event, found):
        yield look(event, found)
        return
    assert found
    planned, day = lines(found.proposal.learning), event.today + PLANNED
    for number, line in enumerate(planned):
        id = f"learning:{ref_of(f'{found.id}/learning/{number}')}"
        yield Record(LearningAction(id, event.actor.id, "job", line, day, found.id, event.at, "manager"))
    yield taken(event, found, "learning_set", len(planned))


@summary.action("summary.carry", gather=store.carrying)
def carry(event: Action, carrying: Carrying) -> Iterator[Effect]:
    """Their goals that end with the quarter go on until the end of the next."""
    found = carrying.summary
    if not own(event, found):
        yield look(event, found)
        return
    assert found
    last, reason = next_last(event, found), cards.line(event.actor, found, "carry_reason").body
    late = [each for each in carrying.goals if each.due and each.due <= limits(found.period)[1]]
    for each in late:
        change = f"change:{event.ref}:{ref_of(each.id)}"
        yield Record(Adjusted(change, each.id, event.actor.id, event.at, {"due": last}, reason))
    yield taken(event, found, "carried" if late else "carried_none", len(late))
