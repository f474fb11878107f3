"""The evidence of a time: what somebody did, said and was told, for a talk about it. On a card the latest few of each
kind; as a document all of it. No figure stands there without its story, where one was told."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from bot.core import summary_cards
from bot.core.cards import Button, Note, Part, Quote, Text
from bot.core.documents import Document, Entry, Section
from bot.core.feedback import Feedback
from bot.core.goal_cards import result_line, short, way
from bot.core.goal_cards import say as goals
from bot.core.goal_history import change
from bot.core.goals import Change, Goal, Update
from bot.core.kudos import Giving
from bot.core.people import Person
from bot.core.progress import Given
from bot.core.settings import Settings
from bot.core.spans import limits, span_named
from bot.core.summary import Summary, lines
from bot.core.update_forms import state
from bot.core.wording import full_day, named, speaks, wording

say = wording("pack")
checkin = wording("checkin")
updates = wording("updates")
SHOWN = 3  # of each kind, on a card
LONG = 600  # characters of each, there
TOLD = ("progress", "well", "way", "learn", "talk")  # questions of a check-in that are answered in words
RATED = ("energy", "workload")
ANY_YEAR = date.min  # a document is read in another year: periods are named with theirs


@dataclass(frozen=True, slots=True)
class GoalSoFar:
    """A goal as it stood when the time was over, or stands now, and what was said of it in that time."""

    goal: Goal
    words: tuple[Update, ...] = ()  # the earliest first, as in all of these
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Talked:
    """A finished check-in."""

    period: str
    at: datetime
    energy: int | None
    workload: int | None
    given: tuple[Given, ...]

    @property
    def answers(self) -> dict[str, str]:
        return {each.question: each.reply for each in self.given}


@dataclass(frozen=True, slots=True)
class Promise:
    """Something somebody said they would do, or learn: `kind` is then one of the kinds of learning."""

    words: str
    by: date | None  # None: no day was named
    state: str  # open, done, partly, not_yet, dropped
    learned: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one reader may see of somebody's time."""

    owner: Person
    span: str
    goals: tuple[GoalSoFar, ...] = ()
    checkins: tuple[Talked, ...] = ()
    kudos: tuple[Giving, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    promises: tuple[Promise, ...] = ()
    learning: tuple[Promise, ...] = ()
    names: tuple[tuple[str, str], ...] = ()  # of who said something of a goal, by id
    agreed: Summary | None = None  # what the two made of it

    @property
    def empty(self) -> bool:
        found = (self.goals, self.checkins, self.kudos, self.feedback, self.promises, self.learning, self.agreed)
        return not any(found)


def title(reader: Person, evidence: Evidence, today: date) -> str:
    span = span_named(evidence.span, speaks(reader), today)
    if reader.id == evidence.owner.id:
        return say(reader, "title_own", period=span)
    return say(reader, "title", who=evidence.owner.name, period=span)


def button(reader: Person, owner: str, span: str) -> Button:
    """The way to the whole pack."""
    return Button(say(reader, "button"), "pack.show", f"{owner}|{span}")


# On a card.


def parts(reader: Person, evidence: Evidence) -> tuple[Part, ...]:
    """The latest few of each kind, in the words that were said."""
    kudos, feedback = evidence.kudos, evidence.feedback
    found = [
        *listed(reader, say(reader, "card.goals"), [goal_line(reader, each) for each in evidence.goals]),
        *listed(reader, say(reader, "card.checkins"), [*talk_lines(reader, evidence.checkins)]),
        *listed(reader, say(reader, "card.kudos", n=len(kudos)), [thanks_line(reader, each) for each in kudos]),
        *listed(reader, say(reader, "card.feedback"), [said_line(reader, each) for each in feedback]),
        *listed(reader, say(reader, "card.promises"), [promise_line(reader, each) for each in evidence.promises]),
        *listed(reader, say(reader, "card.learning"), [promise_line(reader, each) for each in evidence.learning]),
    ]
    return tuple(found) or (Note(say(reader, "none")),)


def listed(reader: Person, heading: str, lines: list[str]) -> list[Part]:
    if not lines:
        return []
    more = len(lines) - SHOWN
    note: list[Part] = [Note(say(reader, "more", n=more))] if more > 0 else []
    return [Text(heading), *(Quote(short(line, LONG)) for line in lines[-SHOWN:]), *note]


def goal_line(reader: Person, each: GoalSoFar) -> str:
    """A goal with the last word of the time about it: the figure and its story."""
    own = [word for word in each.words if word.goal == each.goal.id]
    # An update may tell the confidence alone: the figure is then that of the one before.
    value = next((word.value for word in reversed(own) if word.value is not None), None)
    stands = state(reader, each.goal, value, own[-1].confidence) if own else ""
    words = " – ".join(filter(None, (stands, story(each))))
    if each.goal.state in ("achieved", "closed"):
        words = " – ".join(filter(None, (words, say(reader, f"state.{each.goal.state}"))))
    return say(reader, "line", title=short(each.goal.title), words=words or say(reader, "no_word"))


def story(each: GoalSoFar) -> str:
    return next((word.story for word in reversed(each.words) if word.story), "")


def talk_lines(reader: Person, checkins: Iterable[Talked]) -> Iterator[str]:
    """Of each check-in what went well, and the figures with what was behind them."""
    for each in checkins:
        lang, answers = speaks(reader), each.answers
        figures = [words for name in RATED if (words := rating(reader, each, name))]
        if lines := [*filter(None, (answers.get("well"),)), *figures]:
            yield say(reader, "line", title=named(each.period, lang), words="\n".join(lines))


def rating(reader: Person, talked: Talked, name: str) -> str:
    """`Energy 4 of 5: the words behind it`; "" where no number was said."""
    value = getattr(talked, name)
    if value is None:
        return ""
    words = talked.answers.get(f"{name}_story") or say(reader, "no_story")
    return say(reader, "line", title=say(reader, "rating", what=checkin(reader, f"short.{name}"), n=value), words=words)


def thanks_line(reader: Person, giving: Giving) -> str:
    return say(reader, "line", title=giving.giver.name, words=giving.words or say(reader, "emoji_only"))


def said_line(reader: Person, given: Feedback) -> str:
    words = " – ".join(filter(None, (given.words.behaviour, given.words.impact)))
    return say(reader, "line", title=given.giver.name, words=words)


def promise_line(reader: Person, promise: Promise) -> str:
    return say(reader, "promise", words=promise.words, state=say(reader, f"state.{promise.state}"))


# As a document.


def document(reader: Person, evidence: Evidence, at: datetime, settings: Settings) -> Document:
    """All of it. `at` (aware): when it was put together."""
    lang, today = speaks(reader), reader.day_of(at)
    first, last = (full_day(day, lang) for day in limits(evidence.span))
    own = reader.id == evidence.owner.id
    intro = (
        say(reader, "from_to", first=first, last=last, day=full_day(today, lang)),
        say(reader, "seen_own") if own else say(reader, "seen", who=evidence.owner.name, you=reader.name),
    )
    sections = (
        ("agreed", [agreed_entry(reader, evidence.agreed, settings)] if evidence.agreed else []),
        ("goals", [goal_entry(reader, evidence, each) for each in evidence.goals]),
        ("checkins", [talk_entry(reader, each) for each in evidence.checkins]),
        ("kudos", [thanks_entry(reader, each) for each in evidence.kudos]),
        ("feedback", [feedback_entry(reader, each) for each in evidence.feedback]),
        ("promises", [promise_entry(reader, each) for each in evidence.promises]),
        ("learning", [promise_entry(reader, each) for each in evidence.learning]),
    )
    shown = tuple(Section(say(reader, f"sections.{name}"), tuple(found)) for name, found in sections if found)
    none = () if shown else (say(reader, "none"),)
    return Document(title(reader, evidence, ANY_YEAR), lang, (*intro, *none), shown)


def day_of(reader: Person, at: datetime) -> str:
    return full_day(reader.day_of(at), speaks(reader))


def agreed_entry(reader: Person, agreed: Summary, settings: Settings) -> Entry:
    """What the two of them said yes to, and when; with what either added."""
    p, told = agreed.proposal, summary_cards.say
    who = {agreed.person.id: agreed.person.name, agreed.manager.id: agreed.manager.name}
    rows = [(who[agreed.person.id], agreed.person_at), (who[agreed.manager.id], agreed.manager_at)]
    said = [("", p.words)]
    for key, text in (("goals_line", p.goals), ("learning_line", p.learning)):
        if found := lines(text):
            said.append((told(reader, key), "\n".join(f"• {each}" for each in found)))
    if p.rating:
        step = settings.review.step(p.rating, speaks(reader), p.scale)
        said.append((told(reader, "rated", step=step, **summary_cards.about(reader, agreed)), p.reason))
    for author, words in agreed.remarks:
        said.append((told(reader, "remarked", who=who.get(author) or told(reader, "earlier")), words))
    yes = tuple((name, say(reader, "said_yes", day=day_of(reader, at))) for name, at in rows if at)
    return Entry("", yes, tuple(pair for pair in said if pair[1]))


def goal_entry(reader: Person, evidence: Evidence, each: GoalSoFar) -> Entry:
    goal, names = each.goal, dict(evidence.names)
    rows = [(goals(reader, "fact_why"), goal.why), (goals(reader, "fact_measure"), way(reader, goal))]
    rows.append((goals(reader, "fact_results"), "\n".join(result_line(reader, each) for each in goal.results)))
    rows.append((goals(reader, "fact_due"), full_day(goal.due, speaks(reader)) if goal.due else ""))
    rows = [row for row in rows if row[1]]
    if now := state(reader, goal, goal.value, goal.confidence):
        rows.append((say(reader, "facts.now"), now))
    if goal.state in ("achieved", "closed"):
        rows.append((say(reader, "facts.state"), say(reader, f"state.{goal.state}")))
    told: list[Update | Change] = [*each.words, *each.changes]
    said = [told_of(reader, goal, one, names) for one in sorted(told, key=lambda one: (one.at, one.id))]
    if goal.learned:
        said.append((say(reader, "facts.learned"), goal.learned))
    return Entry(goal.title, tuple(rows), tuple(said) or (("", say(reader, "no_word")),))


def told_of(reader: Person, goal: Goal, entry: Update | Change, names: dict[str, str]) -> tuple[str, str]:
    """What it was, and the words; of one without words only what it was."""
    titles = {each.id: each.title for each in goal.results}
    head = {"day": day_of(reader, entry.at), "who": names.get(entry.author, "")}
    if isinstance(entry, Change):
        what, words = change(reader, goal, entry, titles, head), entry.reason
    else:
        about = next((each for each in goal.results if each.id == entry.goal), goal)
        shown = state(reader, about, entry.value, entry.confidence)
        shown = say(reader, "line", title=short(about.title), words=shown) if shown and about is not goal else shown
        what = updates(reader, "entry_state", state=shown, **head) if shown else updates(reader, "entry_head", **head)
        words = entry.story
    return (what, words) if words else ("", what)


def talk_entry(reader: Person, each: Talked) -> Entry:
    said = [(checkin(reader, f"short.{each.question}"), each.reply) for each in each.given if each.question in TOLD]
    said += [(given.asked, given.reply) for given in each.given if given.question.startswith("team")]
    for name in RATED:
        if (value := getattr(each, name)) is not None:
            heading = say(reader, "rating", what=checkin(reader, f"short.{name}"), n=value)
            said.append((heading, each.answers.get(f"{name}_story") or say(reader, "no_story")))
    month = span_named(each.period, speaks(reader), ANY_YEAR)
    return Entry(month, (), tuple(pair for pair in said if pair[1]))


def thanks_entry(reader: Person, giving: Giving) -> Entry:
    rows = [(say(reader, "facts.from"), giving.giver.name)]
    if giving.values:
        rows.append((say(reader, "facts.values"), " ".join(f"#{value}" for value in giving.values)))
    return Entry(day_of(reader, giving.at), tuple(rows), (("", giving.words or say(reader, "emoji_only")),))


def feedback_entry(reader: Person, given: Feedback) -> Entry:
    rows = [(say(reader, "facts.from"), given.giver.name)]
    if question := given.question_for(reader):
        rows.append((say(reader, "facts.question"), question))
    said = tuple((say(reader, f"facts.{name}"), words) for name, words in given.words.rows)
    return Entry(day_of(reader, given.at), tuple(rows), said)


def promise_entry(reader: Person, promise: Promise) -> Entry:
    lang = speaks(reader)
    rows = [(say(reader, "facts.kind"), say(reader, f"kind.{promise.kind}"))] if promise.kind else []
    if promise.by:
        rows.append((say(reader, "facts.by"), full_day(promise.by, lang)))
    rows.append((say(reader, "facts.state"), say(reader, f"state.{promise.state}")))
    said = (("", promise.words), *(((say(reader, "facts.learned"), promise.learned),) if promise.learned else ()))
    return Entry("", tuple(rows), said)
