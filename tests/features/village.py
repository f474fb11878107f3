"""A small company with one of every record, each in words of its own, and everybody who could want to read them.

`Village.press` drives any route of any feature by hand: what came of it is what arrived, and which tables it changed.
"""

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.event import listen

from bot.core.effects import Answer, OpenForm
from bot.core.events import Action, Command, Due, Met, Opened, Reaction, Remark, Reply, Shortcut, Submission
from bot.core.features import Routes
from bot.core.people import Person, Place, stranger
from bot.core.settings import Settings, Thresholds
from bot.core.summary import Proposal, Summary
from handlers import FEATURES
from storage.aspirations import AspirationRow
from storage.dialogues import DialogueRow
from storage.engine import Store
from storage.expectations import ExpectationRow
from storage.feedback import FeedbackRow
from storage.goals import GoalRow
from storage.improvement import ImprovementPromiseRow, ImprovementRow
from storage.kudos import KudosRow
from storage.learning import LearningRow
from storage.meetings import MeetingRow, OneOnOneRow
from storage.mentors import MentoringRow, MentorOfferRow
from storage.oneonone import AgendaRow, NoteRow, Promised, PromiseRow
from storage.people import Changed
from storage.requests import FeedbackRequestRow
from storage.skills import SkillRow
from storage.summaries import Kept, SummaryRow
from storage.teamplan import TeamPlanRow
from tests.conftest import HALL, SLACK, Desk, rows

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
OTHER = "slack:T2"
RULES = Settings.model_validate(
    {
        "people": {"pilot": ["nobody"]},
        "goals": {"celebrate": {SLACK: "C-wins"}},
        "kudos": {"leaderboard": True, "allowance": {"default": 99}},
        "messages": {"week": 0},
    }
)

# How each of them stands to Ana, whose records they are, and as whom the platform knows them.
CAST: Mapping[str, str] = {
    "self": "ana",
    "manager": "max",
    "former": "old",  # was Ana's manager while some of it was shared
    "above": "ida",  # manages Max
    "team": "ben",  # reports to Max, too
    "colleague": "cy",
    "giver": "fay",  # gave Ana feedback, and was asked for it
    "guest": "gus",
    "bot": "rob",
    "hr": "zoe",
    "admin": "ada",
    "leaver": "lea",  # reported to Max, and still has a session
    "other": "eve",
}
ROUTES = Routes(*FEATURES)
SILENT = ("events", "outbox", "pauses")  # what came in and what goes out
FREE = ["progress", "well", "way", "learn", "energy_story", "workload_story", "talk"]
FREE += ["goal", "reality", "options", "more_options", "will", "sure_story", "smaller"]
FREE += ["proud", "learned", "different", "next"]
FREE += ["did", "best", "hard", "offer", "ask"]
STORY = {"situation": "Yesterday in the meeting with the client at ten", "impact": "it helped us all"}
DAYS = {"first": "2026-01-01", "last": "2026-12-31"}

# A submission of each form as somebody would fill it in who means it.
FILLED: Mapping[str, Mapping[str, str]] = {
    "goals.form": {"title": "A goal that is new here", "kind": "milestone", "due": "2026-05-01", "why": "so"},
    "goals.update": {"value": "7", "done": "yes", "confidence": "off_track", "story": "it goes another way"},
    "goals.adjust": {"title": "Quite another goal than before", "reason": "so", "visibility": "everyone"},
    "goals.close": {"outcome": "achieved", "learned": "something"},
    "feedback.write": {**STORY, "behaviour": "you stayed calm", "seen_by": "receiver"},
    "feedback.answer": {**STORY, "behaviour": "you stayed calm", "seen_by": "both"},
    "feedback.reply": {"words": "tell me more"},
    "feedback.ask": {"question": "How do I do?", "about": "me"},
    "shared.reply": {"words": "tell me more"},
    "oneonone.point": {"words": "something to talk about"},
    "oneonone.note": {"words": "something to remember"},
    "oneonone.drop": {"word": "so"},
    "meetings.rhythm": {"weekday": "3", "at": "13:30", "weeks": "1"},
    "meetings.move": {"day": "2026-04-17", "at": "10:00"},
    "learning.form": {"words": "something new", "kind": "job", "day": "2026-05-01"},
    "learning.change": {"words": "something else", "kind": "rest", "day": "2026-05-02"},
    "learning.done": {"learned": "something"},
    "learning.drop": {"learned": "something"},
    "skills.form": {"names": "Quite another skill"},
    "mentors.offer": {"topic": "Another topic", "words": "gladly"},
    "mentors.ask": {"words": "so"},
    "mentors.decline": {"words": "so"},
    "mentors.end": {"words": "so"},
    "summary.form": {"words": "in other words"},
    "summary.remark": {"words": "something to add"},
    "expectations.form": {"words": "Quite other words than before", "news": "so"},
    "expectations.remark": {"remark": "something to add"},
    "aspirations.form": {"words": "Somewhere else", "share": "me"},
    "kudos.form": {"why": "for the help", "values": "care"},
    "settings.form": {"lang": "sv", "zone": "UTC", "days": "monday", "start": "09:00", "end": "17:00"},
    "cadence.form": {"on": "tuesday", "at": "10:00"},
    "admin.people": {**{name: str(n) for name, n in Thresholds()}, "first_days": "3", "stale_goal": "9"},
    "admin.kudos": {
        "values": "care, craft, play",
        "emojis": "tada",
        "allowance": "default: 7",
        "guests": "yes",
        "leaderboard": "no",
    },
    "admin.channel": {"recognition": "yes", "channels": "sv"},
    "admin.back": {"which": "values"},
    "history.filter": {"kind": "all", "period": "all", "words": "zq"},
    "record.form": DAYS,
    "pack.form": {"who": "ana", "span": "2026-Q2", "how": "page"},
    "cycle.form": {"until": "2026-06-30"},
    "erasure.form": {"word": "erase", "others": "take"},
    "improvement.form": {"whom": "ben"},
    "improvement.read": {"view": "so I see it"},
    "improvement.decline": {"decline": "let us talk"},
    "improvement.change": {
        **dict.fromkeys(("assessment", "examples", "measure", "actions"), "quite other words than before"),
        "goal": "Quite another goal than before",
        "ends": "2026-07-01",
        "why": "so",
    },
    "improvement.promise": {"kind": "training", "promise": "a course", "day": "2026-05-01"},
    "improvement.move": {"day": "2026-05-02", "why": "so"},
    "improvement.check": {"standing": "forward", "check": "it moves"},
    "improvement.view": {"view": "so I see it"},
    "improvement.conclude": {"outcome": "reached", "reason": "all of it"},
    "improvement.withdraw": {"withdraw": "so"},
    "teamplan.form": {
        **dict.fromkeys(("compared", "steps", "learns"), "words"),
        "way": "another way",
        "figures": "from 9 to 3 days",
        "ends": "2026-06-01",
    },
    "teamplan.look": {"value": "7", "look": "it moves"},
    "teamplan.measure": {"value": "3", "measure": "it went well"},
    "teamplan.change": {
        **dict.fromkeys(("compared", "steps", "learns"), "other words"),
        "ends": "2026-07-01",
        "why": "so",
    },
    "teamplan.stop": {"stop": "so"},
    "rhythm.away": {"first": "2026-05-01", "last": "2026-05-02"},
    "rhythm.rest": {"rhythm": "checkin", "how": "1"},
}


def mark(record: str) -> str:
    """The word that stands in a record, and nowhere else."""
    return f"zq{record.replace('_', '')}zq"


def marks(text: str, records: Iterable[str]) -> set[str]:
    return {record for record in records if mark(record) in text}


@dataclass(frozen=True)
class Came:
    """What came of a press: all that its actor was answered, sent or shown, and which tables it changed."""

    told: str
    elsewhere: Mapping[str, str]  # by conversation: what others were sent
    changed: frozenset[str]
    answer: Answer | None


@dataclass
class Village:
    desk: Desk
    path: Path
    ids: dict[str, str] = field(default_factory=dict)  # by record
    people: dict[str, Person] = field(default_factory=dict)  # by id
    seen: int = 0  # of the outbox
    kept: dict[str, list[Any]] = field(default_factory=dict)  # as it was before the next press

    def who(self, relation: str) -> Person:
        """As a payload names them."""
        someone = self.people[CAST[relation]]
        return stranger(someone.workspace, someone.account)

    # -- what there is

    async def built(self) -> "Village":
        await self._people()
        await self._goals()
        await self._feedback()
        await self._talks()
        await self.expect("x_old", "old")
        await self._thanks()
        store = self.desk.store
        async with store.transaction() as session:  # at last: Ana reports to Max now, and Lea has left
            for each in ("ana", "lea", "ben"):
                await Changed(each, {"manager": "max"}).save(session)
            await Changed("lea", {"gone": True}).save(session)
        self.desk.later(minutes=1)
        await self._under_max()
        await self._growth()
        await self.desk.deliver()
        return self

    async def _people(self) -> None:
        person = self.desk.person
        more: dict[str, dict[str, Any]] = {
            "max": {"manager": "ida", "team": "Care", "role": "manager"},
            "ana": {"manager": "old", "team": "Care"},
            "ben": {"manager": "old", "team": "Care"},
            "lea": {"manager": "old"},
            "cy": {"team": "Ops"},
            "gus": {"guest": True, "team": "Care"},
            "rob": {"bot": True, "team": "Care"},
            "zoe": {"role": "hr"},
            "ada": {"role": "admin"},
            "eve": {"workspace": OTHER, "role": "hr"},
        }
        for each in ("ida", "old", "max", "ana", "ben", "lea", "cy", "fay", "gus", "rob", "zoe", "ada", "eve"):
            self.people[each] = await person(each.capitalize(), **more.get(each, {}))

    async def goal(self, record: str, setter: str, **answers: str) -> None:
        words = {"title": f"{mark(record)} is what we want", "why": mark(record), "due": "2026-06-01"}
        form = {**words, "kind": "measure", "start": "1", "target": "9", **answers}
        refused = await self.desk.submit(self._p(setter), "goals.form", answers=form)
        assert refused is None, refused
        [row] = await self._with(GoalRow, "title", record)
        self.ids[record] = row.id

    async def _goals(self) -> None:
        for record, visibility in (("g_open", "everyone"), ("g_team", "team"), ("g_private", "manager")):
            await self.goal(record, "ana", visibility=visibility)
            await self.say_of(record)
        await self.goal("g_done", "ana", visibility="everyone", kind="milestone", start="", target="")
        await self.desk.submit(self._p("ana"), "goals.close", self.ids["g_done"], answers=FILLED["goals.close"])
        await self.goal("g_left", "lea", visibility="everyone")
        await self.goal("g_company", "zoe", visibility="everyone", **{"for": "company"})

    async def say_of(self, record: str) -> None:
        word = {"value": "3", "confidence": "at_risk", "story": mark(f"u{record[1:]}")}
        assert await self.desk.submit(self._p("ana"), "goals.update", self.ids[record], answers=word) is None

    async def _feedback(self) -> None:
        await self.give("f_only", "receiver")
        await self.give("f_old", "both")
        await self.ask("q_own", "ana", "me")

    async def give(self, record: str, seen_by: str) -> None:
        opened = await self.desk.command(self._p("fay"), "feedback", mentions=(self._p("ana"),))
        assert isinstance(opened, OpenForm)
        words = {**STORY, "behaviour": mark(record), "seen_by": seen_by}
        given = await self.desk.submit(self._p("fay"), opened.form.id, opened.form.value, answers=words, opens=True)
        assert given is None, given
        [row] = await self._with(FeedbackRow, "behaviour", record)
        self.ids[record] = row.id

    async def ask(self, record: str, by: str, about: str, *whom: str) -> None:
        asked = tuple(self._p(each) for each in (whom or ("fay",)))
        answers = {"question": f"{mark(record)}?", "about": about}
        refused = await self.desk.submit(self._p(by), "feedback.ask", answers=answers, people={"whom": asked})
        assert refused is None, refused
        [row] = await self._with(FeedbackRequestRow, "question", record)
        self.ids[record] = row.id

    async def _talks(self) -> None:
        await self.talk("t_old", "checkin", "manager")
        await self.point("o_old", "old")

    async def _quarters(self) -> None:
        """What Ana and the manager before agreed, and what Max proposes to her now; his own notes are his."""
        old = Summary(
            id="summary:old", person=self.people["ana"], manager=self.people["old"], period="2026-Q1",
            at=TUESDAY, state="agreed", version=1, proposed="manager", closed_at=TUESDAY,
            proposal=Proposal(mark("r_old"), "Lead a project", "Read one book"),
        )  # fmt: skip
        async with self.desk.store.transaction() as session:
            await Kept(old).save(session)
        max = self._p("max")
        await self.desk.act(max, "preparing.start", "ana")
        [notes] = await rows(self.desk.store, DialogueRow, dialogue="preparing")
        answers = {**dict.fromkeys(FREE, mark("n_max")), "share": "me"}
        assert await self.desk.submit(max, "talk.fill", notes.id, answers=answers) is None
        [new] = await rows(self.desk.store, SummaryRow, period="2026-Q2")
        words = {"words": mark("r_max")}
        assert await self.desk.submit(max, "summary.form", f"{new.id}|0", answers=words) is None
        self.ids |= {"r_old": old.id, "r_max": new.id, "n_max": notes.id}

    async def talk(self, record: str, name: str, share: str) -> None:
        known = {row.id for row in await rows(self.desk.store, DialogueRow)}
        await self.desk.command(self._p("ana"), name)
        [id] = {row.id for row in await rows(self.desk.store, DialogueRow)} - known
        answers = {**dict.fromkeys(FREE, mark(record)), "energy": "2", "workload": "4", "sure": "3"}
        answers |= {"day": "2026-05-01", "share": share}
        await self.desk.submit(self._p("ana"), "talk.fill", id, answers=answers)
        self.ids[record] = str(id)

    async def _thanks(self) -> None:
        for record, place in (("k_open", HALL), ("k_private", Place(SLACK, "G1", kind="private"))):
            thanks = f"{mark(record)} #care"
            await self.desk.command(self._p("fay"), "kudos", thanks, place, mentions=(self._p("ana"),))
            [row] = await self._with(KudosRow, "words", record)
            self.ids[record] = row.giving

    async def _under_max(self) -> None:
        """What came about since Max manages her."""
        await self.expect("x_max", "max")
        await self.wish("w_private", "me")
        await self.wish("w_max", "manager")
        await self.talk("t_private", "grow", "me")
        await self.talk("t_max", "review", "manager")
        await self._plans()
        await self._quarters()
        await self._oneonones()
        await self.give("f_both", "both")
        await self.goal("g_offered", "max", **{"for": "ana"})
        await self.goal("g_ours", "max", visibility="team", **{"for": "team"})
        await self.ask("q_max", "max", "ana", "fay", "cy")
        opened = await self.desk.act(self._p("fay"), "feedback.answer", self.ids["q_max"])
        assert isinstance(opened, OpenForm)
        words = {**STORY, "behaviour": mark("f_max"), "seen_by": "manager"}
        done = await self.desk.submit(self._p("fay"), opened.form.id, opened.form.value, answers=words, opens=True)
        assert done is None, done
        [row] = await self._with(FeedbackRow, "behaviour", "f_max")
        self.ids["f_max"] = row.id

    async def expect(self, record: str, manager: str) -> None:
        """What this manager expects of Ana, who has a word to say to it."""
        opened = await self.desk.act(self._p(manager), "expectations.form", "ana")
        assert isinstance(opened, OpenForm)
        words = {"words": mark(record)}
        assert await self.desk.submit(self._p(manager), opened.form.id, opened.form.value, answers=words) is None
        [row] = await self._with(ExpectationRow, "words", record)
        self.ids[record] = row.id
        if record == "x_old":
            said = FILLED["expectations.remark"]
            assert await self.desk.submit(self._p("ana"), "expectations.remark", row.id, answers=said) is None

    async def wish(self, record: str, share: str) -> None:
        words = {"words": mark(record), "share": share}
        assert await self.desk.submit(self._p("ana"), "aspirations.form", answers=words) is None
        [row] = await self._with(AspirationRow, "words", record)
        self.ids[record] = row.id

    async def point(self, record: str, whom: str) -> None:
        """On Ana's list with somebody."""
        await self.desk.command(self._p("ana"), "oneonone", mark(record), mentions=(self._p(whom),))
        [row] = await self._with(AgendaRow, "words", record)
        self.ids[record] = row.id

    async def _oneonones(self) -> None:
        """What Ana and Max have between them, what each keeps to themselves, and what Ana has proposed to Fay."""
        await self.point("o_point", "max")
        for record, who, about in (("o_note", "ana", "max"), ("o_his", "max", "ana")):
            words = {"words": mark(record)}
            assert await self.desk.submit(self._p(who), "oneonone.note", about, answers=words) is None
            [row] = await self._with(NoteRow, "words", record)
            self.ids[record] = row.id
        for record, whom in (("o_pair", "max"), ("o_asked", "fay")):
            await self.desk.act(self._p("ana"), "meetings.propose", f"{whom}|2026-04-16|1|13:30|UTC")
            [row] = await rows(self.desk.store, OneOnOneRow, other=whom)
            self.ids[record] = row.id
        await self.desk.act(self._p("max"), "meetings.agree", self.ids["o_pair"])
        [meeting] = await rows(self.desk.store, MeetingRow)
        promised = Promised("the talk before", "ana", "max", (("ana", mark("o_promise")),), self.desk.now)
        async with self.desk.store.transaction() as session:
            await promised.save(session)
        [promise] = await self._with(PromiseRow, "words", "o_promise")
        self.ids |= {"o_meet": meeting.id, "o_promise": promise.id}

    async def _growth(self) -> None:
        """What Ana learns, what she and Max think she can, and whom she asks for help."""
        for record, seen_by, day in (("l_private", "me", "2026-05-01"), ("l_shared", "manager", "2026-04-14")):
            answers = {"words": mark(record), "kind": "job", "seen_by": seen_by, "day": day}
            assert await self.desk.submit(self._p("ana"), "learning.form", answers=answers) is None
            [row] = await self._with(LearningRow, "words", record)
            self.ids[record] = row.id
        await self.desk.submit(self._p("ana"), "skills.form", "ana", answers={"names": "Writing"})
        [skill] = await rows(self.desk.store, SkillRow)
        for record, who in (("s_own", "ana"), ("s_max", "max")):
            self.ids[record] = skill.id
            said = {f"level.{skill.id}": "4", f"words.{skill.id}": mark(record)}
            assert await self.desk.submit(self._p(who), "skills.rate", "ana", answers=said) is None
        offer = {"topic": mark("m_offer"), "words": "gladly"}
        assert await self.desk.submit(self._p("fay"), "mentors.offer", answers=offer) is None
        [row] = await self._with(MentorOfferRow, "topic", "m_offer")
        self.ids["m_offer"] = row.id
        asked = {"words": mark("m_asked")}
        assert await self.desk.submit(self._p("ana"), "mentors.ask", self.ids["m_offer"], answers=asked) is None
        [row] = await self._with(MentoringRow, "words", "m_asked")
        self.ids["m_asked"] = row.id

    async def _plans(self) -> None:
        """A plan of Ana's that is under way, one of Ben's that he has not read, and one of the whole team."""
        for record, whom in (("i_max", "ana"), ("i_ben", "ben")):
            words = dict.fromkeys(("assessment", "examples", "goal", "measure", "actions"), f"{mark(record)} every day")
            words |= {"whom": whom, "ends": "2026-06-16", "support_day": "2026-05-01"}
            words["support"] = mark("i_promise") if whom == "ana" else "an hour a week"
            assert await self.desk.submit(self._p("max"), "improvement.form", answers=words) is None
            [row] = await self._with(ImprovementRow, "goal", record)
            self.ids[record] = row.id
        [promise] = await self._with(ImprovementPromiseRow, "words", "i_promise")
        self.ids["i_promise"] = promise.id
        assert await self.desk.submit(self._p("ana"), "improvement.read", self.ids["i_max"]) is None
        words = {**FILLED["teamplan.form"], "compared": mark("y_ours")}
        assert await self.desk.submit(self._p("max"), "teamplan.form", answers=words) is None
        [row] = await self._with(TeamPlanRow, "compared", "y_ours")
        self.ids["y_ours"] = row.id

    def _p(self, id: str) -> Person:
        someone = self.people[id]
        return stranger(someone.workspace, someone.account)

    async def _with(self, kind: Any, column: str, record: str) -> list[Any]:
        found = [row for row in await rows(self.desk.store, kind) if mark(record) in getattr(row, column)]
        return [row for row in found if not getattr(row, "objective", None)]

    # -- pressing

    async def press(self, who: Person, kind: type, key: str, value: str = "", **more: Any) -> Came:
        """Make this event happen, whatever comes of it."""
        before = self.kept or snapshot(self.path)
        answer = await self._happen(who, kind, key, value, **more)
        after, sent = snapshot(self.path), list(self._sent())
        self.kept = after
        mine = " ".join(text for to, text in sent if to == who.account)
        others = {to: text for to, text in sent if to != who.account}
        changed = frozenset(name for name in after if after[name] != before[name])
        return Came(f"{answer or ''} {mine}", others, changed, answer)

    async def _happen(self, who: Person, kind: type, key: str, value: str, **more: Any) -> Answer | None:
        desk, ana = self.desk, self._p("ana")
        if kind is Command:
            named = (ana,) if value == "ana" else ()
            said = "" if value == "ana" else value
            return await desk.command(who, key, said, more.pop("place", None), mentions=named, **more)
        if kind is Action:
            return await desk.act(who, key, value, **more)
        if kind is Submission:
            # Whom it is about, in whichever field the form asks for them.
            people = dict.fromkeys(("to", "who", "whom", "manager", "pilot"), (ana,))
            answers = {**FILLED.get(key, {}), **more.pop("answers", {})}
            if key == "tree.align":
                answers |= {"goal": value, "parent": self.ids["g_company"]}
            if key == "aspirations.link":
                answers |= {"goal": self.ids["g_open"]}
            if key.startswith("skills."):
                skill = self.ids["s_own"]
                answers |= {"skill": skill, f"level.{skill}": "5", f"words.{skill}": "another example"}
            return await desk.submit(who, key, value, answers=answers, people=people, opens=True, **more)
        base = desk.base(who, more.pop("place", None), **{"opens": True, **more})
        if kind is Shortcut:
            return await desk.take(Shortcut(**base, name=key, text="their words", author=ana, message="z"))
        if kind is Due:
            return await desk.take(Due(**base, rhythm=key, period=value))
        if kind is Opened:
            return await desk.take(Opened(**base))
        if kind is Met:
            return await desk.take(Met(**base, kind=key))  # type: ignore[arg-type]
        if kind is Reaction:
            return await desk.react(who, "tada", self.card_of(value), HALL, author=ana)
        if kind is Reply:  # by the form of a dialogue, and by its buttons
            for move in ("form", "resume", "back"):
                await desk.act(who, f"talk.{move}", value)
            return await desk.submit(who, "talk.fill", value, answers={"well": "mine now", "share": "manager"})
        assert kind is Remark, kind
        for home, thread in self.threads(value):  # where the record has one, with whomever
            await desk.say(who, "5, something said there", Place(who.workspace, home, thread, "direct"))
        return None

    def card_of(self, topic: str) -> str:
        """The platform's id of the message about this; a stranger's message where there is none."""
        with closing(sqlite3.connect(self.path)) as database:
            found = database.execute(
                "SELECT sent_as FROM outbox WHERE about = ? AND kind = 'public'", (topic,)
            ).fetchone()
        return str(found[0]) if found else "z"

    def threads(self, topic: str) -> list[tuple[str, str]]:
        query = "SELECT DISTINCT conversation, sent_as FROM outbox WHERE thread_topic = ? AND sent_as IS NOT NULL"
        with closing(sqlite3.connect(self.path)) as database:
            return list(database.execute(query, (topic,)))

    def _sent(self) -> Iterator[tuple[str, str]]:
        with closing(sqlite3.connect(self.path)) as database:
            query = "SELECT id, coalesce(only_for, conversation), card, file, otherwise FROM outbox WHERE id > ?"
            found = database.execute(f"{query} ORDER BY id", (self.seen,)).fetchall()
        self.seen = found[-1][0] if found else self.seen
        return ((row[1], " ".join(text for text in row[2:] if text)) for row in found)

    def restore(self, pristine: Path) -> None:
        """As it was before anybody pressed anything."""
        with closing(sqlite3.connect(pristine)) as source, closing(sqlite3.connect(self.path)) as target:
            source.backup(target)
            self.seen = target.execute("SELECT max(id) FROM outbox").fetchone()[0]
        self.kept = {}


def snapshot(path: Path) -> dict[str, list[Any]]:
    """Everything that is kept, without what came in and what goes out."""
    with closing(sqlite3.connect(path)) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: database.execute(f"SELECT * FROM {name}").fetchall()
            for name in names
            if name not in SILENT and not name.startswith("sqlite")
        }


def opened(path: Path) -> Store:
    """Without waiting for the disk: nobody pulls the plug here, and there are thousands of turns."""
    store = Store(f"sqlite+aiosqlite:///{path}", RULES)
    listen(store.engine.sync_engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    return store


def settled(path: Path) -> Village:
    """Built in this database, which must be empty; nobody has it open any more."""

    async def build() -> Village:
        store = opened(path)
        built = await Village(Desk(store, *FEATURES, now=TUESDAY), path).built()
        await store.close()
        return built

    return asyncio.run(build())


def moved_in(built: Village, path: Path) -> Village:
    """The same village in a copy of its database."""
    desk = Desk(opened(path), *FEATURES, now=built.desk.now)
    desk._ids = built.desk._ids  # no event of before comes again
    again = Village(desk, path, dict(built.ids), dict(built.people))
    again._sent()
    return again
