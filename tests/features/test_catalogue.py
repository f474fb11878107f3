"""The catalogue of what can be learned: from app.yaml and from a file, all that is wrong told at once, and once."""

import pytest
from pydantic import ValidationError

from bot.core.events import Opened
from bot.core.settings import Settings
from bot.imports import Outcome
from bot.imports.catalogue import load
from storage.catalogue import CatalogueRow, offered
from storage.engine import Store
from tests.conftest import NOON, SLACK, Desk, count, person, rows

FILE = "title,kind,link,about\nWriting,course,https://l.example/w,Half a day\nShadowing Cy,job,,\nCalm,rest,,\n"


async def read(store: Store, text: str, **more: object) -> Outcome:
    return await load(store, text.encode(), NOON, **more)  # type: ignore[arg-type]


async def test_a_file_is_taken_whole_and_only_once(store: Store) -> None:
    await person(store, "Ana")
    first = await read(store, FILE, dry=True)
    assert (first.added, await count(store, CatalogueRow)) == (3, 0)
    assert (await read(store, FILE)).added == 3
    again = await read(store, FILE.replace("Half a day", "A day"))
    assert (again.added, again.changed, again.same) == (0, 1, 2)
    found = {row.title: (row.kind, row.link, row.about) for row in await rows(store, CatalogueRow, company=SLACK)}
    assert found["Writing"] == ("course", "https://l.example/w", "A day") and found["Calm"] == ("rest", "", "")
    assert again.told("Catalogue", dry=False) == "Catalogue: 0 new, 1 changed, 2 as they were."


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (",course,,", "line 2, title: is empty"),
        ("X,corse,,", "line 2, kind: “corse” is no kind; did you mean course?"),
        ("X,holiday,,", "line 2, kind: “holiday” is no kind; write one of job, "),
        ("X,,javascript:alert(1),", "line 2, link: is no address; write it like https://"),
        (f"{'x' * 121},,,", "line 2, title: has 121 characters; 120 are the most"),
        ("Writing,,,\n wRITING ,,,", "line 3, title: is the same offering as on line 2"),
    ],
)
async def test_what_is_wrong_is_told_by_its_line_and_nothing_is_taken(store: Store, line: str, problem: str) -> None:
    await person(store, "Ana")
    outcome = await read(store, f"title,kind,link,about\n{line}\n")
    assert next(str(each) for each in outcome.problems).startswith(problem)
    assert await count(store, CatalogueRow) == 0


async def test_a_file_without_titles_is_no_catalogue(store: Store) -> None:
    await person(store, "Ana")
    assert [str(each) for each in (await read(store, "kind\ncourse\n")).problems] == ["line 1, title: is missing"]


async def test_the_file_says_more_than_app_yaml_and_companies_have_their_own(store: Store) -> None:
    store.settings = Settings.model_validate({"learning": {"catalogue": [{"title": "writing"}, {"title": "Alone"}]}})
    ana, eve = await person(store, "Ana"), await person(store, "Eve", workspace="slack:T2")
    await read(store, FILE, company=SLACK)
    desk, found = Desk(store), dict[str, list[str]]()
    async with store.reading() as session:
        for who in (ana, eve):
            found[who.id] = [each.named for each in await offered(session, Opened(**desk.base(who, None)))]
    assert found["ana"] == ["Alone", "Calm", "Shadowing Cy", "Writing (https://l.example/w)"]
    assert found["eve"] == ["Alone", "writing"]


@pytest.mark.parametrize(
    "catalogue",
    [[{"title": ""}], [{"title": "X", "kind": "party"}], [{"title": "X", "link": "ftp://x"}], [{"title": "X"}] * 2],
)
def test_app_yaml_is_checked(catalogue: list[dict[str, str]]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"learning": {"catalogue": catalogue}})
