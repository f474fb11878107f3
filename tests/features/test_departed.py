"""A workspace that put us out long ago: every table is searched for its people and their words, and a neighbour is not
touched."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.core.settings import Settings
from scheduler.retention import Retention
from storage import departed, installations, schema
from storage.engine import Store
from storage.people import PersonRow
from tests.conftest import NOON, SLACK, TEAMS, Company, Desk, rows
from tests.features.test_welcome import arriving, left, let_in
from tests.features.village import OTHER, TUESDAY, Village, moved_in, settled

LATER = timedelta(days=31)


async def dump(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is kept."""
    async with store.reading() as session:
        return {
            name: sorted(map(tuple, await session.all(table.select())), key=repr)
            for name, table in schema.metadata().tables.items()
        }


async def swept(store: Store, day: int) -> None:
    await Retention(store).some(TUESDAY.replace(hour=3) + timedelta(days=day))


def test_everything_of_it_goes_and_nothing_of_its_neighbour(empty_database: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(empty_database, tmp_path / "village.db"))
    asyncio.run(everything_goes(moved_in(settled(path), path)))


async def everything_goes(village: Village) -> None:
    desk = village.desk
    try:
        people = [row.id for row in await rows(desk.store, PersonRow, company=SLACK)]
        async with desk.store.transaction() as session:
            for workspace in (SLACK, OTHER):
                await installations.configured(session, workspace, TUESDAY - LATER)
        eve = village.who("other")
        await desk.say(eve, "kudos")
        before = await dump(desk.store)
        words = [row for row in before["people"] if OTHER in row]
        assert len(people) > 8 and words and any("zq" in str(row) for row in before["goals"])
        await left(desk.store, SLACK, TUESDAY)
        await swept(desk.store, 29)
        assert len(await rows(desk.store, PersonRow, company=SLACK)) == len(people), "kept for its time"
        await swept(desk.store, 31)
        after = await dump(desk.store)
    finally:
        await desk.store.close()
    for name, found in after.items():
        for row in found:
            if name != "events":  # ids of what came in, which name the event and no person
                assert SLACK not in row and not set(people) & set(row), (name, row)
            assert not any(person in str(value).split("/") for person in people for value in row), (name, row)
            assert OTHER in str(row) or "zq" not in str(row), (name, row)
    for name, found in before.items():
        theirs = [row for row in found if OTHER in row]
        assert [row for row in after[name] if OTHER in row] == theirs, name


async def test_who_comes_back_in_time_keeps_everything(company: Company) -> None:
    desk = company()
    await desk.person("Ana")
    async with desk.store.transaction() as session:
        await installations.configured(session, SLACK, NOON)
    await left(desk.store, SLACK, NOON + timedelta(hours=1))
    async with desk.store.transaction() as session:
        assert await departed.due(session, NOON + LATER) == [SLACK]
        await installations.configured(session, SLACK, NOON + timedelta(days=20))
        assert await departed.due(session, NOON + LATER) == []


async def test_kept_for_ever_where_the_operator_says_so(company: Company) -> None:
    desk = company(settings=Settings.model_validate({"retention": {"uninstalled": 0}}))
    async with desk.store.transaction() as session:
        await installations.configured(session, SLACK, NOON)
    await left(desk.store, SLACK, NOON + timedelta(hours=1))
    async with desk.store.transaction() as session:
        assert await departed.due(session, NOON + timedelta(days=999)) == []


async def test_of_a_company_that_has_us_elsewhere_only_that_workspace_goes(company: Company) -> None:
    from handlers import FEATURES

    both = Settings.model_validate({"companies": {"one": [SLACK, TEAMS]}})
    desk = company(*FEATURES, settings=both)
    ana, ben = await two_rooms(desk)
    for who in (ana, ben):
        await let_in(desk, who)
    await desk.command(arriving(ana), "kudos", "thanks for the help", mentions=(arriving(ben),))
    async with desk.store.transaction() as session:
        await departed.erase(session, SLACK, NOON + LATER)
        left = await session.all(PersonRow.__table__.select())  # type: ignore[attr-defined]
    assert "Ana" not in {row.name for row in left}
    [kept] = [row for row in left if row.name == "Ben"]
    assert (kept.workspace, kept.company) == (TEAMS, "one")
    tables = await dump(desk.store)
    assert {name for name, found in tables.items() for row in found if SLACK in row} == {"kudos"}  # where it was given
    assert len(tables["kudos"]) == 1, "what she gave stays with him, without her name"


async def two_rooms(desk: Desk) -> tuple[Any, Any]:
    return await desk.person("Ana", company="one"), await desk.person("Ben", company="one", workspace=TEAMS)
