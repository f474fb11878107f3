"""Two people who turn out to be one: everything of the second becomes the first's, and nothing is there twice."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Column, Table, select
from sqlalchemy.exc import IntegrityError
from sqlmodel.sql.sqltypes import UTCDateTime

from bot.core.people import stranger
from bot.core.settings import Settings
from handlers import FEATURES
from storage import directory, keeping, merge, schema
from storage import people as folk
from storage.audit import AuditRow
from storage.checkin import CheckinRow
from storage.dialogues import DialogueRow
from storage.engine import Store
from storage.followups import FollowUpRow
from storage.goals import GoalRow
from storage.nudges import NudgeRow
from storage.people import AccountRow, PersonRow, Profile
from tests.conftest import NOON, SLACK, TEAMS, Company, Desk, count, person, rows

ONE_COMPANY = {"companies": {"noordlicht": [SLACK, TEAMS]}}
NOBODY = Settings.model_validate({**ONE_COMPANY, "people": {"pilot": ["nobody"]}})
TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
A, B = "ana", "ana2"
MAIL = "ana@noordlicht.example"


async def all_rows(store: Store, table: Table) -> list[dict[str, Any]]:
    async with store.reading() as session:
        return [dict(row._mapping) for row in await session.all(select(table))]


def tables() -> list[Table]:
    """Every table that holds a person's id, but that of the people themselves."""
    held = {column.table.name for column in merge.columns()}
    return [table for table in schema.metadata().sorted_tables if table.name in held]


def made_up(column: Column[Any], mark: str, number: int) -> Any:
    """A value of the column's kind."""
    if column.name == "state":
        return "said"
    kind = column.type.python_type
    if isinstance(column.type, UTCDateTime):
        return NOON + timedelta(hours=number)
    if kind is date:
        return NOON.date() + timedelta(days=number)
    if kind is time:
        return time(number % 24)
    return {bool: False, int: number, float: float(number)}.get(kind, f"{mark}-{number}")


def row_of(table: Table, people: list[str], mark: str, number: int, own: bool) -> dict[str, Any]:
    """A whole row: `people` in the columns that hold one. `own`: all its values are its own, else only its id."""
    held = [column for column in merge.columns() if column.table is table]
    row = dict[str, Any]()
    for column in table.c:
        if column in held:
            row[column.name] = people[held.index(column)]
        elif not (column.primary_key and column.type.python_type is int):  # the database counts those
            row[column.name] = made_up(column, mark if own or column.name == "id" else "same", number)
    return row


async def fill(store: Store, table: Table) -> int:
    """Rows of A's and of B's in every column that holds a person, as like each other as they may be. How many."""
    held = [column for column in merge.columns() if column.table is table]
    for at in range(len(held)):
        for who in (A, B):
            people = [who if n == at else f"other{at}" for n in range(len(held))]
            try:
                async with store.transaction() as session:
                    await session.run(table.insert().values(row_of(table, people, who, at, own=False)))
            except IntegrityError:  # two such rows could not be there: what they share says nothing of who it is
                async with store.transaction() as session:
                    await session.run(table.insert().values(row_of(table, people, who, at, own=True)))
    return len(held)


@pytest.fixture
async def two(store: Store) -> Store:
    """Ana at Slack and Ana at Teams, with somebody else for every column beside hers."""
    store.settings = NOBODY
    for name in ("Ana", "Other0", "Other1", "Other2", "Other3"):
        await person(store, name, company="noordlicht")
    await person(store, "Ana2", workspace=TEAMS, company="noordlicht")
    return store


async def joined(store: Store, kept: str = A, gone: str = B) -> None:
    async with store.transaction() as session:
        await merge.merge(session, kept, gone, NOON)


async def test_nothing_of_the_second_is_left_in_any_table(two: Store) -> None:
    for table in tables():
        if table.name != "accounts":  # each has one already
            assert await fill(two, table)
    before = {table.name: await all_rows(two, table) for table in tables()}
    for table in tables():
        held = [column.name for column in merge.columns() if column.table is table]
        for name in held:
            assert {A, B} <= {row[name] for row in before[table.name]}, (table.name, name)
    await joined(two)
    for table in tables():
        held = [column.name for column in merge.columns() if column.table is table]
        for row in await all_rows(two, table):
            assert B not in [row[name] for name in held], (table.name, row)
    assert await count(two, PersonRow, id=B) == 0
    assert {row.person for row in await rows(two, AccountRow, workspace=TEAMS)} == {A}
    lost = {name: len(was) - len(await all_rows(two, schema.metadata().tables[name])) for name, was in before.items()}
    # Only what cannot stand twice is there once; the audit has one line more.
    twice = {name for name, many in lost.items() if many > 0}
    assert {"nudges", "checkins", "reviews", "followups", "homes", "cadences"} <= twice, twice
    assert twice <= {t.name for t in tables() if any(set(names) & {c.name for c in merge.columns() if c.table is t}
                     for names in merge._uniques(t))}  # fmt: skip
    assert lost["audit"] == -1


def test_every_column_that_the_house_knows_of_is_moved() -> None:
    moved = {(column.table.name, column.name) for column in merge.columns()}
    named = {(name, column) for name, rule in keeping.RULES.items() for column in rule.people if name != "people"}
    assert named == moved


def test_what_decides_between_two_rows_names_columns_that_are_there() -> None:
    everything = schema.metadata().tables
    for name, one, other in merge.BETWEEN:
        assert {one, other} <= set(everything[name].c.keys())
    assert set(merge.BETTER) <= set(everything)


# What wins where two rows cannot both stay.


async def put(store: Store, row: type[Any], **values: Any) -> None:
    async with store.transaction() as session:
        await session.run(schema.metadata().tables[row.__tablename__].insert().values(values))


@pytest.mark.parametrize(
    ("one", "two_", "left"),
    [("answered", "said", "answered"), ("said", "answered", "answered"), ("owed", "said", "said"),
     ("skipped", "owed", "skipped"), ("missed", "dropped", "missed"), ("said", "said", "said")],
)  # fmt: skip
async def test_of_two_nudges_of_a_period_the_answered_one_stays(two: Store, one: str, two_: str, left: str) -> None:
    for who, state in ((A, one), (B, two_)):
        more = {"rhythm": "checkin", "period": "2026-04", "due_at": NOON, "tries": 0}
        await put(two, NudgeRow, person=who, step=0, state=state, **more)
    await joined(two)
    [row] = await rows(two, NudgeRow)
    assert (row.person, row.state) == (A, left)


async def test_of_two_follow_ups_the_earlier_one_that_is_still_to_come_stays(two: Store) -> None:
    for who, day, planned in ((A, 9, False), (B, 4, False)):
        more = {"rhythm": "goals", "about": "stale", "planned": planned}
        await put(two, FollowUpRow, person=who, day=date(2026, 4, day), **more)
    await joined(two)
    [row] = await rows(two, FollowUpRow)
    assert (row.person, row.day) == (A, date(2026, 4, 4))


@pytest.fixture
async def desk(company: Company) -> Desk:
    desk = company(*FEATURES, now=TUESDAY, settings=NOBODY)
    for name, where in (("Max", SLACK), ("Ana", SLACK), ("Ana2", TEAMS)):
        await desk.person(name, workspace=where, company="noordlicht")
    return desk


HERE, THERE = stranger(SLACK, "U-ana"), stranger(TEAMS, "U-ana2")


@pytest.mark.parametrize("finished", [HERE, THERE], ids=["the kept one's", "the other's"])
async def test_of_two_check_ins_of_a_month_the_finished_one_counts(desk: Desk, finished: Any) -> None:
    begun = THERE if finished is HERE else HERE
    await desk.command(finished, "checkin")
    [done] = await rows(desk.store, DialogueRow)
    await desk.submit(finished, "talk.fill", done.id, answers={"well": "the launch", "energy": "4", "share": "me"})
    desk.later(hours=1)
    await desk.command(begun, "checkin")
    await desk.say(begun, "half of a thought")
    await joined(desk.store)
    states = {row.id: (row.person, row.state) for row in await rows(desk.store, DialogueRow)}
    [other] = states.keys() - {done.id}
    assert states == {done.id: (A, "finished"), other: (A, "stopped")}  # its words are still there
    assert [(row.person, row.id) for row in await rows(desk.store, CheckinRow)] == [(A, done.id)]
    await desk.deliver()
    for who in (HERE, THERE):  # nobody is asked to go on with the other one
        await desk.command(who, "checkin")
        [message] = await desk.deliver()
        assert "check-in is done" in str(message.card)


async def test_two_finished_ones_are_one_and_the_last_counts(desk: Desk) -> None:
    for who, energy in ((HERE, "2"), (THERE, "5")):
        await desk.command(who, "checkin")
        [open_one] = await rows(desk.store, DialogueRow, person=A if who is HERE else B)
        await desk.submit(who, "talk.fill", open_one.id, answers={"well": "x", "energy": energy, "share": "me"})
        desk.later(hours=1)
    await joined(desk.store)
    [row] = await rows(desk.store, CheckinRow)
    assert (row.person, row.energy) == (A, 5)
    assert sorted(row.state for row in await rows(desk.store, DialogueRow)) == ["finished", "stopped"]


# The reporting line.


async def lines(store: Store) -> dict[str, str]:
    return {row.id: row.manager for row in await rows(store, PersonRow) if row.manager}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({A: "other0"}, {A: "other0"}),
        ({B: "other0"}, {A: "other0"}),
        ({"other0": B, "other1": A}, {"other0": A, "other1": A}),
        ({A: B}, {}),
        ({B: A}, {}),
        ({A: "other0", "other0": B}, {"other0": A}),  # she would be her own manager's manager
        ({B: "other0", "other0": A}, {"other0": A}),
        ({A: "other0", "other0": "other1", "other1": B, B: "other2"}, {"other0": "other1", "other1": A, A: "other2"}),
    ],
)
async def test_the_line_never_leads_back(two: Store, before: dict[str, str], after: dict[str, str]) -> None:
    async with two.transaction() as session:
        for who, manager in before.items():
            await folk.Changed(who, {"manager": manager, "manager_from": "chat"}).save(session)
    await joined(two)
    assert await lines(two) == after


async def test_what_the_company_said_of_the_manager_counts_more_than_chat(two: Store) -> None:
    async with two.transaction() as session:
        await folk.Changed(A, {"manager": "other0", "manager_from": "chat", "manager_asked": "other2"}).save(session)
        await folk.Changed(
            B, {"manager": "other1", "manager_from": "csv", "team": "Ops", "hours": "0|09:00|12:00"}
        ).save(session)
    await joined(two)
    [ana] = await rows(two, PersonRow, id=A)
    assert (ana.manager, ana.manager_from, ana.manager_asked, ana.team) == ("other1", "csv", "other2", "Ops")
    assert ana.calendar == "UTC||0|09:00|12:00"
    [line] = await rows(two, AuditRow)
    assert (line.actor, line.person, line.action, line.record) == ("e-mail", A, "people.join", B)


async def test_nobody_and_oneself_are_not_joined(two: Store) -> None:
    before = await all_rows(two, folk.people)
    for kept, gone in ((A, A), (A, "nobody"), ("nobody", A)):
        await joined(two, kept, gone)
    assert await all_rows(two, folk.people) == before and await count(two, AuditRow) == 0


# By the e-mail address that both platforms vouch for.


async def learn(store: Store, *profiles: Profile) -> None:
    async with store.transaction() as session:
        await directory.learn(session, profiles, NOON)


async def owners(store: Store) -> list[set[str]]:
    """The accounts of each person."""
    found = dict[str, set[str]]()
    for row in await rows(store, AccountRow):
        found.setdefault(row.person, set()).add(row.account)
    return sorted(found.values(), key=sorted)


def at(workspace: str, account: str, email: str | None = MAIL, **more: Any) -> Profile:
    return Profile(workspace, account, account.title(), email=email, **more)


async def test_an_account_with_the_e_mail_of_somebody_is_theirs_from_the_first_day(store: Store) -> None:
    store.settings = NOBODY
    await learn(store, at(SLACK, "U1", "Ana@Noordlicht.example"), at(SLACK, "U2", "bo@noordlicht.example"))
    await learn(store, at(TEAMS, "29:ana"), at(TEAMS, "29:cai", "cai@noordlicht.example"))
    assert await owners(store) == [{"29:ana", "U1"}, {"29:cai"}, {"U2"}]
    [ana] = await rows(store, PersonRow, account="U1")
    assert (ana.name, ana.company, ana.workspace) == ("U1", "noordlicht", SLACK)  # Teams does not rename her
    await learn(store, at(SLACK, "U1", "Ana@Noordlicht.example"), at(TEAMS, "29:ana"))
    assert len(await owners(store)) == 3


async def test_two_who_turn_out_to_have_one_address_become_one(store: Store) -> None:
    store.settings = NOBODY
    await learn(store, at(SLACK, "U1"))
    await learn(store, at(TEAMS, "29:ana", None))
    assert await owners(store) == [{"29:ana"}, {"U1"}]
    await learn(store, at(TEAMS, "29:ana"))
    assert await owners(store) == [{"29:ana", "U1"}] and await count(store, AuditRow) == 1


@pytest.mark.parametrize(
    "profiles",
    [
        (at("slack:T9", "U1"), at(TEAMS, "29:ana")),  # another company
        (at(SLACK, "U1"), at(SLACK, "U2")),  # two of one workspace
        (at(SLACK, "U1", guest=True), at(TEAMS, "29:ana")),
        (at(SLACK, "U1"), at(TEAMS, "29:ana", guest=True)),
        (at(SLACK, "U1", gone=True), at(TEAMS, "29:ana")),  # the address may be another's by now
        (at(SLACK, "U1", bot=True), at(TEAMS, "29:ana")),
        (at(SLACK, "U1", ""), at(TEAMS, "29:ana", "")),
    ],
)
async def test_no_other_two_are_joined(store: Store, profiles: tuple[Profile, ...]) -> None:
    store.settings = NOBODY
    for profile in profiles:
        await learn(store, profile)
    await learn(store, *profiles)
    assert [len(those) for those in await owners(store)] == [1, 1]


async def test_an_address_that_two_people_have_joins_nobody(store: Store) -> None:
    store.settings = NOBODY
    await learn(store, at(SLACK, "U1"), at(SLACK, "U2"))
    await learn(store, at(TEAMS, "29:ana"))
    assert await owners(store) == [{"29:ana"}, {"U1"}, {"U2"}]


async def test_without_companies_every_workspace_is_its_own(store: Store) -> None:
    await learn(store, at(SLACK, "U1"))
    await learn(store, at(TEAMS, "29:ana"))
    assert await owners(store) == [{"29:ana"}, {"U1"}]
    assert {row.company for row in await rows(store, PersonRow)} == {SLACK, TEAMS}


async def test_who_left_one_platform_is_written_to_on_the_other(store: Store) -> None:
    store.settings = NOBODY
    await learn(store, at(SLACK, "U1"))
    await learn(store, at(TEAMS, "29:ana"))
    await learn(store, at(SLACK, "U1", gone=True))
    [ana] = await rows(store, PersonRow)
    assert (ana.gone, ana.workspace, ana.account) == (False, TEAMS, "29:ana")
    await learn(store, at(TEAMS, "29:ana", gone=True))
    [ana] = await rows(store, PersonRow)
    assert ana.gone


async def test_a_company_that_is_named_takes_its_people_and_goals_along(store: Store) -> None:
    await person(store, "Ana")
    await person(store, "Bo", workspace=TEAMS)
    goal = {"level": "company", "kind": "milestone", "visibility": "everyone", "state": "open", "word_at": NOON}
    await put(store, GoalRow, id="goal:1", company=SLACK, title="One", set_by="ana", at=NOON, **goal)
    store.settings = NOBODY
    async with store.transaction() as session:
        await directory.companies(session)
    assert {row.company for row in await rows(store, PersonRow)} == {"noordlicht"}
    assert {row.company for row in await rows(store, GoalRow)} == {"noordlicht"}
