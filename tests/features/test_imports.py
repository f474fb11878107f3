"""Goals from a spreadsheet: however it was saved, all that is wrong told at once, then all or nothing, and once."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.imports import NoCompany, Outcome, Unreadable, company_of, day, figure, sheet
from bot.imports.goals import COLUMNS, load
from storage import schema
from storage.engine import Store
from storage.goals import GoalChangeRow, GoalRow
from tests.app.process import run
from tests.conftest import NOON, SLACK, Databases, count, person, rows

KNOWN = ("level", "title", "why", "target")

# Reading.


def cells(body: bytes) -> list[tuple[int, str, str]]:
    read = sheet(body, KNOWN)
    assert not read.problems, read.problems
    return [(row.line, row["title"], row["target"]) for row in read.rows]


PLAIN = "level,title,target\nteam,Åsas mål,60\ncompany,Två,\n"
FOUND = [(2, "Åsas mål", "60"), (3, "Två", "")]


@pytest.mark.parametrize(
    "body",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace(",", ";").encode("utf-8-sig"),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace("level,title", "Level, TITLE ").encode(),
        PLAIN.removesuffix("\n").encode(),
        '"level","title","target"\n"team","Åsas mål","60"\n"company","Två",""\n'.encode(),
    ],
)
def test_a_file_is_read_however_the_spreadsheet_saved_it(body: bytes) -> None:
    assert cells(body) == FOUND


def test_lines_are_counted_as_an_editor_does() -> None:
    body = 'level,title,target\n\nteam,"one,\ntwo ""three""",1\n,,\nteam,four,2\n'
    assert cells(body.encode()) == [(3, 'one,\ntwo "three"', "1"), (6, "four", "2")]


def problems(body: str | bytes, needed: tuple[str, ...] = ("level", "title")) -> list[str]:
    return [
        str(problem) for problem in sheet(body if isinstance(body, bytes) else body.encode(), KNOWN, needed).problems
    ]


def test_what_cannot_be_read_is_told_with_its_line() -> None:
    assert (
        problems("")
        == problems(" \n")
        == ["line 1: is empty; its first line names the columns: level, title, why, target"]
    )
    [said] = problems("level,title\nteam,Åsa\n".encode("latin-1"))
    assert said.startswith("line 2: is not UTF-8")
    assert problems('level,title\nteam,"never\nclosed\n') == ["line 2: a quote that opens here is never closed"]
    [said] = problems("level,title\nteam,one, two\n")
    assert said == "line 2: has 3 cells, the first line has 2; text with a separator in it needs quotes"


def test_all_that_is_wrong_with_the_columns_is_told_at_once() -> None:
    said = problems("level,titel,why,why,\nteam,a,b,c,\n")
    assert said == [
        "line 1, title: is missing",
        "line 1, titel: is no column I know; did you mean title?",
        "line 1, why: stands twice",
        "line 1, ?: is no column I know; there are: level, title, why, target",
    ]


@given(st.binary(max_size=300))
def test_no_file_breaks_the_reading(body: bytes) -> None:
    read = sheet(body, KNOWN, ("level",))
    assert read.rows or read.problems or b"level" in body.lower()


@pytest.mark.parametrize(
    ("text", "value"),
    [("", None), ("60", 60), ("60 %", 60), ("3,5", 3.5), ("3.5", 3.5), ("1 200", 1200), ("1 200,5", 1200.5),
     ("1.200,50", 1200.5), ("1,200.50", 1200.5), ("1.200.000", 1_200_000), ("-4", -4), ("−4", -4), ("0.125", 0.125),
     ("1200,0", 1200)],
)  # fmt: skip
def test_figures_are_read_as_countries_write_them(text: str, value: float | None) -> None:
    assert figure(text) == value


@pytest.mark.parametrize("text", ["ten", "1.2.3", "1,2,3", "1-2", "60 customers", "1e9", ".", "9" * 30, "1.2,3.4"])
def test_what_is_no_figure_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="no figure"):
        figure(text)


@pytest.mark.parametrize("text", ["1.200", "1,200", "-12,500"])
def test_a_figure_that_two_countries_read_differently_is_not_guessed(text: str) -> None:
    with pytest.raises(Unreadable, match=r"two ways; write -?12"):
        figure(text)


def test_days_are_read_and_never_guessed() -> None:
    assert day("") is None
    for text in ("2026-12-31", "2026/12/31", "31-12-2026", "31.12.2026", "31/12/2026"):
        assert day(text) == date(2026, 12, 31)
    assert day("03/03/2026") == date(2026, 3, 3)
    for text, what in (
        ("03/04/2026", "two ways"),
        ("2026-02-30", "no calendar"),
        ("soon", "no day"),
        ("31-12.2026", "no day"),
    ):
        with pytest.raises(Unreadable, match=what):
            day(text)


def test_whose_file_it_is_has_to_be_clear() -> None:
    assert company_of(["a"]) == company_of(["a", "b"], "a") == "a"
    for known, named in (([], ""), (["a", "b"], ""), (["a"], "c")):
        with pytest.raises(NoCompany):
            company_of(known, named)


# Goals.

HEADER = ",".join(COLUMNS)
FILE = f"""{HEADER}
company,,Be the friendliest,Customers stay,measure,40,60,%,2026-12-31,,hanna@acme.example
team,Sales,Ten customers,"Because
they pay",measure,0,10,customers,31-12-2026,be the friendliest,
team,sales,A quiet inbox,,,,,,,,U-max
company,,One product,,milestone,,,,,,
"""


@pytest.fixture
async def house(store: Store) -> Store:
    await person(store, "Hanna", role="hr")
    await person(store, "Max", role="manager", team="Sales")
    await person(store, "Eve", workspace="slack:T2")
    async with store.transaction() as session:
        from storage.people import accounts

        await session.run(accounts.update().where(accounts.c.person == "hanna").values(email="hanna@acme.example"))
    return store


async def bring(store: Store, text: str, dry: bool = False) -> Outcome:
    return await load(store, text.encode(), NOON, SLACK, dry)


async def goal(store: Store, title: str) -> Any:
    [row] = await rows(store, GoalRow, title=title)
    return row


def counts(outcome: Outcome) -> tuple[int, int, int]:
    assert not outcome.problems, outcome.problems
    return outcome.added, outcome.changed, outcome.same


async def test_a_dry_run_writes_nothing_and_a_real_one_everything_once(house: Store) -> None:
    dry = await bring(house, FILE, dry=True)
    assert counts(dry) == (4, 0, 0) and await count(house, GoalRow) == 0
    assert dry.told("Goals", True) == "No problems. Goals: 4 new, 0 changed, 0 as they were. Nothing was written."
    assert counts(await bring(house, FILE)) == (4, 0, 0)
    assert counts(await bring(house, FILE)) == (0, 0, 4)
    assert await count(house, GoalRow) == 4 and await count(house, GoalChangeRow) == 0
    top, sales = await goal(house, "Be the friendliest"), await goal(house, "Ten customers")
    assert (top.level, top.kind, top.start, top.target, top.value, top.unit) == ("company", "measure", 40, 60, 40, "%")
    assert (top.company, top.set_by, top.due, top.person, top.visibility) == (
        SLACK, "hanna", date(2026, 12, 31), None, "everyone"
    )  # fmt: skip
    assert (sales.parent, sales.team, sales.why, sales.set_by) == (top.id, "Sales", "Because\nthey pay", "max")
    inbox, product = await goal(house, "A quiet inbox"), await goal(house, "One product")
    assert (inbox.kind, inbox.team, inbox.set_by, inbox.target) == ("objective", "Sales", "max", None)
    assert (product.kind, product.target, product.set_by) == ("milestone", 1, "hanna")


async def test_a_changed_file_changes_and_what_it_does_not_name_stays(house: Store) -> None:
    await bring(house, FILE)
    changed = FILE.replace("40,60", "40,70").replace("2026-12-31,,hanna@acme.example", "2026-11-30,,u-max")
    assert counts(await bring(house, changed)) == (0, 1, 3)
    top = await goal(house, "Be the friendliest")
    assert (top.target, top.due, top.set_by, top.value) == (70, date(2026, 11, 30), "max", 40)
    assert {(row.field, row.old, row.new) for row in await rows(house, GoalChangeRow)} == {
        ("target", "60.0", "70.0"), ("due", "2026-12-31", "2026-11-30")
    }  # fmt: skip
    few = "title;level;team;why\nBE THE  friendliest;company;;Because\nTen customers;team;Sales;Because they pay\n"
    assert counts(await bring(house, few)) == (0, 2, 0)
    top, sales = await goal(house, "Be the friendliest"), await goal(house, "Ten customers")
    assert (top.target, top.why, sales.parent, sales.why) == (70, "Because", top.id, "Because they pay")


async def test_every_problem_is_told_by_its_line_and_nothing_is_written(house: Store) -> None:
    text = f"""{HEADER}
company,,Fine,,measure,0,10,,,,
company,Sales,Of a team,,measure,0,10,,,,
team,,Whose,,,,,,,,
team,Slaes,Typed wrong,,,,,,,,
group,,No level,,,,,,,,
company,,,,milestone,,,,,,
company,,No target,,measure,,,,,,
company,,Words,,measure,0,ten,,soon,,
company,,No way,,measure,10,10,,,,
company,,Figures,,milestone,,10,,,,
company,,Kind,,wish,,10,,,,
team,Sales,Parent,,,,,,,Fien,
company,,Child,,,,,,,Fine,
company,,Owner,,,,,,,,nobody@acme.example
company,,fine ,,,,,,,,
company,,{"x" * 201},,,,,,,,
company,,Foreign,,,,,,,,U-eve
company,,Ambiguous,,,,1.200,,03/04/2026,,
"""
    outcome = await bring(house, text)
    assert [str(problem) for problem in sorted(outcome.problems)] == [
        "line 3, team: a goal of the company has no team; leave it empty, or write team as level",
        "line 4, team: is empty; write whose goal it is",
        "line 5, team: nobody is in a team “Slaes”; did you mean “Sales”?",
        "line 6, level: “group” is no level; write company or team",
        "line 7, title: is empty",
        "line 8, target: is empty; a goal of the kind measure has to have one",
        "line 9, due: “soon” is no day; write it like 2026-12-31",
        "line 9, target: “ten” is no figure",
        "line 10, target: is where it starts; write where it should be",
        "line 11, target: a goal of the kind milestone has no figures; leave it empty",
        "line 12, kind: “wish” is no kind; write measure or objective or milestone",
        "line 13, parent: no goal of the company is called “Fien”; did you mean “Fine”?",
        "line 14, parent: a goal of the company serves no other; leave it empty",
        "line 15, owner: nobody of this company has the e-mail address or account “nobody@acme.example”",
        "line 16, title: is the same goal as on line 2",
        "line 17, title: has 201 characters; 200 are the most",
        "line 18, owner: nobody of this company has the e-mail address or account “U-eve”",
        "line 19, due: “03/04/2026” can be read in two ways; write it like 2026-12-31",
        "line 19, target: “1.200” can be read in two ways; write 1200 or 1.2",
    ]
    assert outcome.told("Goals", False).endswith("\n19 problems; nothing was imported.")
    assert await count(house, GoalRow) == 0


async def test_without_anybody_to_look_after_it_a_goal_needs_an_owner(store: Store) -> None:
    await person(store, "Ana")
    outcome = await load(store, b"level,title\ncompany,One\n", NOON)
    assert [str(problem) for problem in outcome.problems] == [
        "line 2, owner: is empty, and nobody has the role hr; write who looks after this goal"
    ]


async def test_the_goals_of_two_companies_do_not_meet(house: Store) -> None:
    await bring(house, FILE)
    theirs = "level,title,owner\ncompany,One product,U-eve\n"
    assert counts(await load(house, theirs.encode(), NOON, "slack:T2")) == (1, 0, 0)
    assert {row.company for row in await rows(house, GoalRow, title="One product")} == {SLACK, "slack:T2"}


async def test_the_command_tells_problems_and_counts(databases: Databases, tmp_path: Path) -> None:
    url = databases(tables=False)
    (tmp_path / "goals.csv").write_text("level,title,owner\ncompany,One,U-ana\nteam,Two,\n", "utf-8")
    done = run(tmp_path, "import", "goals", "goals.csv", DATABASE_URL=url)
    assert (done.returncode, done.stderr) == (2, "The database is not up to date: run kadens db upgrade first.\n")
    await schema.upgrade(url)
    done = run(tmp_path, "import", "goals", "goals.csv", DATABASE_URL=url)
    assert done.returncode == 2 and done.stderr.startswith("Nobody is known yet.")
    store = Store(url)
    await person(store, "Ana")
    await store.close()
    done = run(tmp_path, "import", "goals", "goals.csv", "--dry-run", DATABASE_URL=url)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "line 3, team: is empty; write whose goal it is"
    (tmp_path / "goals.csv").write_text("level,title,owner\ncompany,One,U-ana\n", "utf-8")
    done = run(tmp_path, "import", "goals", "goals.csv", DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (0, "Goals: 1 new, 0 changed, 0 as they were.\n")
    assert "goals.csv" in run(tmp_path, "import", "goals", "--help").stdout
    assert run(tmp_path, "import", "goals", "none.csv", DATABASE_URL=url).returncode == 2
