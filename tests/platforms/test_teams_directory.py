"""Everybody in the teams the bot is in, and who manages whom where the company lets us read its directory."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.core.settings import Settings
from bot.platforms.teams.connector import Refused
from bot.platforms.teams.graph import graph_url
from storage import people as folk
from storage.engine import Store
from storage.people import AccountRow, PersonRow
from storage.syncs import LEASE, SyncRow
from storage.teams import conversations
from tests.conftest import count, rows
from tests.platforms.teams_stub import TeamsStub
from tests.platforms.teams_world import ANA, ANA_ID, TEAM, WORKSPACE, World, payload, world

DAY = timedelta(days=1)
OTHER = "19:aaaa@thread.tacv2"  # before TEAM


def guid(number: int) -> str:
    return f"{number:08}-0000-4000-8000-000000000000"


def member(number: int, name: str, **more: Any) -> dict[str, Any]:
    """As the Bot Connector lists them (learn.microsoft.com/microsoftteams/platform/bots/how-to/get-teams-context)."""
    id, mail = f"29:1a-{name.lower()}", f"{name}@Noordlicht.example"
    told = {"id": id, "aadObjectId": guid(number), "name": name, "email": mail, "userPrincipalName": mail}
    return {**told, "tenantId": WORKSPACE[6:], "userRole": "user", **more}


def entry(number: int, name: str, manager: int | None = None, **more: Any) -> dict[str, Any]:
    """As Microsoft Graph lists them (learn.microsoft.com/graph/api/resources/user)."""
    mail = f"{name}@noordlicht.example"
    told = {"id": guid(number), "displayName": name, "mail": mail, "userPrincipalName": mail, "accountEnabled": True}
    above = {"manager": {"@odata.type": "#microsoft.graph.user", "id": guid(manager)}} if manager else {}
    return {**told, "userType": "Member", "usageLocation": "NL", **above, **more}


@pytest.fixture
async def stub() -> AsyncIterator[TeamsStub]:
    async with TeamsStub() as stub:
        stub.rosters[TEAM] = [member(1, "Bo"), member(2, "Cai"), member(3, "Dee"), member(4, "Eva", userRole="guest")]
        stub.rosters[TEAM].append(member(5, "Us", id="28:c9e8c047-2a34-40a1-b28a-b162d5f5327c"))
        yield stub


@pytest.fixture
async def plain(store: Store, stub: TeamsStub) -> AsyncIterator[World]:
    """In one team, without Graph."""
    async with world(store, stub) as made:
        await made.tell("members_bot_team")
        yield made


@pytest.fixture
async def consented(store: Store, stub: TeamsStub) -> AsyncIterator[World]:
    async with world(store, stub, graph_url=stub.graph_url) as made:
        await made.tell("members_bot_team")
        yield made


async def here(store: Store) -> set[str]:
    return {row.name for row in await rows(store, PersonRow, gone=False, bot=False)}


async def managers(store: Store) -> dict[str, str]:
    people = {row.id: row for row in await rows(store, PersonRow)}
    return {row.name: people[row.manager].name for row in people.values() if row.manager}


async def lets(store: Store, name: str, **values: Any) -> None:
    [row] = await rows(store, PersonRow, name=name)
    async with store.transaction() as session:
        await folk.Changed(row.id, values).save(session)


def asked(stub: TeamsStub, what: str) -> list[str]:
    return [call.path for call in stub.calls if what in call.path and call.status == 200]


async def test_a_team_is_read_page_by_page_and_once_a_day(plain: World, stub: TeamsStub, store: Store) -> None:
    await plain.teams.directory.sync(DAY)
    assert await here(store) == {"Ana Öberg", "Bo", "Cai", "Dee", "Eva"}
    assert len(asked(stub, "pagedmembers")) == 3
    assert {row.name for row in await rows(store, PersonRow, guest=True)} == {"Eva"}
    mails = {row.account: row.email for row in await rows(store, AccountRow)}
    assert mails["29:1a-bo"] == "bo@noordlicht.example" and mails["29:1a-eva"] == ""
    await plain.teams.directory.sync(DAY)
    assert len(asked(stub, "pagedmembers")) == 3
    # Somebody of the list who writes is the same person, and stays what the list says.
    words = payload("message_personal", text="help")
    words["from"] = {"id": "29:1a-eva", "name": "Eva", "aadObjectId": guid(4)}
    await plain.knock(words)
    [eva] = await rows(store, PersonRow, name="Eva")
    assert eva.guest and eva.account == "29:1a-eva"


async def test_a_round_that_was_broken_off_goes_on_where_it_was(plain: World, stub: TeamsStub, store: Store) -> None:
    directory = plain.teams.directory
    stub.trouble(500, path="continuationToken=2")
    with pytest.raises(Refused):
        await directory.sync(DAY)
    assert await here(store) == {"Ana Öberg", "Bo", "Cai"}
    await directory.sync(DAY)  # whoever went away has it for a while yet
    before = len(asked(stub, "pagedmembers"))
    plain.later(seconds=LEASE.total_seconds() + 1)
    stub.trouble(429, retry_after="0.1")
    await directory.sync(DAY)
    paths = asked(stub, "pagedmembers")[before:]
    assert [path.rpartition("=")[2] for path in paths] == ["2", "4"]
    assert await here(store) == {"Ana Öberg", "Bo", "Cai", "Dee", "Eva"}
    [row] = await rows(store, SyncRow)
    assert row.finished_at == plain.now and row.lease_until is None


async def test_who_left_every_team_is_gone_unless_they_talk_to_us_and_comes_back_by_a_word(
    plain: World, stub: TeamsStub, store: Store
) -> None:
    await plain.tell("message_personal", text="help")  # Ana has a conversation with the bot, and is in no team
    await plain.teams.directory.sync(DAY)
    stub.rosters[TEAM] = stub.rosters[TEAM][:1]
    plain.later(days=1)
    await plain.teams.directory.sync(DAY)
    assert await here(store) == {"Ana Öberg", "Bo"}
    words = payload("message_personal", text="help")
    words["from"] = {"id": "29:1a-cai", "name": "Cai", "aadObjectId": guid(2)}
    await plain.knock({**words, "id": "77"})
    assert await here(store) == {"Ana Öberg", "Bo", "Cai"}
    assert await count(store, AccountRow, gone=True) == 2


async def test_a_team_that_cannot_be_read_makes_nobody_gone(plain: World, stub: TeamsStub, store: Store) -> None:
    await plain.teams.directory.sync(DAY)
    async with store.transaction() as session:
        other = {"workspace": WORKSPACE, "conversation": OTHER, "address": OTHER, "service_url": stub.url}
        row = {**other, "kind": "public", "threads": True, "team": OTHER, "installs": 0, "gone": False}
        await session.run(conversations.insert().values({**row, "seen": plain.now}))
    stub.rosters[TEAM] = stub.rosters[TEAM][:1]
    plain.later(days=1)
    await plain.teams.directory.sync(DAY)
    assert {"Cai", "Dee"} <= await here(store)
    stub.rosters[OTHER] = [member(2, "Cai")]
    plain.later(days=1)
    await plain.teams.directory.sync(DAY)
    assert "Cai" in await here(store) and "Dee" not in await here(store)


async def test_the_directory_tells_managers_countries_and_leavers(
    consented: World, stub: TeamsStub, store: Store
) -> None:
    stub.users = [entry(1, "Bo"), entry(2, "Cai", 1), entry(3, "Dee", 2, accountEnabled=False), entry(9, "Zoe", 1)]
    stub.users += [entry(4, "Eva", 1, userType="Guest"), {"id": ANA_ID, "displayName": "Ana Öberg"}]
    await consented.teams.directory.sync(DAY)
    assert len(asked(stub, "/graph/v1.0/users")) == 3
    assert await managers(store) == {"Cai": "Bo", "Dee": "Cai", "Eva": "Bo"}
    assert await here(store) == {"Ana Öberg", "Bo", "Cai", "Eva"}  # Zoe never met the bot, and is not met by it
    assert {row.country for row in await rows(store, PersonRow, name="Cai")} == {"NL"}
    stub.users = [entry(1, "Bo"), entry(2, "Cai")]
    consented.later(days=1)
    await consented.teams.directory.sync(DAY)
    # Nobody above Cai any more. Who stands in a team is there, whatever the directory forgets.
    assert "Cai" not in await managers(store) and {"Bo", "Cai", "Eva"} <= await here(store)


async def test_the_directory_draws_no_line_over_one_of_an_import_or_against_the_company_s_will(
    consented: World, stub: TeamsStub, store: Store
) -> None:
    await consented.teams.directory.sync(DAY)
    [dee], [bo] = await rows(store, PersonRow, name="Dee"), await rows(store, PersonRow, name="Bo")
    await lets(store, "Cai", manager=dee.id, manager_from="csv")
    await lets(store, "Dee", manager=bo.id, manager_from="chat")
    stub.users = [entry(1, "Bo"), entry(2, "Cai", 1), entry(3, "Dee", 2)]
    await consented.teams.directory.sync()
    assert await managers(store) == {"Cai": "Dee", "Dee": "Bo"}
    store.settings = Settings.model_validate({"people": {"managers": "directory"}})
    stub.users = [entry(1, "Bo"), entry(2, "Cai", 1), entry(3, "Dee", 4)]
    await consented.teams.directory.sync()
    assert await managers(store) == {"Cai": "Dee", "Dee": "Bo"}  # Eva is a guest
    stub.users = [entry(1, "Bo", 2), entry(3, "Dee", 1), entry(2, "Cai", 1)]
    await consented.teams.directory.sync()
    assert await managers(store) == {"Cai": "Dee", "Dee": "Bo"}  # Bo under Cai would be a circle
    await lets(store, "Cai", manager=None, manager_from="")
    await consented.teams.directory.sync()
    assert await managers(store) == {"Dee": "Bo", "Bo": "Cai"}  # whichever of a circle is told first


async def test_without_consent_it_is_quiet_and_the_teams_are_read_all_the_same(
    consented: World, stub: TeamsStub, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    stub.consented, stub.users = False, [entry(2, "Cai", 1)]
    await consented.teams.directory.sync(DAY)
    assert await here(store) >= {"Bo", "Cai", "Dee"} and await managers(store) == {}
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
    stub.consented = True
    consented.later(days=1)
    await consented.teams.directory.sync(DAY)
    assert await managers(store) == {"Cai": "Bo"}


async def test_graph_is_left_alone_for_as_long_as_it_asks(consented: World, stub: TeamsStub, store: Store) -> None:
    stub.users = [entry(1, "Bo"), entry(2, "Cai", 1), entry(3, "Dee", 1)]
    stub.trouble(429, path="/graph/", retry_after="0.1", times=2)
    await consented.teams.directory.sync(DAY)
    assert await managers(store) == {"Cai": "Bo", "Dee": "Bo"}


async def test_a_link_that_leads_elsewhere_is_not_followed(consented: World, stub: TeamsStub, store: Store) -> None:
    stub.users = [entry(1, "Bo"), entry(2, "Cai", 1), entry(3, "Dee", 1)]
    await consented.teams.directory.sync(DAY)
    stub.next_host, stub.users = "localhost", [*stub.users[:2], entry(8, "Xia"), entry(9, "Zoe")]
    consented.later(days=1)
    before = len(asked(stub, "/graph/"))
    await consented.teams.directory.sync(DAY)
    assert len(asked(stub, "/graph/")) == before + 1
    assert "Dee" in await here(store)  # a list without its end makes nobody gone


def test_graph_is_that_of_the_cloud_whose_keys_we_believe() -> None:
    assert graph_url("https://login.botframework.com/v1/x") == "https://graph.microsoft.com"
    assert graph_url("https://login.botframework.azure.us/v1/x") == "https://graph.microsoft.us"


async def test_ana_known_by_a_menu_first_is_the_same_on_the_list(plain: World, stub: TeamsStub, store: Store) -> None:
    await plain.tell("message_personal", text="help")
    stub.rosters[TEAM].append(member(7, "Ana", id=ANA, aadObjectId=ANA_ID))
    await plain.teams.directory.sync(DAY)
    [ana] = await rows(store, AccountRow, account=ANA)
    assert ana.email == "ana@noordlicht.example" and await count(store, PersonRow, name="Ana") == 1
