"""Everybody who works here, read from Slack in rounds that a kill, a second replica or a tired Slack cannot spoil."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.people import stranger
from bot.platforms.slack.api import Api, Away
from bot.platforms.slack.directory import Directory
from bot.platforms.slack.payload import profile
from bot.platforms.slack.workspaces import Workspace
from storage import directory as kept
from storage import people as folk
from storage.engine import Store
from storage.people import AccountRow, PersonRow, Profile
from storage.syncs import LEASE, SyncRow
from tests.conftest import count, rows, statements, until
from tests.platforms.slack_stub import SlackStub, Trouble, user

DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 2, 6, tzinfo=UTC)
T1 = "slack:T1"


class Replica(Directory):
    """One of several processes, with a clock moved by hand."""

    now = MONDAY

    def later(self, time: timedelta) -> "Replica":
        self.now += time
        return self


@pytest.fixture
async def stub() -> AsyncIterator[SlackStub]:
    async with SlackStub() as stub:
        yield stub


@pytest.fixture
async def replicas(stub: SlackStub, store: Store) -> AsyncIterator[list[Replica]]:
    apis = [Api("xoxb-1", stub.url), Api("xoxb-1", stub.url)]
    made = list[Replica]()
    for api in apis:
        replica = Replica(Workspace("slack:T1", api), store, lambda: made[0].now)
        made.append(replica)
    yield made
    for api in apis:
        await api.close()


def cursors(stub: SlackStub) -> list[str]:
    return [call.args.get("cursor", "") for call in stub.named("users.list") if call.outcome == "ok"]


async def here(store: Store) -> set[str]:
    return {row.account for row in await rows(store, PersonRow, gone=False)}


async def test_a_round_that_was_broken_off_goes_on_at_its_page_in_another_process(
    replicas: list[Replica], stub: SlackStub, store: Store
) -> None:
    one, two = replicas
    stub.users = [user(f"U{n}", f"name{n}") for n in range(6)]
    stub.troubles.append(Trouble("users.list", status=500, when={"cursor": "4"}))
    with pytest.raises(Away):
        await one.sync(DAY)
    assert cursors(stub) == ["", "2"] and await here(store) == {"U0", "U1", "U2", "U3"}
    # Who went away has the round for a while yet; then the other goes on, and asks for no page again.
    await two.sync(DAY)
    assert cursors(stub) == ["", "2"]
    one.later(LEASE + timedelta(seconds=1))
    await two.sync(DAY)
    assert cursors(stub) == ["", "2", "4"] and len(await here(store)) == 6
    [row] = await rows(store, SyncRow)
    assert (row.workspace, row.cursor, row.began_at, row.finished_at) == (T1, "", MONDAY, one.now)


async def test_a_day_is_read_once_by_all_replicas_together(replicas: list[Replica], stub: SlackStub) -> None:
    one, two = replicas
    await asyncio.gather(one.sync(DAY), two.sync(DAY))
    await one.sync(DAY)
    assert cursors(stub) == ["", "2"]
    one.later(timedelta(hours=23))
    await two.sync(DAY)
    assert cursors(stub) == ["", "2"]
    one.later(timedelta(hours=2))
    await asyncio.gather(one.sync(DAY), two.sync(DAY))
    assert cursors(stub) == ["", "2", "", "2"]
    await two.sync()  # told to, at once
    assert cursors(stub) == ["", "2"] * 3


async def test_who_lost_the_round_keeps_no_page_any_more(
    replicas: list[Replica], stub: SlackStub, store: Store
) -> None:
    one, two = replicas
    stub.hang("users.list", 0.3)
    slow = asyncio.create_task(one.sync(DAY))
    await until(lambda: stub.named("users.list"))
    one.later(LEASE + timedelta(seconds=1))
    await two.sync(DAY)
    stub.users[0]["profile"]["display_name"] = "renamed"
    await slow
    assert len(stub.named("users.list")) == 3  # it had asked, and then went no further
    assert {row.name for row in await rows(store, PersonRow)} == {"ana", "bo", "cai"}


async def test_slack_is_left_alone_for_as_long_as_it_asks(replicas: list[Replica], stub: SlackStub) -> None:
    stub.limit("users.list", 0.2, times=2)
    began = time.monotonic()
    await replicas[0].sync(DAY)
    assert time.monotonic() - began >= 0.4
    assert [call.outcome for call in stub.named("users.list")] == ["429", "429", "ok", "ok"]


async def test_a_place_that_slack_has_forgotten_is_begun_anew(
    replicas: list[Replica], stub: SlackStub, store: Store
) -> None:
    one, _ = replicas
    stub.refuse("users.list", "invalid_cursor", cursor="2")
    await one.sync(DAY)
    assert cursors(stub) == ["", "", "2"] and len(await here(store)) == 3


async def test_who_is_on_no_page_of_a_whole_round_is_gone_and_who_comes_back_is_back(
    replicas: list[Replica], stub: SlackStub, store: Store
) -> None:
    one, _ = replicas
    await one.sync(DAY)
    async with store.transaction() as session:  # somebody of another company, and somebody nobody listed yet
        await kept.learn(session, [Profile(T1, "U8", "eva", guest=True)], one.now)
        await kept.learn(session, [Profile(T1, "U9", "left between two rounds")], one.now)
        await folk.introduced(session, [stranger(T1, "U7", "new")])
    everybody, stub.users = stub.users, [stub.users[1]]
    stub.users.append(user("U3", "cai", deleted=True))
    one.later(DAY)
    stub.fail("users.list", 500)
    with pytest.raises(Away):
        await one.sync(DAY)
    assert "U1" in await here(store)  # half a list tells of nobody that they are gone
    await one.later(LEASE).sync(DAY)
    assert await here(store) == {"U2", "U7", "U8"}
    stub.users = everybody
    await one.later(DAY).sync(DAY)
    assert await here(store) == {"U1", "U2", "U3", "U7", "U8"}


async def test_an_empty_list_empties_no_company(replicas: list[Replica], stub: SlackStub, store: Store) -> None:
    one, _ = replicas
    await one.sync(DAY)
    stub.users = []
    await one.later(DAY).sync(DAY)
    assert await here(store) == {"U1", "U2", "U3"}


async def test_a_page_of_two_hundred_costs_a_handful_of_statements(store: Store) -> None:
    people = [profile(T1, user(f"U{n}", f"name{n}", is_email_confirmed=True)) for n in range(200)]
    async with store.transaction() as session:
        with statements(store) as new:
            await kept.learn(session, people, MONDAY, MONDAY)
    assert await count(store, PersonRow) == await count(store, AccountRow) == 200
    async with store.transaction() as session:
        with statements(store) as same:
            await kept.learn(session, people, MONDAY + DAY, MONDAY + DAY)
    assert not [said for said, _ in same if "UPDATE people" in said]  # what did not change is not written
    moved = [profile(T1, user(f"U{n}", f"other{n}", tz="America/New_York", locale="nl-NL")) for n in range(200)]
    async with store.transaction() as session:
        with statements(store) as changed:
            await kept.learn(session, moved, MONDAY + 2 * DAY, MONDAY + 2 * DAY)
    assert max(map(len, (new, same, changed))) <= 5, [len(new), len(same), len(changed)]
    found = {row.account: row for row in await rows(store, PersonRow)}
    assert {(row.name, row.zone, row.lang, row.country) for row in found.values()} == {
        (f"other{n}", "America/New_York", "nl", "US") for n in range(200)
    }


async def test_only_an_e_mail_that_slack_vouches_for_is_kept(
    replicas: list[Replica], stub: SlackStub, store: Store
) -> None:
    def mailing(id: str, **more: Any) -> dict[str, Any]:
        made = user(id, id.lower(), **{"is_email_confirmed": True, **more})
        made["profile"]["email"] = f"{id}@Noordlicht.example"
        return made

    stub.users = [
        mailing("U1"),
        mailing("U2", is_email_confirmed=False),
        mailing("U3", is_restricted=True),
        mailing("U4", is_bot=True),
        mailing("U5", deleted=True),
    ]
    await replicas[0].sync(DAY)
    kept_mail = {row.account: row.email for row in await rows(store, AccountRow)}
    assert kept_mail == {"U1": "u1@noordlicht.example", "U2": "", "U3": "", "U4": "", "U5": ""}
    stub.users[0]["deleted"] = True
    await replicas[0].sync()
    assert {row.email for row in await rows(store, AccountRow)} == {""}  # the address may be another's tomorrow
