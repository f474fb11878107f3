"""What people do with what they are shown: tables, one line a button, one a form."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from bench.year.company import Human
from bot.core.cards import Form

if TYPE_CHECKING:
    from tests.faults.quarter.folk import Folk

SOME_DAY = "On 3 March in the stand-up, "  # feedback wants a moment that both can remember


class Wait(NamedTuple):
    """Minutes until somebody gets round to it."""

    least: int
    most: int


REMARKS, JOINS = 0.04, 0.2  # of messages: people say something in their thread; of posts: somebody joins in
HOURS, NEXT_DAY, DAYS = Wait(5, 300), Wait(60 * 20, 60 * 28), Wait(60 * 24, 60 * 24 * 5)

# Of a card with one of these buttons, one is pressed, with these chances; what is left of 1: it is let be. The first
# group that a card has something of counts.
PRESSED: tuple[Mapping[str, float], ...] = (
    {"digest.show": 1.0},
    {"feedback.answer": 0.6, "feedback.decline": 0.2},
    {"goals.accept": 0.6, "goals.decline": 0.4},
    {"shared.reply": 0.3, "shared.thank": 0.3, "shared.agenda": 0.1, "shared.ask": 0.05},
    {"shared.asked": 0.8},
    {"feedback.thank": 0.4, "feedback.reply": 0.1},
    {"goals.celebrate": 0.5},
    {"goals.still": 0.2, "goals.update": 0.5},
    {"grow.accept": 0.7, "grow.decline": 0.3},
    # A review: the manager prepares, either writes it down, both say yes, and it is taken along.
    {"preparing.start": 0.35, "preparing.ready": 0.65},
    {"summary.goals": 0.5, "summary.learning": 0.3, "summary.carry": 0.2},
    {"summary.agree": 0.8, "summary.remark": 0.08, "summary.show": 0.5},
    {"summary.form": 0.7, "summary.agenda": 0.1},
    {"summary.remark": 0.05},
    {"summary.show": 1.0},
    # Development.
    {"expectations.earlier": 0.2, "expectations.remark": 0.2, "expectations.seen": 0.5},
    {"expectations.right": 0.5, "expectations.form": 0.3, "rhythm.snooze": 0.2},
    {"expectations.team": 1.0, "expectations.show": 0.5},
    {"aspirations.look": 0.3, "aspirations.still": 0.3, "aspirations.form": 0.3, "rhythm.snooze": 0.1},
    {"aspirations.link": 0.3, "aspirations.share": 0.2, "aspirations.move": 0.1},
    {"aspirations.agenda": 0.2},
    {"skills.rate": 0.9, "skills.form": 0.9},
    {"skills.show": 0.9},
    {"learning.done": 0.6, "learning.later": 0.2, "learning.drop": 0.2},
    {"mentors.accept": 0.6, "mentors.decline": 0.3},
    {"mentors.on": 0.6},
    {"mentors.end": 0.03},
    {"mentors.withdraw": 0.1, "learning.form": 0.2},
    {"mentors.ask": 0.9},
    # An improvement plan.
    {"improvement.decline": 0.3, "improvement.read": 0.7},
    {"improvement.given": 0.6, "improvement.move": 0.3},
    {"improvement.conclude": 1.0},
    {"improvement.check": 0.9},
    {"improvement.view": 0.3, "improvement.change": 0.2, "improvement.promise": 0.2, "improvement.withdraw": 0.04},
    {"teamplan.look": 0.5, "teamplan.change": 0.15, "teamplan.measure": 0.05},
    {"teamplan.show": 0.05},
    {"cycle.close": 1.0},
    {"coach.show": 0.1, "rhythm.rest": 0.05},
    {"coach.stage": 0.3},
    {"review.start": 0.5, "preparing.board": 0.5},
    {"improvement.show": 0.8},
    # One-to-ones.
    {"meetings.agree": 0.9, "meetings.decline": 0.1},
    {"meetings.propose": 1.0},
    {
        "oneonone.done": 0.25,
        "oneonone.talked": 0.2,
        "oneonone.drop": 0.15,
        "oneonone.note": 0.15,
        "oneonone.forget": 0.1,
        "meetings.move": 0.08,
        "meetings.cancel": 0.06,
        "meetings.end": 0.01,
    },
    {"oneonone.point": 0.4},
    {"oneonone.show": 0.5},
)
# How a dialogue is gone through, by its name: by the form, question by question, put off, skipped; what is left of 1:
# not at all. "" is for those that stand nowhere else.
TALKED: Mapping[str, Mapping[str, float]] = {
    "checkin": {"form": 0.72, "thread": 0.06, "skip": 0.03, "snooze": 0.04, "late": 0.1},
    "review": {"form": 0.76, "thread": 0.04, "snooze": 0.04, "late": 0.16},
    "kudos": {"form": 0.5},
    "preparing": {"form": 0.85, "late": 0.15},
    "": {"form": 0.9, "thread": 0.1},
}

Answers = Callable[["Folk", Human, Form, datetime], Mapping[str, str]]


def goal(folk: "Folk", one: Human, form: Form, at: datetime) -> Mapping[str, str]:
    seen = folk.chance.choice(("everyone", "team", "team", "manager"))
    due = folk.day(at, 60, 250)
    own = {"kind": "measure", "measure": "from 40 to 10 calls", "for": "me", "parent": ""}
    return {**own, "due": due, "visibility": seen}


def word(folk: "Folk", one: Human, form: Form, at: datetime) -> Mapping[str, str]:
    return {"value": str(folk.chance.randrange(11, 39)), "confidence": "on_track"}


def feedback(folk: "Folk", one: Human, form: Form, at: datetime) -> Mapping[str, str]:
    return {"situation": folk.words.new(one.id, form.id, "situation", SOME_DAY)}


def plan(folk: "Folk", one: Human, form: Form, at: datetime) -> Mapping[str, str]:
    """An improvement plan that can be reached: a figure, and help that comes while there is time to use it."""
    goal = folk.words.new(one.id, form.id, "goal", "From 3 to 0 late reports a month: ")
    days = {"support_day": folk.day(at, 3, 20), "training_day": folk.day(at, 3, 25), "ends": folk.day(at, 30, 50)}
    return {"goal": goal, **days}


def meeting(folk: "Folk", one: Human, form: Form, at: datetime) -> Mapping[str, str]:
    """On a day on which both work, at an hour before and after which somebody is awake to ask them."""
    return {"weekday": folk.chance.choice("123"), "at": "14:30", "weeks": "4"}


HOW = ("done", "partly", "not_yet")
# What is answered otherwise than at random, by form; a dialogue's by its name.
ANSWERED: Mapping[str, Answers] = {
    "goals.form": goal,
    "goals.update": word,
    "goals.close": lambda folk, one, form, at: {"outcome": "achieved", "nothing": ""},
    "goals.adjust": lambda folk, one, form, at: {"due": folk.day(at, 60, 250), "target": "12", "current": ""},
    **dict.fromkeys(("feedback.form", "feedback.write", "feedback.answer"), feedback),
    "feedback.ask": lambda folk, one, form, at: {"about": "me"},
    "history.filter": lambda folk, one, form, at: {"kind": "all", "period": "all", "words": ""},
    "improvement.form": plan,
    "improvement.change": lambda folk, one, form, at: {"actions": folk.words.new(one.id, form.id, "actions")},
    "improvement.promise": lambda folk, one, form, at: {"day": folk.day(at, 1, 4)},
    "improvement.move": lambda folk, one, form, at: {"day": folk.day(at, 2, 5)},
    "improvement.conclude": lambda folk, one, form, at: {"outcome": folk.chance.choice(("reached", "partly"))},
    "meetings.rhythm": meeting,
    "meetings.move": lambda folk, one, form, at: {"day": folk.day(at, 1, 2), "at": "14:30"},
    "meetings": lambda folk, one, form, at: {"happened": "held" if folk.chance.random() < 0.85 else "missed"},
    "grow": lambda folk, one, form, at: {"day": folk.day(at, 5, 30)},
    "followup": lambda folk, one, form, at: {"how": folk.chance.choice(HOW), "next": "", "day": ""},
    "teamplan.form": lambda folk, one, form, at: {"figures": "from 5 to 2 days", "ends": folk.day(at, 40, 60)},
    "teamplan.look": lambda folk, one, form, at: {"value": "4"},
    "teamplan.measure": lambda folk, one, form, at: {"value": "3"},
    "teamplan.change": lambda folk, one, form, at: {"steps": folk.words.new(one.id, form.id, "steps")},
    "rhythm.rest": lambda folk, one, form, at: {"until": folk.day(at, 3, 6)},
    "admin.back": lambda folk, one, form, at: {"which": "values"},
    "cycle.form": lambda folk, one, form, at: {"until": folk.day(at, 8, 14)},
}
# Forms whose fields stay as they were shown.
KEPT = (
    *("rhythm.rest", "settings.form", "cadence.form", "admin.people", "admin.kudos", "admin.channel"),
    *("record.form"),
)
# Of what they see at once, these they press days later.
SLOW = (
    *("kudos.undo", "kudos.remove", "improvement.withdraw", "improvement.conclude", "teamplan.stop"),
    *("teamplan.measure", "mentors.close", "meetings.end", "meetings.cancel", "privacy.withdraw"),
)
# Pressed by nobody who only looks around.
NEVER = (
    *("erasure.ask", "erasure.form", "welcome.choose", "welcome.pilot", "rhythm.away", "people.manager"),
    *("cadence.save", "cycle.form"),
)
# What they are told after words of theirs that cannot open a form: a button that can.
FORMS = ("feedback.write", "goals.form", "learning.form", "feedback.ask", "kudos.form", "meetings.rhythm")
