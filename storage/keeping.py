"""What is kept of people, a rule for each table: how they get it, what erasing them does to it, how long it stays.

`storage/export.py`, `storage/erasure.py` and `storage/retention.py` read this table and know no other: who adds a table
adds a rule, and a test says so where one is missing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Table, TypeDecorator, and_, or_

from storage.schema import metadata

# What becomes of a row when the person in this column is erased.
# goes: it is deleted. stays: it was given to somebody else, who keeps it without the name, unless the person takes that
# away too. nameless: it always stays without the name. empty: the column is emptied.
Verb = Literal["goes", "stays", "nameless", "empty"]


@dataclass(frozen=True, slots=True)
class Who:
    """A column that holds a person's id. `section`: where in their export its rows stand; "": not by this column."""

    erased: Verb
    section: str = ""
    only: Callable[[Any], ColumnElement[bool]] | None = None  # which of them, by the table's columns; None: all


@dataclass(frozen=True, slots=True)
class Aged:
    """Rows go so long after the moment or day in `column`; while that is empty, and unless `over`, they are open."""

    kind: str  # a field of bot.core.settings.Retention
    column: str
    over: Callable[[Any], ColumnElement[bool]] | None = None  # of the table's columns


@dataclass(frozen=True, slots=True)
class Rule:
    people: Mapping[str, Who] = field(default_factory=dict)
    why: str = ""  # a table that is not exported: for what reason
    hide: frozenset[str] = frozenset()  # columns that say nothing to a person
    # (column, table): gone with that row, and exported with it to whom the first column of its `people` names
    within: tuple[tuple[str, str], ...] = ()
    lost: Callable[[Any, str], ColumnElement[bool]] | None = None  # rows nobody could read without this person
    account: str = ""  # a column that holds an account of the row's workspace: erased with it
    topics: tuple[str, ...] = ()  # of messages about a row, with its columns in them; one that ends in ":" begins so
    loose: tuple[str, ...] = ()  # columns with ids of the same table, emptied when that row goes
    aged: tuple[Aged, ...] = ()
    stays: str = ""  # a table that does not age: for what reason


def hide(*names: str) -> frozenset[str]:
    return frozenset(names)


PLATFORM = "the platform's own words, taken anew from it"
ADDRESS = "where to reach somebody or something; no words"
COMPANY = "the company's, nobody's in particular"
REVIEWED = ("review", "preparing")
TIMED = ("checkin", "review")  # dialogues about a period: when that is over they are closed, answered or not
IDLE = ("open", "paused")


def _about_nothing(c: Any) -> ColumnElement[bool]:
    return or_(c.verb != "post", and_(c.about.is_(None), c.thread_topic.is_(None)))


RULES: Mapping[str, Rule] = {
    "people": Rule(
        {"id": Who("goes", "profile"), "manager": Who("empty"), "manager_asked": Who("empty")},
        hide=hide("company", "workspace", "account", "calendar", "bot", "guest", "gone", "first_kudos", "unmet",
                  "profiled_at", "name_chosen", "lang_chosen", "zone_chosen", "country_chosen", "manager_from"),
        topics=("manager:{id}:", "invite:{id}:", "oneonone.card:{id}:"),
        stays="while they work here",
    ),
    "accounts": Rule(
        {"person": Who("goes", "accounts")}, hide=hide("guest", "gone", "seen"), stays="with its person"
    ),
    "checkins": Rule({"person": Who("goes", "checkins")}, aged=(Aged("checkins", "at"),)),
    "open_points": Rule({"person": Who("goes", "points")}, aged=(Aged("checkins", "settled_at"),)),
    "dialogues": Rule(
        {"person": Who("goes", "talks")},
        hide=hide("seeds", "thread"),
        topics=("{id}", "shared:{id}", "done:{id}"),
        aged=(
            Aged("checkins", "touched", lambda c: c.dialogue == "checkin"),
            Aged("reviews", "touched", lambda c: c.dialogue.in_(REVIEWED)),
            Aged("grow", "touched", lambda c: and_(c.dialogue.not_in((*TIMED, *REVIEWED)), c.state.not_in(IDLE))),
        ),
    ),
    "shares": Rule(
        {"person": Who("goes", "shares"), "reader": Who("goes", "shared_with_me")},
        within=(("about", "dialogues"),),
        hide=hide("about"),
        stays="with what is shared",
    ),
    "remarks": Rule(
        {"author": Who("stays", "remarks"), "reader": Who("nameless", "remarks")},
        within=(("about", "dialogues"), ("about", "feedback"), ("about", "summaries")),
        hide=hide("about"),
        topics=("{id}",),
        aged=(Aged("checkins", "at"),),
    ),
    "agenda": Rule(
        {"person": Who("goes", "agenda"), "manager": Who("goes", "agenda"), "author": Who("nameless")},
        hide=hide("source"),
        aged=(Aged("checkins", "done_at"),),
    ),
    "promises": Rule(
        {"person": Who("goes", "promises"), "other": Who("nameless", "promises")},
        hide=hide("source"),
        topics=("meeting.told:{source}",),
        aged=(Aged("checkins", "closed_at"),),
    ),
    "notes": Rule(
        {"author": Who("goes", "notes"), "about": Who("nameless")},
        stays="until their author removes them",
    ),
    "oneonones": Rule(
        {"one": Who("goes", "oneonones"), "other": Who("goes", "oneonones")},
        topics=("oneonone.proposed:{id}",),
        aged=(Aged("rhythm", "decided_at", lambda c: c.state.in_(("declined", "ended"))),),
    ),
    "meetings": Rule(
        {"one": Who("goes", "meetings"), "other": Who("goes", "meetings")},
        hide=hide("pair", "day"),
        aged=(Aged("checkins", "said_at"),),
    ),
    "commitments": Rule(
        {"person": Who("goes", "commitments")}, hide=hide("thread"), aged=(Aged("grow", "closed_at"),)
    ),
    "reviews": Rule({"person": Who("goes", "reviews")}, aged=(Aged("reviews", "at"),)),
    "summaries": Rule(
        {"person": Who("goes", "summaries"), "manager": Who("nameless", "summaries")},
        hide=hide("version", "scale"),
        topics=("{id}", "summary.ready:{id}", "summary.asked:{id}:{person}", "summary.asked:{id}:{manager}"),
        aged=(Aged("reviews", "closed_at"),),
    ),
    "learning": Rule(
        {"person": Who("goes", "learning")},
        hide=hide("source", "aspiration"),
        topics=("{id}", "learning.card:{id}"),
        aged=(Aged("growth", "closed_at"),),
    ),
    "expectations": Rule(
        {"person": Who("goes", "expectations"), "author": Who("nameless", "expectations_written")},
        topics=("expectation.told:{id}", "expectation.sent:{id}"),
        aged=(Aged("growth", "replaced_at"),),
    ),
    "aspirations": Rule(
        {"person": Who("goes", "aspirations"), "reader": Who("empty")},
        topics=("aspiration.shared:{id}",),
        aged=(Aged("growth", "closed_at"),),
    ),
    "skills": Rule({"person": Who("goes", "skills")}, stays="until the person takes it off"),
    "skill_views": Rule(
        {"rater": Who("goes", "skill_views")}, within=(("skill", "skills"),), hide=hide("skill"), stays="with its skill"
    ),
    "mentor_offers": Rule(
        {"person": Who("goes", "mentor_offers")}, hide=hide("company"), aged=(Aged("growth", "closed_at"),)
    ),
    "mentorings": Rule(
        {"mentor": Who("goes", "mentorings"), "mentee": Who("goes", "mentorings")},
        hide=hide("offer"),
        topics=("mentoring:{id}:{mentor}", "mentoring:{id}:{mentee}"),
        aged=(Aged("growth", "ended_at"),),
    ),
    "improvements": Rule(
        {"person": Who("goes", "improvements"), "manager": Who("nameless")},
        hide=hide("waiting", "round"),
        topics=("improvement.person:{id}:{person}", "improvement.manager:{id}:{manager}"),
        aged=(Aged("growth", "ended_at"),),
    ),
    "improvement_promises": Rule(
        {"promiser": Who("nameless", "improvement_promises")},
        within=(("plan", "improvements"),),
        hide=hide("plan"),
        stays="with its plan",
    ),
    "improvement_lines": Rule(
        {"author": Who("nameless", "improvement_lines")},
        within=(("plan", "improvements"),),
        hide=hide("plan"),
        stays="with its plan",
    ),
    "team_plans": Rule(
        {"lead": Who("nameless", "team_plans")},
        hide=hide("company"),
        topics=("teamplan.card:{id}",),
        aged=(Aged("growth", "closed_at"),),
    ),
    "team_looks": Rule(
        {"author": Who("stays", "team_looks")},
        within=(("plan", "team_plans"),),
        hide=hide("plan"),
        stays="with its plan",
    ),
    "kudos": Rule(
        {"receiver": Who("goes", "kudos_received"), "giver": Who("stays", "kudos_given")},
        hide=hide("giving", "day", "workspace", "conversation", "thread", "source", "emojis", "joins"),
        aged=(Aged("kudos", "at"),),
    ),
    "goals": Rule(
        {"person": Who("goes", "goals"), "set_by": Who("nameless")},
        hide=hide("company", "parent", "objective", "silent", "asked_at", "aspiration"),
        topics=("{id}", "goal.card:{id}", "goal.offer:{id}", "goal.closed:{id}", "goal.celebrated:{id}"),
        loose=("parent", "objective"),
        aged=(Aged("goals", "closed_at"),),
    ),
    "goal_updates": Rule(
        {"author": Who("stays", "goal_updates")},
        within=(("goal", "goals"),),
        hide=hide("goal"),
        stays="with its goal",
    ),
    "goal_changes": Rule(
        {"author": Who("stays", "goal_changes")},
        within=(("goal", "goals"),),
        hide=hide("goal"),
        stays="with its goal",
    ),
    "feedback": Rule(
        {
            "receiver": Who("goes", "feedback_received", lambda c: c.seen_by != "manager"),
            "giver": Who("stays", "feedback_given"),
            "manager": Who("nameless", "feedback_seen", lambda c: c.seen_by != "receiver"),
        },
        hide=hide("request"),
        lost=lambda c, person: and_(c.manager == person, c.seen_by == "manager"),
        topics=("feedback.got:{id}", "feedback.given:{id}", "feedback.seen:{id}"),
        aged=(Aged("feedback", "at"),),
    ),
    "feedback_requests": Rule(
        {"by": Who("goes", "feedback_requests"), "about": Who("goes", "feedback_requests")},
        topics=("feedback.asked:{id}:{by}", "feedback.asked:{id}:{about}"),
        aged=(Aged("feedback", "closed_at"),),
    ),
    "feedback_asked": Rule(
        {"person": Who("goes", "feedback_asked")},
        within=(("request", "feedback_requests"),),
        hide=hide("request"),
        topics=("feedback.asked:{request}:{person}",),
        stays="with its request",
    ),
    "nudges": Rule(
        {"person": Who("goes", "nudges")},
        hide=hide("tries"),
        aged=(Aged("rhythm", "due_at", lambda c: c.state != "owed"),),
    ),
    "tips": Rule({"person": Who("goes", "tips")}, aged=(Aged("rhythm", "at"),)),
    "absences": Rule({"person": Who("goes", "absences")}, aged=(Aged("rhythm", "last"),)),
    "followups": Rule(
        {"person": Who("goes", "followups")},
        hide=hide("about", "planned"),
        aged=(Aged("rhythm", "day", lambda c: c.planned),),
    ),
    "attention": Rule(
        {"person": Who("goes")}, why="how many messages they had this week; no words", stays="a line for each person"
    ),
    "held": Rule(
        {"person": Who("goes")},
        why="what waits to be said; it stands with what it tells of",
        aged=(Aged("rhythm", "at"),),
    ),
    "homes": Rule(
        {"person": Who("goes")},
        why="when the home was last looked at; what stands there is kept elsewhere",
        aged=(Aged("rhythm", "shown_at"),),
    ),
    "review_cycles": Rule({"by": Who("nameless")}, why=COMPANY, aged=(Aged("reviews", "until"),)),
    "settings_log": Rule({"by": Who("nameless")}, why=COMPANY, aged=(Aged("audit", "at"),)),
    "company_settings": Rule({"by": Who("nameless")}, why=COMPANY, stays=COMPANY),
    "catalogue": Rule(why=COMPANY, stays=COMPANY),
    "cadences": Rule({"manager": Who("goes", "cadence")}, stays="until it is changed"),
    "audit": Rule(
        {"actor": Who("nameless", "audit"), "person": Who("nameless", "audit")},
        hide=hide("record"),
        aged=(Aged("audit", "at"),),
    ),
    "events": Rule(why="ids of what came in, so that nothing happens twice; no words", aged=(Aged("traffic", "at"),)),
    "outbox": Rule(
        why="what we said stands in the chat; the words leave here once they are sent",
        # Where a message stands that has a subject is kept for as long as that can be: it may have to be taken back.
        aged=(
            Aged("traffic", "sent_at", _about_nothing),
            Aged("traffic", "failed_at"),
            Aged("longest", "sent_at"),
        ),
    ),
    "pauses": Rule(why=ADDRESS, account="conversation", aged=(Aged("traffic", "until"),)),
    "budgets": Rule(why=COMPANY, stays="a line for each workspace"),
    "unreachable": Rule(why=ADDRESS, account="conversation", aged=(Aged("traffic", "until"),)),
    "teams_files": Rule(why="a document on its way, for a day", account="account", aged=(Aged("traffic", "until"),)),
    "installations": Rule({"who": Who("nameless")}, why=COMPANY, stays="until it was gone for retention.uninstalled"),
    "slack_grants": Rule(why="the company's own token, sealed; nobody's in particular", stays="while we are installed"),
    "slack_states": Rule(why="a digest, for ten minutes", aged=(Aged("traffic", "until"),)),
    "syncs": Rule(why=PLATFORM, stays=PLATFORM),
    "user_groups": Rule(why=PLATFORM, stays=PLATFORM),
    "channels": Rule(why=ADDRESS, stays=ADDRESS),
    "teams_conversations": Rule(why=ADDRESS, account="conversation", stays=ADDRESS),
    "teams_accounts": Rule(why=PLATFORM, account="account", stays=PLATFORM),
}  # fmt: skip


@cache
def ruled() -> tuple[tuple[Table, Rule], ...]:
    """Every table with its rule, those that others hang on first. LookupError for a table that has none."""
    tables = metadata().sorted_tables
    if lacking := [each.name for each in tables if each.name not in RULES]:
        raise LookupError(f"storage/keeping.py has no rule for {', '.join(lacking)}")
    return tuple((each, RULES[each.name]) for each in tables)


def of(name: str) -> tuple[Table, Rule]:
    """A table by its name, with its rule."""
    return metadata().tables[name], RULES[name]


def holds(column: Column[Any]) -> type:
    """The kind of its values: str, datetime, … SQLModel's own type of moments does not say it."""
    kind = column.type
    found: type = (kind.impl_instance if isinstance(kind, TypeDecorator) else kind).python_type
    return found


def sections() -> tuple[str, ...]:
    """The parts of an export, in their order."""
    named = (who.section for rule in RULES.values() for who in rule.people.values() if who.section)
    return tuple(dict.fromkeys(named))
