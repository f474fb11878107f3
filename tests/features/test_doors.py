"""Every statement that reads what is private of people: whose rows it takes, and who asks it.

A function of storage that reads a private table has to stand in one of three lists, each of which is checked against
the code: it takes the actor's own rows, it asks the policy in storage/access.py itself, or it takes anybody's rows and
is called from just these places, each of which does one of the first two, or shows them to nobody. So a new way to
another person's record, or a new caller of an old one, fails here until somebody has looked at it.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

HOUSE = Path(__file__).parents[2]
PRIVATE = {"DialogueRow", "FeedbackRow", "FeedbackRequestRow", "FeedbackAskedRow", "GoalRow", "GoalUpdateRow",
           "GoalChangeRow", "AgendaRow", "RemarkRow", "KudosRow", "ShareRow", "OpenPointRow", "CommitmentRow",
           "CheckinRow", "ReviewRow", "SummaryRow", "ExpectationRow", "AspirationRow",
           "PromiseRow", "NoteRow", "LearningRow", "SkillRow", "SkillViewRow", "MentorOfferRow", "MentoringRow",
           "ImprovementRow", "ImprovementPromiseRow", "ImprovementLineRow", "TeamPlanRow", "TeamLookRow"}  # fmt: skip
# The other tables: of a person, but without their words (and the outbox, whose words are on their way to their reader).
OTHERS = {"OneOnOneRow", "MeetingRow", "CatalogueRow", "CycleRow", "AttentionRow", "HeldRow",
          "AbsenceRow", "TipRow", "AuditRow", "FollowUpRow", "HomeRow", "InstallationRow", "PauseRow", "BudgetRow",
          "NudgeRow", "EventRow", "OutboxRow", "CompanyRow", "CadenceRow", "PersonRow", "AccountRow", "GroupRow",
          "ChannelRow", "LogRow", "GrantRow", "StateRow", "SyncRow", "ConversationRow", "FileRow",
          "UnreachableRow"}  # fmt: skip

OWN = """
improvement.count improvement.waiting
access.grant checkin._open_points checkin.opening checkin.trend dialogues.unfinished erasure._shown erasure.leaving
export.gather aspirations.seen
goals.mine grow._open grow.open_ones grow.subject home._thanks kudos.last_given oneonone.points
oneonone.point oneonone.promise oneonone.note oneonone._points oneonone._promised oneonone._promises oneonone._notes
privacy.situation recognition.mine requests._answering requests.asked_of_me review.opening
cycle.invited preparing._begun summaries.team summaries.waiting summaries.written sources.made_of
learning.mine learning.own learning.seen mentors.asked_of_me mentors.find mentors.own_offers mentors.under_way
"""
DOORS = """
improvement._mine improvement._of improvement.find improvement.promised teamplan._board
learning.theirs mentors._board mentors.offer skills.sheet
access.shared_dialogue coach._beside feedback.find goals.above goals.find goals.theirs history_of._rows
history_of._seen_goals
recognition.by_value record.between summaries.find summaries.going_on summaries.of sharing.find tree._above updates.seen
evidence._agreed_on evidence._goals aspirations._steps aspirations._wishes aspirations.picked expectations.kept
"""
# Parts of statements, what is only counted or was said in the open, and work of the house itself: erasing, joining
# two accounts, keeping a goal's figures. With everybody who asks.
ANYBODYS: dict[str, str] = {
    "access.readers": "access.closing preparing._desk privacy.pressed",
    "checkin.between": "evidence._checkins",
    "cycle._ask": "cycle.save",
    "cycle._counts": "cycle._watched",
    "dialogues.answered_by": "bot.turn._rewritten",
    "entries._agreed": "entries",
    "entries._checkins": "entries",
    "entries._closed": "entries",
    "entries._commitments": "entries",
    "entries._expected": "entries",
    "entries._given": "entries",
    "entries._goals": "entries",
    "entries._grow": "entries",
    "entries._plans": "entries",
    "entries._plans_over": "entries",
    "entries._received": "entries",
    "entries._reviews": "entries",
    "entries._updates": "entries",
    "entries._wished": "entries",
    "entries._written": "entries",
    "evidence._given": "evidence.evidence",
    "expectations._current": "expectations.of_team expectations.waiting",
    "expectations._versions": "expectations._view expectations.earlier",
    "entries.feedback_on": "entries._got history_of._rows",
    "erasure._about": "",
    "feedback._query": "feedback.between feedback.find feedback.given_since feedback.page",
    "goals._follow": "goals.save",
    "goals._results": "goals._follow goals.grouped",
    "goals.locked": "goal_states.save goals.save",
    "goals.plan_nudge": "goal_states.save goals._follow goals.save",
    "goals.save": "",
    "grow.between": "evidence._promises",
    "improvement._ask": "",
    "improvement._found": "improvement.find",
    "improvement.writing": "handlers.improvement.open_form handlers.improvement.submit",
    "kudos.find": "erasure._shown kudos._here kudos.explained kudos.last_given kudos.submitted",
    "kudos.givings": "erasure.leaving kudos.find kudos.reacted "
    "recognition.by_value recognition.mine recognition.of_team recognition.received",
    "entries._helped": "entries",
    "entries._helping": "entries",
    "entries._learned": "entries",
    "entries._planned": "entries",
    "entries._promised": "entries",
    "learning.between": "evidence._learning",
    "learning.save": "",
    "skills.save": "",
    "merge._one_round_each": "merge.merge",
    "merge.merge": "bot.joining.join directory.learn",
    "privacy._latest": "privacy.situation",
    "recognition.board": "handlers.recognition.board",
    "recognition.of_team": "handlers.recognition.team",
    "record._in_the_open": "record.between",
    "record._joined": "record.between",
    "requests._all": "requests.find",
    "requests.find": "requests._answering requests.own",
    "summaries._said": "summaries.find",
    "summaries.taken": "review.report",
    "teamplan._found": "teamplan.due teamplan.find",
    "teamplan._one": "teamplan.due teamplan.find",
    "tree._personal": "tree._served tree.limb",
    "tree.set_for_all": "bot.imports.goals.of",
    "updates._points": "updates.timeline",
    "updates.timeline": "handlers.updates.show",
}  # fmt: skip


@cache
def modules() -> dict[str, ast.Module]:
    """By dotted name, of everything that could ask."""
    files = [file for room in ("bot", "handlers", "scheduler", "storage") for file in (HOUSE / room).rglob("*.py")]
    return {".".join(file.relative_to(HOUSE).with_suffix("").parts): ast.parse(file.read_text()) for file in files}


def storage() -> Iterator[tuple[str, ast.Module]]:
    return ((name, tree) for name, tree in modules().items() if name.count(".") == 1 and name.startswith("storage."))


@cache
def tables() -> dict[str, set[str]]:
    """The names that stand for private tables, by module."""
    bound = defaultdict[str, set[str]](set)
    for _ in range(3):  # what is imported from a module that imported it
        for name, tree in storage():
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and (known := bound.get(node.module or "")):
                    bound[name] |= {each.asname or each.name for each in node.names if each.name in known}
            for node in tree.body:
                if isinstance(node, ast.Assign):
                    bound[name] |= set(assigned(node, bound[name]))
    return bound


def assigned(node: ast.Assign, known: set[str]) -> Iterator[str]:
    """`talks = table(DialogueRow)`, `f = feedback.c`, and both in pairs."""
    [target] = node.targets
    pairs = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
    names = target.elts if isinstance(target, ast.Tuple) and pairs else [target]
    values = node.value.elts if isinstance(node.value, ast.Tuple) and pairs else [node.value]
    for name, value in zip(names, values, strict=True):
        match value:
            case ast.Call(func=ast.Name("table"), args=[ast.Name(row)]) if row in PRIVATE:
                yield ast.unparse(name)
            case ast.Attribute(value=ast.Name(of), attr="c") if of in known:
                yield ast.unparse(name)


@cache
def functions() -> dict[str, ast.AST]:
    """Of storage, by `module.name`; of several with one name in one module, all of them as one."""
    found = defaultdict[str, list[ast.stmt]](list)
    for name, tree in storage():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[f"{name.removeprefix('storage.')}.{node.name}"].append(node)
    return {name: ast.Module(body=nodes, type_ignores=[]) for name, nodes in found.items()}


def called(node: ast.AST) -> set[str]:
    calls = (each.func for each in ast.walk(node) if isinstance(each, ast.Call))
    return {each.id if isinstance(each, ast.Name) else each.attr for each in calls
            if isinstance(each, ast.Name | ast.Attribute)}  # fmt: skip


def named(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


@cache
def readers() -> frozenset[str]:
    """The functions that read a private table."""
    those = tables()
    return frozenset(
        name
        for name, node in functions().items()
        if called(node) & {"select", "exists", "union_all"} and named(node) & those[f"storage.{name.partition('.')[0]}"]
    )


def asks_the_policy(name: str, seen: frozenset[str] = frozenset()) -> bool:
    """Itself, or by a function of its own module."""
    module = name.partition(".")[0]
    node = functions()[name]
    if "access" in named(node) or called(node) & {"may_read", "may_see"}:
        return True
    if any(name in callers()[door] for door in DOORS.split() if door != name):
        return True
    inside = {f"{module}.{each}" for each in called(node)} & functions().keys() - seen
    return any(asks_the_policy(each, seen | {name}) for each in inside)


@cache
def callers() -> dict[str, set[str]]:
    """Who names each function of storage: by `room.module`, wherever in it."""
    found = defaultdict[str, set[str]](set)
    for name, tree in modules().items():
        aliases, direct = dict[str, str](), dict[str, str]()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "storage":
                aliases |= {each.asname or each.name: each.name for each in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("storage."):
                of = (node.module or "").removeprefix("storage.")
                direct |= {each.asname or each.name: f"{of}.{each.name}" for each in node.names}
        if name.startswith("storage."):
            own = name.removeprefix("storage.")
            direct |= {each.partition(".")[2]: each for each in functions() if each.startswith(f"{own}.")}
        for scope, node in scopes(tree):
            who = f"{name}.{scope}".removesuffix(".").removeprefix("storage.")
            for each in ast.walk(node):
                match each:
                    case ast.Attribute(value=ast.Name(of), attr=attr) if of in aliases:
                        found[f"{aliases[of]}.{attr}"].add(who)
                    case ast.Name(id=id) if id in direct and direct[id] != who:
                        found[direct[id]].add(who)
    return found


def scopes(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Functions by name, and the decorators and constants outside them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
            for each in node.decorator_list:
                yield node.name, each
    for top in tree.body:
        if not isinstance(top, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield "", top


def test_every_table_is_private_or_known_to_hold_no_words() -> None:
    rows = {node.name for _, tree in storage() for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and any(each.arg == "table" for each in node.keywords)}  # fmt: skip
    assert rows - PRIVATE - OTHERS == set(), "is it private? then say who reads it"
    assert rows >= PRIVATE


def test_every_reader_of_a_private_table_is_in_one_list() -> None:
    listed = [*OWN.split(), *DOORS.split(), *ANYBODYS]
    assert len(listed) == len(set(listed))
    assert set(listed) == readers()


def test_who_takes_the_actors_own_rows_names_the_actor() -> None:
    for name in OWN.split():
        words = {each.attr for each in ast.walk(functions()[name]) if isinstance(each, ast.Attribute)}
        assert "actor" in words | named(functions()[name]), name


def test_the_doors_ask_the_policy() -> None:
    assert [name for name in DOORS.split() if not asks_the_policy(name)] == []


def test_who_takes_anybodys_rows_is_asked_from_known_places_only() -> None:
    for name, those in ANYBODYS.items():
        assert sorted(callers()[name]) == sorted(those.split()), name
