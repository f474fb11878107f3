"""Who sees and who does what: every record of one person, every way in, and everybody around them.

Two tables say it: SEES, by record, and CHANGES, by route and record. A route that is in none of the lists below, or a
record that is in no line of SEES, fails here.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.core.events import (
    Action,
    Command,
    Due,
    Installed,
    Met,
    Opened,
    Reaction,
    Remark,
    Reply,
    Shortcut,
    Submission,
)
from bot.core.history import KINDS, Query
from tests.features.village import CAST, FILLED, ROUTES, Came, Village, mark, marks, moved_in, settled, snapshot

# What of Ana's each of them gets to read, by whatever they press. Of a goal its words on the way are in the line below.
# Who speaks has not left, whatever a directory said: the platform let them in, so a leaver counts as of the team again.
SEES = """
            self manager former above team colleague giver guest bot hr admin leaver other
g_open      x    x       x      x     x    x         x     .     .   x  x     x      .
u_open      x    x       x      x     x    x         x     .     .   x  x     x      .
g_team      x    x       .      .     x    .         .     .     .   .  .     x      .
u_team      x    x       .      .     x    .         .     .     .   .  .     x      .
g_private   x    x       .      .     .    .         .     .     .   .  .     .      .
u_private   x    x       .      .     .    .         .     .     .   .  .     .      .
g_done      x    x       x      x     x    x         x     .     .   x  x     x      .
g_offered   x    x       .      .     .    .         .     .     .   .  .     .      .
g_ours      x    x       .      .     x    .         .     .     .   .  .     .      .
g_left      .    x       .      .     .    .         .     .     .   .  .     x      .
g_company   x    x       x      x     x    x         x     .     .   x  x     x      .
f_only      x    .       .      .     .    .         x     .     .   .  .     .      .
f_both      x    x       .      .     .    .         x     .     .   .  .     .      .
f_old       x    .       x      .     .    .         x     .     .   .  .     .      .
f_max       .    x       .      .     .    .         x     .     .   .  .     .      .
q_own       x    .       .      .     .    .         x     .     .   .  .     .      .
q_max       x    x       .      .     .    x         x     .     .   .  .     .      .
t_private   x    .       .      .     .    .         .     .     .   .  .     .      .
t_max       x    x       .      .     .    .         .     .     .   .  .     .      .
t_old       x    .       x      .     .    .         .     .     .   .  .     .      .
k_open      x    x       x      x     x    x         x     .     .   x  x     x      .
k_private   x    .       .      .     .    .         x     .     .   .  .     .      .
l_private   x    .       .      .     .    .         .     .     .   .  .     .      .
l_shared    x    x       .      .     .    .         .     .     .   .  .     .      .
s_own       x    x       .      .     .    .         .     .     .   .  .     .      .
s_max       x    x       .      .     .    .         .     .     .   .  .     .      .
m_offer     x    x       x      x     x    x         x     .     .   x  x     x      .
m_asked     x    .       .      .     .    .         x     .     .   .  .     .      .
x_old       x    x       x      .     .    .         .     .     .   .  .     .      .
x_max       x    x       .      .     .    .         .     .     .   .  .     .      .
w_private   x    .       .      .     .    .         .     .     .   .  .     .      .
w_max       x    x       .      .     .    .         .     .     .   .  .     .      .
r_old       x    .       x      .     .    .         .     .     .   .  .     .      .
r_max       x    x       .      .     .    .         .     .     .   .  .     .      .
n_max       .    x       .      .     .    .         .     .     .   .  .     .      .
o_point     x    x       .      .     .    .         .     .     .   .  .     .      .
o_old       x    .       x      .     .    .         .     .     .   .  .     .      .
o_note      x    .       .      .     .    .         .     .     .   .  .     .      .
o_his       .    x       .      .     .    .         .     .     .   .  .     .      .
o_promise   x    x       .      .     .    .         .     .     .   .  .     .      .
i_max       x    x       .      .     .    .         .     .     .   x  .     .      .
i_promise   x    x       .      .     .    .         .     .     .   x  .     .      .
i_ben       .    x       .      .     x    .         .     .     .   x  .     .      .
y_ours      x    x       .      x     x    .         .     .     .   .  .     x      .
"""
PLANS, PROMISED, TEAMS = ("i_max", "i_ben"), ("i_promise",), ("y_ours",)
GOALS = ("g_open", "g_team", "g_private", "g_done", "g_offered", "g_ours", "g_left", "g_company")
FEEDBACK, REQUESTS = ("f_only", "f_both", "f_old", "f_max"), ("q_own", "q_max")
TALKS, KUDOS, PERSON = ("t_private", "t_max", "t_old"), ("k_open", "k_private"), ("ana",)
LEARNING, OFFERS, ASKED = ("l_private", "l_shared"), ("m_offer",), ("m_asked",)
WHOSE = ("", "ana")
PAIRED = ("ana", "max")  # of a one-to-one
QUARTERS = ("r_old", "r_max")
PACKS = ("", "ana|2026-Q1", "ana|2026-Q2", "ana|2026")
EXPECTED, WISHES = ("x_old", "x_max"), ("w_private", "w_max")
HISTORY = tuple(f"history {kind}".strip() for kind in ("", *KINDS))

# What is pressed with which records' ids.
PRESSED: Mapping[type, Mapping[str, tuple[str, ...]]] = {
    Action: {
        **dict.fromkeys(("goals.update", "goals.adjust", "goals.close", "goals.still", "goals.show"), GOALS),
        **dict.fromkeys(("goals.accept", "goals.decline", "goals.reopen", "goals.celebrate", "tree.goal"), GOALS),
        "goals.form": ("", *(f"development|{each}" for each in (*FEEDBACK, "t_private"))),
        "goals.mine": ("", "ana"),
        "goals.keep": TALKS,
        **dict.fromkeys(("feedback.thank", "feedback.reply", "feedback.show"), FEEDBACK),
        **dict.fromkeys(("feedback.answer", "feedback.decline", "feedback.close"), REQUESTS),
        **dict.fromkeys(("feedback.form", "feedback.write"), PERSON),
        **dict.fromkeys((f"shared.{each}" for each in ("reply", "thank", "agenda", "ask")), TALKS),
        "shared.asked": tuple(f"{each}|1" for each in TALKS),
        "privacy.withdraw": TALKS,
        "oneonone.show": ("", *PAIRED, "old"),
        **dict.fromkeys(("oneonone.point", "oneonone.note"), PAIRED),
        "oneonone.talked": ("o_point", "o_old"),
        "oneonone.forget": ("o_note", "o_his"),
        **dict.fromkeys(("oneonone.done", "oneonone.drop"), ("o_promise",)),
        "meetings.rhythm": ("", "ana"),
        "meetings.propose": ("ana|2026-04-23|1|13:30|UTC",),
        **dict.fromkeys((f"meetings.{each}" for each in ("agree", "decline", "end")), ("o_pair", "o_asked")),
        **dict.fromkeys(("meetings.move", "meetings.cancel"), ("o_meet",)),
        "improvement.form": PERSON,
        **dict.fromkeys((f"improvement.{each}" for each in ("show", "read", "decline", "change", "promise")), PLANS),
        **dict.fromkeys((f"improvement.{each}" for each in ("check", "view", "conclude", "withdraw")), PLANS),
        **dict.fromkeys(("improvement.move", "improvement.given"), PROMISED),
        "teamplan.show": ("", *TEAMS),
        **dict.fromkeys((f"teamplan.{each}" for each in ("look", "measure", "change", "stop")), TEAMS),
        **dict.fromkeys(("kudos.undo", "kudos.remove", "kudos.join"), KUDOS),
        **dict.fromkeys(("people.confirm", "people.refuse"), PERSON),
        "learning.form": ("", *FEEDBACK, "t_private", *ASKED),
        **dict.fromkeys((f"learning.{each}" for each in ("change", "done", "drop", "later")), LEARNING),
        "learning.list": WHOSE,
        **dict.fromkeys((f"skills.{each}" for each in ("show", "form", "rate", "remove")), PERSON),
        **dict.fromkeys(("mentors.ask", "mentors.close"), OFFERS),
        **dict.fromkeys((f"mentors.{each}" for each in ("accept", "decline", "withdraw", "end", "on")), ASKED),
        "history.show": HISTORY,
        **dict.fromkeys(("history.older", "history.newer"), HISTORY[:1]),
        "history.filter": ("history ",),
        "cadence.save": ("checkin|week|tuesday|10:00",),
        "welcome.choose": ("not_yet", "everybody"),
        **dict.fromkeys((f"summary.{each}" for each in ("show", "form", "remark", "agenda")), QUARTERS),
        **dict.fromkeys((f"summary.{each}" for each in ("goals", "learning", "carry")), QUARTERS),
        "summary.agree": ("r_old|1", "r_max|1"),
        **dict.fromkeys(("preparing.start", "preparing.ready"), PERSON),
        **dict.fromkeys(("pack.show", "pack.pdf", "pack.page", "pack.form"), PACKS),
        **dict.fromkeys(("expectations.show", "expectations.form", "expectations.earlier"), WHOSE),
        **dict.fromkeys(("expectations.seen", "expectations.remark", "expectations.right"), EXPECTED),
        "aspirations.show": WHOSE,
        "aspirations.form": ("", *WISHES),
        **dict.fromkeys(("aspirations.look", "aspirations.link", "aspirations.agenda"), WISHES),
        "aspirations.share": ("w_private|manager", "w_max|manager", "w_max|me"),
        "aspirations.move": tuple(f"{each}|reached" for each in WISHES),
    },
    Submission: {
        **dict.fromkeys(("goals.update", "goals.adjust", "goals.close", "tree.align"), GOALS),
        "expectations.form": ("ana|x_old", "ana|x_max"),
        "expectations.remark": EXPECTED,
        "aspirations.form": ("", *WISHES),
        "aspirations.link": WISHES,
        **dict.fromkeys(("oneonone.point", "oneonone.note"), PAIRED),
        "oneonone.drop": ("o_promise",),
        "meetings.rhythm": ("",),
        "meetings.move": ("o_meet",),
        "improvement.form": PERSON,
        **dict.fromkeys((f"improvement.{each}" for each in ("read", "decline", "change", "promise")), PLANS),
        **dict.fromkeys((f"improvement.{each}" for each in ("check", "view", "conclude", "withdraw")), PLANS),
        "improvement.move": PROMISED,
        "teamplan.form": ("",),
        **dict.fromkeys((f"teamplan.{each}" for each in ("look", "measure", "change", "stop")), TEAMS),
        "feedback.reply": FEEDBACK,
        "feedback.answer": REQUESTS,
        "feedback.write": PERSON,
        "shared.reply": TALKS,
        "summary.form": ("r_old|1", "r_max|1"),
        "summary.remark": QUARTERS,
        **dict.fromkeys(("pack.form", "cycle.form"), ("",)),
        **dict.fromkeys((f"learning.{each}" for each in ("change", "done", "drop")), LEARNING),
        **dict.fromkeys((f"skills.{each}" for each in ("form", "rate", "remove")), PERSON),
        "mentors.ask": OFFERS,
        **dict.fromkeys(("mentors.decline", "mentors.end"), ASKED),
        **dict.fromkeys(("admin.people", "admin.kudos", "admin.back", "welcome.pilot"), ("",)),
        "admin.channel": ("slack:T1|C1",),
        "history.filter": HISTORY[:1],
    },
    Command: {
        **dict.fromkeys(("checkin", "checkin team", "checkin help", "checkin history"), WHOSE),
        **dict.fromkeys(("kudos", "kudos me", "kudos team", "kudos values", "kudos board", "kudos undo"), WHOSE),
        **dict.fromkeys(("kudos help", "kudos history", "feedback", "feedback me", "feedback ask"), WHOSE),
        **dict.fromkeys(("feedback help", "feedback history", "goal", "goal me", "goal tree", "goal help"), WHOSE),
        "grow coach": WHOSE,
        **dict.fromkeys(("oneonone", "oneonone rhythm", "oneonone help"), WHOSE),
        **dict.fromkeys(("goal history", "grow", "grow help", "grow history", "review", "review help"), WHOSE),
        **dict.fromkeys(("review team", "review pack", "review cycle"), WHOSE),
        **dict.fromkeys(("review history", "kadens", "kadens home", "kadens manager", "kadens help"), WHOSE),
        **dict.fromkeys(("kadens language", "kadens settings", "kadens rhythm", "kadens skip"), WHOSE),
        **dict.fromkeys(("kadens snooze", "kadens pause", "kadens resume", "kadens back", "kadens away"), WHOSE),
        **dict.fromkeys(("kadens team", "kadens admin", "kadens history", "kadens privacy", "kadens my-data"), WHOSE),
        **dict.fromkeys(
            ("kadens erase", "kadens record", "kadens waiting", "growth improvement", "growth team"), WHOSE
        ),
        **dict.fromkeys(("growth", "growth help", "growth history", "growth plan", "growth learn"), WHOSE),
        **dict.fromkeys(("growth catalogue", "growth skills", "growth mentors"), WHOSE),
        **dict.fromkeys(("growth expectations", "growth aspirations"), WHOSE),
    },
    Remark: {  # in the thread of this topic
        "goal": tuple(each for each in GOALS if each != "g_left"),
        **{f"feedback.{each}": tuple(f"feedback.{each}:{id}" for id in FEEDBACK) for each in ("got", "given", "seen")},
        "shared": tuple(f"shared:{each}" for each in TALKS),
        "finished": TALKS,
        "summary": QUARTERS,
        "learning": LEARNING,
    },
    Reply: {"preparing": ("n_max",), "checkin": ("t_old",), "grow": ("t_private",), "review": ("t_max",)},
    Due: {
        **dict.fromkeys(("feedback.request", "feedback.close"), REQUESTS),
        "grow.followup": ("t_private",),
        "goals": ("stale",),
        **dict.fromkeys(("oneonone", "oneonone.after"), ("o_meet",)),
        "improvement": PLANS,
        "improvement.waiting": ("i_max|1", "i_ben|1"),
        "improvement.promised": PROMISED,
        "teamplan": TEAMS,
        "expectations.unread": EXPECTED,
        "review.talk": QUARTERS,
        "learning": LEARNING,
        **dict.fromkeys(("mentors.wait", "mentors.look"), ASKED),
    },
    Reaction: {"kudos": ("k_open",)},
    Shortcut: dict.fromkeys(("checkin", "kudos", "feedback", "goal", "grow", "review", "oneonone"), ("",)),
    Opened: {"home": ("",)},
}

# What is about the actor alone: nothing of anybody else's becomes another by it. By the tables that it may change.
BEGINS = "dialogues nudges"
OWN: Mapping[type, Mapping[str, str]] = {
    Action: {
        **dict.fromkeys(("checkin.start", "grow.start", "grow.accept"), BEGINS),
        **dict.fromkeys(("improvement.mine", "teamplan.form"), ""),
        **dict.fromkeys(("kudos.form", "feedback.ask", "feedback.older", "tree.show", "tree.align"), ""),
        **dict.fromkeys(("people.manager", "people.help", "people.settings", "settings.form", "people.language"), ""),
        **dict.fromkeys(("grow.decline", "rhythm.skip", "rhythm.snooze", "rhythm.resume"), ""),
        **dict.fromkeys(("rhythm.rest", "rhythm.back", "rhythm.away", "cadence.show", "cadence.form"), ""),
        **dict.fromkeys(("cadence.back", "privacy.show", "export.data", "record.form"), ""),
        **dict.fromkeys(("admin.show", "admin.people", "admin.kudos", "admin.channel", "admin.back"), ""),
        **dict.fromkeys(("erasure.ask", "erasure.form", "welcome.show", "welcome.pilot"), ""),
        **dict.fromkeys(("growth.show", "learning.catalogue", "mentors.list", "mentors.offer"), ""),
        "home.show": "homes",
        "review.start": f"{BEGINS} summaries",
        **dict.fromkeys(("preparing.board", "cycle.show", "cycle.form", "cycle.close"), ""),
        **dict.fromkeys(("coach.show", "coach.stage", "digest.show"), ""),
        "expectations.team": "",
        "aspirations.still": "nudges",
    },
    Submission: {
        "kudos.form": "kudos",
        "feedback.form": "",
        "feedback.ask": "feedback_requests feedback_asked followups",
        "goals.form": "goals followups",
        "learning.form": "learning followups",
        "mentors.offer": "mentor_offers",
        "people.manager": "people",
        "settings.form": "people",
        "rhythm.rest": "",
        "rhythm.away": "absences",
        "cadence.form": "",
        "record.form": "",
    },
    Due: {
        **dict.fromkeys(("checkin", "checkin.again"), BEGINS),
        **dict.fromkeys(("review", "review.again"), f"{BEGINS} summaries"),
        "review.team": "followups",
        **dict.fromkeys(("review.cycle", "review.cycle.over", "digest"), ""),
        **dict.fromkeys(("expectations", "expectations.again", "aspirations", "aspirations.again"), ""),
        **dict.fromkeys(("tips", "tips.again"), "tips"),
    },
    Met: {"direct": "", "private": "channels", "public": "channels"},
    Reaction: dict.fromkeys(("thanked", "message"), "kudos dialogues"),
}
# The same of what is also pressed with a name or an id.
BESIDES: Mapping[type, Mapping[str, str]] = {
    Command: {
        **dict.fromkeys(("checkin", "grow"), BEGINS),
        "review": f"{BEGINS} summaries",
        **dict.fromkeys(("kadens", "kadens home"), "homes"),
        "kadens manager": "people",
        "kadens skip": "nudges",
        "kudos undo": "kudos",
    },
    Shortcut: {**dict.fromkeys(("checkin", "grow"), BEGINS), "review": f"{BEGINS} summaries"},
    Submission: {"feedback.write": "feedback"},
    Opened: {"home": "homes"},
    Due: {"review.talk": "followups", "feedback.request": "followups"},
}
HALF = dict.fromkeys(("expectations", "expectations.again", "aspirations", "aspirations.again"), "2026-H1")
PERIODS = HALF | {"checkin": "2026-04", "checkin.again": "2026-04"}
PERIODS |= dict.fromkeys(("review", "review.again", "review.team", "review.cycle", "review.cycle.over"), "2026-Q2")
PERIODS["digest"] = "digest"
PERIODS |= dict.fromkeys(("tips", "tips.again"), "2026-W16")

# These are pressed by a test of their own, or cannot be reached by an id of somebody else's.
ELSEWHERE: Mapping[type, Mapping[str, str]] = {
    Submission: {"erasure.form": "below: erasing oneself"},
    Installed: {"workspace": "only a platform says so: test_welcome"},
    Due: {"erasure": "the operator's command line"},
    Reply: {
        "kudos": "dialogues of the giver's own, found by their owner as those above",
        "goals": "dialogues of the owner's own, found by their owner as those above",
        "meetings": "dialogues of the owner's own, found by their owner as those above",
        "followup": "dialogues of the owner's own, found by their owner as those above",
    },
}

THREADS = {"got": ("f_only", "f_both", "f_old"), "given": FEEDBACK, "seen": ("f_both", "f_old", "f_max")}
FOR_ALL = {"g_ours": "manager", "g_company": "hr admin"}
ENDING = {**dict.fromkeys(("g_open", "g_team", "g_private"), "self"), "g_left": "leaver", **FOR_ALL}
ANSWERED: tuple[tuple[type, str], ...] = (
    (Action, "shared.thank"),
    (Action, "shared.agenda"),
    (Submission, "shared.reply"),
)

# Who changes something by it: of Ana's, or what others share with her. Nobody else changes anything.
CHANGES: Mapping[tuple[type, str], Mapping[str, str]] = {
    (Submission, "goals.update"): {
        **dict.fromkeys(("g_open", "g_team", "g_private"), "self manager"),
        "g_left": "manager leaver",
        **FOR_ALL,
    },
    **{
        key: {**dict.fromkeys(("g_open", "g_team", "g_private"), "self"), "g_left": "leaver", **FOR_ALL}
        for key in ((Action, "goals.still"), (Submission, "goals.close"))
    },
    (Submission, "goals.adjust"): {
        **dict.fromkeys(("g_open", "g_team", "g_private", "g_offered"), "self"),
        "g_left": "leaver",
        **FOR_ALL,
    },
    (Submission, "tree.align"): {
        **dict.fromkeys(("g_open", "g_team", "g_private"), "self"),
        "g_left": "leaver",
        "g_ours": "manager",
    },
    **{key: {"g_offered": "self"} for key in ((Action, "goals.accept"), (Action, "goals.decline"))},
    **{key: {"g_done": "self"} for key in ((Action, "goals.reopen"), (Action, "goals.celebrate"))},
    (Remark, "goal"): {
        **dict.fromkeys(("g_open", "g_team", "g_private"), "self manager"),
        **FOR_ALL,
    },
    (Action, "feedback.thank"): {
        "f_only": "self",
        "f_both": "self manager",
        "f_old": "self former",
        "f_max": "manager",
    },
    **{key: {"t_max": "self manager", "t_old": "self former"} for key in ANSWERED},
    (Action, "shared.asked"): {"t_max|1": "self manager", "t_old|1": "self former"},
    (Remark, "shared"): {"shared:t_max": "self manager", "shared:t_old": "self former"},
    (Remark, "finished"): {"t_max": "self", "t_old": "self"},
    # Who talks about it talks in whichever thread of it; who was only let read it does not.
    **{
        (Remark, f"feedback.{thread}"): {
            f"feedback.{thread}:{each}": "manager giver" if each == "f_max" else "self giver" for each in those
        }
        for thread, those in THREADS.items()
    },
    (Reaction, "kudos"): {"k_open": "manager former above team colleague guest hr admin leaver"},
    (Reply, "checkin"): {"t_old": "self"},
    (Reply, "grow"): {"t_private": "self"},
    # What HR of another company sets holds there, see below; Ana they cannot choose.
    (Submission, "admin.kudos"): {"": "hr admin other"},
    (Submission, "cycle.form"): {"": "hr admin other"},
    (Submission, "admin.people"): {"": "hr admin other"},
    (Submission, "welcome.pilot"): {"": "hr admin"},
    (Action, "welcome.choose"): dict.fromkeys(("not_yet", "everybody"), "hr admin other"),
    (Submission, "admin.channel"): {"slack:T1|C1": "hr admin"},
    (Submission, "admin.back"): {},
    (Action, "cadence.save"): {"checkin|week|tuesday|10:00": "manager above"},
    **{
        (Submission, f"oneonone.{each}"): {"ana": "manager former", "max": "self above team leaver"}
        for each in ("point", "note")
    },
    (Action, "oneonone.talked"): {"o_point": "self manager", "o_old": "self former"},
    (Action, "oneonone.forget"): {"o_note": "self", "o_his": "manager"},
    **{key: {"o_promise": "self"} for key in ((Action, "oneonone.done"), (Submission, "oneonone.drop"))},
    (Action, "meetings.propose"): {
        "ana|2026-04-23|1|13:30|UTC": "manager former above team colleague giver hr admin leaver"
    },
    **{(Action, f"meetings.{each}"): {"o_asked": "giver"} for each in ("agree", "decline")},
    (Action, "meetings.end"): {"o_pair": "self manager"},
    **{key: {"o_meet": "self manager"} for key in ((Submission, "meetings.move"), (Action, "meetings.cancel"))},
    (Due, "oneonone.after"): {"o_meet": "self manager"},
    (Submission, "improvement.read"): {"i_ben": "team"},
    (Submission, "improvement.decline"): {},
    (Submission, "improvement.form"): {},  # both have one
    (Submission, "improvement.change"): {"i_max": "self manager", "i_ben": "team"},
    (Submission, "improvement.promise"): {"i_max": "manager"},
    **{key: {"i_promise": "manager"} for key in ((Submission, "improvement.move"), (Action, "improvement.given"))},
    (Submission, "improvement.check"): {"i_max": "self manager"},
    (Submission, "improvement.view"): {"i_max": "self manager", "i_ben": "manager team"},
    (Submission, "improvement.conclude"): {"i_max": "manager"},
    (Submission, "improvement.withdraw"): dict.fromkeys(PLANS, "manager"),
    (Due, "improvement.waiting"): {"i_ben|1": "team"},
    (Due, "improvement.promised"): {"i_promise": "manager"},
    (Submission, "teamplan.form"): {"": "manager above"},
    (Submission, "teamplan.look"): {"y_ours": "self manager team leaver"},
    **{(Submission, f"teamplan.{each}"): {"y_ours": "manager"} for each in ("measure", "change", "stop")},
    (Due, "feedback.close"): {"q_own": "self", "q_max": "manager"},
    (Due, "grow.followup"): {"t_private": "self"},
    **{(Submission, f"learning.{each}"): dict.fromkeys(LEARNING, "self") for each in ("change", "done", "drop")},
    (Action, "learning.later"): {"l_shared": "self"},  # the other's day is still to come
    **{(Submission, f"skills.{each}"): {"ana": "self manager"} for each in ("form", "rate")},
    (Submission, "skills.remove"): {"ana": "self"},
    (Action, "mentors.close"): {"m_offer": "giver"},
    (Submission, "mentors.ask"): {"m_offer": "manager former above team colleague hr admin leaver"},
    **{key: {"m_asked": "giver"} for key in ((Action, "mentors.accept"), (Submission, "mentors.decline"))},
    **{key: {"m_asked": "self"} for key in ((Action, "mentors.withdraw"), (Due, "mentors.wait"))},
    (Action, "summary.agree"): {"r_max|1": "self"},
    (Submission, "summary.form"): {"r_max|1": "self manager"},
    (Submission, "summary.remark"): {"r_old": "self former", "r_max": "self manager"},
    (Remark, "summary"): {"r_max": "self manager"},
    (Action, "summary.agenda"): {"r_old": "self former", "r_max": "self manager"},
    **{key: {"r_old": "self"} for key in ((Action, "summary.goals"), (Action, "summary.learning"))},
    (Reply, "preparing"): {"n_max": "manager"},
    (Submission, "expectations.form"): {"ana|x_max": "manager"},
    (Action, "expectations.right"): {"x_max": "manager"},
    **{key: {"x_max": "self"} for key in ((Action, "expectations.seen"), (Submission, "expectations.remark"))},
    (Submission, "aspirations.form"): {"": " ".join(CAST), **dict.fromkeys(WISHES, "self")},
    (Submission, "aspirations.link"): dict.fromkeys(WISHES, "self"),
    (Action, "aspirations.share"): {"w_private|manager": "self", "w_max|me": "self"},
    (Action, "aspirations.move"): {f"{each}|reached": "self" for each in WISHES},
    (Action, "aspirations.agenda"): {"w_max": "self manager"},
    (Action, "privacy.withdraw"): {"t_max": "self", "t_old": "self"},
    (Action, "kudos.undo"): dict.fromkeys(KUDOS, "giver"),
    (Action, "kudos.remove"): dict.fromkeys(KUDOS, "self"),
    # A colleague who sees the card may join in; a bot never does.
    (Action, "kudos.join"): dict.fromkeys(KUDOS, "manager former above team colleague guest hr admin leaver"),
    (Submission, "feedback.reply"): {
        **dict.fromkeys(("f_only", "f_both", "f_old"), "self giver"),
        "f_max": "manager giver",
    },
    (Submission, "feedback.answer"): {"q_own": "giver", "q_max": "colleague"},
    (Action, "feedback.decline"): {"q_own": "giver", "q_max": "colleague"},
    (Action, "feedback.close"): {"q_own": "self", "q_max": "manager"},
}


RELATIONS, *LINES = (line.split() for line in SEES.strip().splitlines())
SEEN = {record: {who for who, x in zip(RELATIONS, cells, strict=True) if x == "x"} for record, *cells in LINES}


def test_every_route_and_every_record_is_in_the_matrix() -> None:
    lists: tuple[Mapping[type, Mapping[str, object]], ...] = (PRESSED, OWN, ELSEWHERE)
    listed = [(kind, key) for each in lists for kind, keys in each.items() for key in keys]
    assert sorted(map(repr, listed)) == sorted(map(repr, ROUTES.table)), "each route in one of the lists, and in one"
    assert list(CAST) == RELATIONS
    assert {record.split("_")[0] for record in SEEN} == set("gufqtkxwlsmrniyo")
    pressed = {(kind, key) for kind, keys in PRESSED.items() for key in keys}
    assert CHANGES.keys() <= pressed
    for route, records in CHANGES.items():
        assert records.keys() <= set(PRESSED[route[0]][route[1]]), route


@pytest.fixture(scope="module")
def built(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Village:
    return settled(Path(shutil.copy(empty_database, tmp_path_factory.mktemp("village") / "village.db")))


def test_what_was_told_while_it_was_built(built: Village) -> None:
    """On the day itself each message went to those only who may read it still."""
    for message in built.desk.platform.sent:
        to = message.only_for or message.place.conversation
        whose = next((who for who, id in CAST.items() if built.people[id].account == to), None)
        allowed = {record for record, those in SEEN.items() if whose in those}
        if message.place.kind != "direct":
            allowed = {"k_open"} if message.place.conversation == "C1" else {"k_private"}
        assert marks(str(message.card), SEEN) <= allowed, message


def every_press() -> Iterator[tuple[type, str, str]]:
    for kind, keys in PRESSED.items():
        yield from ((kind, key, said) for key, those in keys.items() for said in those)
    for kind, keys in OWN.items():
        yield from ((kind, key, PERIODS.get(key, "") if kind is Due else "") for key in keys)


# Four of them stand nearly as others do.
RARE = ("above", "team", "bot", "leaver")


@pytest.mark.parametrize("relation", [pytest.param(r, marks=[pytest.mark.slow] * (r in RARE)) for r in RELATIONS])
async def test_who_sees_and_who_does_what(built: Village, tmp_path: Path, relation: str) -> None:
    """Everything this one can press, with every id there is; after each change all is as it was before."""
    home = moved_in(built, Path(shutil.copy(built.path, tmp_path / "village.db")))
    seen, wrong = dict[str, str](), list[str]()
    for kind, key, said in every_press():
        came = await home.press(home.who(relation), kind, key, resolve(home, said))
        what = f"{kind.__name__} {key} {said}".strip()
        seen |= dict.fromkeys(marks(came.told, SEEN), what)
        wrong += [f"{what}: tells {to} {record}" for to, record in told_elsewhere(home, kind, relation, came)]
        if objection := amiss(kind, key, said, relation, came):
            wrong.append(f"{what}: {objection}")
        if came.changed - {"audit"}:
            home.restore(built.path)
    await home.desk.store.close()
    assert not wrong, "\n".join(wrong)
    allowed = {record for record, those in SEEN.items() if relation in those}
    assert seen.keys() - allowed == set(), {record: seen[record] for record in seen.keys() - allowed}
    assert allowed - seen.keys() == set(), "this they should have got to read"


def amiss(kind: type, key: str, said: str, relation: str, came: Came) -> str:
    """What changed though it should not have, or did not though it should."""
    changed = came.changed - {"audit"}
    if relation == "leaver" and issubclass(kind, Action | Command | Submission | Shortcut | Remark | Reply):
        changed -= {"people"}  # they are back
    if (kind, key) in CHANGES:
        may = relation in CHANGES[kind, key].get(said, "").split()
        if bool(changed) != may:
            return f"changed {sorted(changed)}" if changed else "changed nothing"
        return ""
    own = (OWN.get(kind, {}) | BESIDES.get(kind, {})).get(key, "").split()  # type: ignore[operator]
    return f"changed {sorted(changed - set(own))}" if changed - set(own) else ""


def told_elsewhere(home: Village, kind: type, relation: str, came: Came) -> Iterator[tuple[str, str]]:
    """What somebody else was sent by it that is not theirs to read. Who owns it may share it on."""
    for to, text in came.elsewhere.items():
        reader = next((who for who, id in CAST.items() if home.people[id].account == to), None)
        for record in marks(text, SEEN):
            own = relation == "self" and (kind is Reply or record in WISHES)
            if own and reader in ("manager", "former"):
                continue
            if reader not in SEEN[record] and (to, record) not in OPENLY:
                yield to, record


OPENLY = {("C1", "k_open"), ("G1", "k_private"), ("C-wins", "g_done")}


def resolve(built: Village, said: str) -> str:
    """The value of a button or form: a record's id, a person's, or a page of Ana's history."""
    if said.startswith("history"):
        return str(Query(said.partition(" ")[2], person="ana"))
    for record, id in built.ids.items():
        said = said.replace(record, id)
    return said


async def test_what_one_company_sets_holds_there_only(built: Village, tmp_path: Path) -> None:
    home = moved_in(built, Path(shutil.copy(built.path, tmp_path / "village.db")))
    await home.desk.submit(home.who("other"), "admin.kudos", answers=FILLED["admin.kudos"])
    kept = snapshot(home.path)["company_settings"]
    assert len(kept) == 1 and "slack:T2" in kept[0] and "slack:T1" not in kept[0]
    await home.desk.store.close()


@pytest.mark.parametrize("relation", ["manager", "colleague", "giver", "other"])
async def test_erasing_oneself_erases_nobody_else(built: Village, tmp_path: Path, relation: str) -> None:
    """With somebody else's id in the form, too. What the giver gave is words of theirs, and goes if they say so."""
    home = moved_in(built, Path(shutil.copy(built.path, tmp_path / "village.db")))
    before = str(snapshot(built.path))
    await home.press(home.who(relation), Submission, "erasure.form", "ana")
    after = str(home.kept)
    gone = {record for record in SEEN if mark(record) in before and mark(record) not in after}
    theirs = {
        "giver": {"f_only", "f_both", "f_old", "f_max", "k_open", "k_private", "m_offer", "m_asked"},
        "manager": {"s_max", "n_max", "q_max", "f_max", "o_his", "o_point"},
    }
    assert gone <= theirs.get(relation, set()), gone
    assert home.ids["g_open"] in after and "'ana'" in after and f"U-{CAST[relation]}" not in str(home.kept["accounts"])
    await home.desk.store.close()
