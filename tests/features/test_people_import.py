"""Who people are in the company, from a file: all that is wrong at once and by line, then all or nothing."""

import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from bot.core.settings import Settings
from bot.imports import NoCompany, Unreadable
from bot.imports.people import Report, days, load
from storage import directory, lines, schema
from storage import people as folk
from storage.audit import AuditRow
from storage.engine import Store
from storage.people import AccountRow, PersonRow, Profile
from tests.app.process import run
from tests.conftest import NOON, SLACK, TEAMS, Databases, count, crowd, person, rows

BOTH = Settings.model_validate(
    {"companies": {"noordlicht": [SLACK, TEAMS]}, "kudos": {"allowance": {"default": 5, "buddy": 9}}}
)


@pytest.fixture
async def house(store: Store) -> Store:
    """Ana, Max and Zoe at Slack; Eve and a second U-max in another company; a bot and somebody who left."""
    for name, more in {
        "Max": {"country": "NL", "zone": "Europe/Amsterdam"},
        "Ana": {"manager": "max", "manager_from": "chat", "team": "Ops"},
        "Zoe": {},
        "Robo": {"bot": True},
        "Gus": {"gone": True},
        "Ria": {"guest": True},
    }.items():
        await person(store, name, **more)
    await person(store, "Eve", workspace="slack:T2")
    await person(store, "Max2", workspace="slack:T2", account="U-max")
    async with store.transaction() as session:
        accounts = folk.accounts
        for name in ("ana", "max", "zoe"):
            here = accounts.c.person == name
            await session.run(update(accounts).where(here).values(email=f"{name}@noordlicht.example"))
    return store


async def told(store: Store, text: str, **more: Any) -> Report:
    return await load(store, text.encode(), NOON, **more)


async def problems(store: Store, text: str, **more: Any) -> list[str]:
    """What is said of a file, by a dry run and by a real one alike; nothing is written."""
    before = await kept(store)
    dry, real = await told(store, text, dry=True, **more), await told(store, text, **more)
    assert sorted(dry.problems) == sorted(real.problems) and dry.problems
    assert await kept(store) == before and await count(store, AuditRow) == 0
    return [str(problem) for problem in sorted(dry.problems)]


async def kept(store: Store) -> Mapping[str, Any]:
    async with store.reading() as session:
        return {row.id: row for row in await session.all(select(folk.people))}


FILE = """\
email;manager;team;role;country;days;start;end;started
Ana@Noordlicht.example;zoe@noordlicht.example;Design;hr;de-by;mon-thu;8:30;16:00;2026-01-15
zoe@noordlicht.example;;;manager;;;;;
max@noordlicht.example;-;-;;-;;;;
"""


async def test_what_a_file_says_is_so_and_what_it_leaves_out_stays(house: Store) -> None:
    report = await told(house, FILE)
    assert not report.problems and (report.changed, report.same) == (2, 1), report
    people = await kept(house)
    ana = people["ana"]
    assert (ana.manager, ana.manager_from, ana.team, ana.role) == ("zoe", "csv", "Design", "hr")
    assert (ana.country, ana.country_chosen, ana.hours) == ("DE-BY", True, "0123|08:30|16:00")
    assert ana.calendar == "UTC|DE-BY|0123|08:30|16:00" and ana.started == date(2026, 1, 15)
    assert people["zoe"].role == "manager" and people["zoe"].team == ""
    assert people["max"].country == "NL"  # cleared: as the time zone tells
    audit = {(line.actor, line.person, line.action, line.record) for line in await rows(house, AuditRow)}
    assert ("cli", "zoe", "people.import", "role") in audit and len(audit) == 2
    again = await told(house, FILE)
    assert (again.changed, again.same, len(await rows(house, AuditRow))) == (0, 3, 2)


async def test_a_dry_run_says_by_line_what_would_change_and_writes_nothing(house: Store) -> None:
    before = await kept(house)
    report = await told(house, FILE, dry=True)
    assert report.told("People", dry=True).splitlines() == [
        "line 2, Ana: team Ops → Design, role nothing → hr, manager Max → Zoe, country nothing → DE-BY,"
        " started nothing → 2026-01-15, hours nothing → 0123|08:30|16:00",
        "line 3, Zoe: role nothing → manager",
        "No problems. People: 2 changed, 1 as they were. Nothing was written.",
    ]
    assert await kept(house) == before and await count(house, AuditRow) == 0


async def test_everything_that_is_wrong_is_told_at_once(house: Store) -> None:
    house.settings = BOTH
    said = await problems(
        house,
        "account,workspace,manger,manager,role,country,days,start,end,started\n"
        "U-nobody,,,,,,,,,\n"
        f"U-ana,{SLACK},,U-nobody,budy,Nederland,mon-x,25:00,,soon\n"
        "U-max,,,,,,,,,\n"
        f"U-zoe,{SLACK},,U-zoe,chef,,,,,\n"
        f"U-robo,,,,,,,,,\n"
        f"U-gus,,,,,,,,,\n"
        ",,,,,,,,,\n"
        ",,,U-ana,,,,,,\n"
        f"U-ria,,,U-ria,,,,18:00,09:00,\n"
        f"U-ana,{SLACK},,U-ria,,,,,,\n"
        f"U-max,{SLACK},,U-eve,,,,18:00,,\n",
    )
    assert said == [
        "line 1, manger: is no column I know; did you mean manager?",
        "line 2, account: nobody I know has “U-nobody”",
        "line 3, country: “Nederland” is no country I know holidays of; write for example NL or DE-BY",
        "line 3, days: “mon-x” are no days of the week; write for example mon-fri, or mon tue thu",
        "line 3, manager: nobody I know has “U-nobody”",
        "line 3, role: “budy” is no role; did you mean buddy?",
        "line 3, start: “25:00” is no time of day; write for example 09:00",
        "line 3, started: “soon” is no day; write it like 2026-12-31",
        "line 4, account: more than one person has “U-max”; fill in the column workspace",
        "line 5, manager: is the person themselves",
        "line 5, role: “chef” is no role; there are manager, hr, admin, leader, buddy",
        "line 6, account: “U-robo” is a bot",
        "line 7, account: “U-gus” has left",
        "line 9: names nobody; fill in email or account",
        "line 10, manager: Ria is a guest",
        "line 11: is about Ana, as line 3 is",
        "line 11, manager: Ria is a guest",
        "line 12, manager: “U-eve” is of another company",
    ]


async def test_odd_hours_and_two_names_of_two_people(house: Store) -> None:
    said = await problems(
        house, "email,account,start,end\nana@noordlicht.example,U-zoe,,\n,U-ana,18:00,09:00\n,U-zoe,18:00,\n"
    )
    assert said == [
        "line 2, account: is Zoe, but the e-mail address is Ana's",
        "line 3, end: the day has to end after it begins",
        "line 4, start: the day has to end after it begins",
    ]
    assert await problems(house, "name,team\nAna,Ops\n") == ["line 1: names nobody; add a column email or account"]


async def test_a_circle_of_lines_and_one_with_what_is_kept(house: Store) -> None:
    said = await problems(house, "account,manager\nU-ana,U-zoe\nU-zoe,U-ria2\n")
    assert said == ["line 3, manager: nobody I know has “U-ria2”"]
    await person(house, "Bo", manager="ana", manager_from="csv")
    said = await problems(house, f"account,workspace,manager\nU-max,{SLACK},U-bo\n")
    assert said == ["line 2, manager: goes round in a circle: Max → Bo → Ana → Max"]
    said = await problems(house, "account,manager\nU-zoe,U-ana\nU-ana,U-bo\nU-bo,U-zoe\n")
    assert said == [
        "line 2, manager: goes round in a circle: Zoe → Ana → Bo → Zoe",
        "line 3, manager: goes round in a circle: Ana → Bo → Zoe → Ana",
        "line 4, manager: goes round in a circle: Bo → Zoe → Ana → Bo",
    ]
    # What was a circle is none where a line of the same file opens it.
    report = await told(house, f"account,workspace,manager\nU-max,{SLACK},U-bo\nU-ana,{SLACK},-\n")
    assert not report.problems
    assert {row.id: row.manager for row in await rows(house, PersonRow) if row.manager} == {"max": "bo", "bo": "ana"}


async def test_only_one_company_where_one_is_named(house: Store) -> None:
    assert not (await told(house, "account,team\nU-max,Care\n", company=SLACK)).problems
    assert {row.id for row in await rows(house, PersonRow, team="Care")} == {"max"}
    said = [str(problem) for problem in (await told(house, "account,team\nU-eve,Care\n", company=SLACK)).problems]
    assert said == ["line 2, account: “U-eve” is of another company"]
    with pytest.raises(NoCompany, match="no company 'x'"):
        await told(house, "account\nU-eve\n", company="x")


async def test_what_a_file_said_outlives_what_the_platform_says(house: Store) -> None:
    await told(house, "account,name,country,days\nU-ana,Ana B.,SE,mon\n")
    profile = Profile(SLACK, "U-ana", "ana.berg", zone="Europe/Amsterdam")
    async with house.transaction() as session:
        await directory.learn(session, [profile], NOON)
    ana = (await kept(house))["ana"]
    assert (ana.name, ana.calendar) == ("Ana B.", "Europe/Amsterdam|SE|0|09:00|17:00")
    await told(house, "account,name,country,days\nU-ana,-,-,-\n")
    async with house.transaction() as session:
        await directory.learn(session, [profile], NOON)
    ana = (await kept(house))["ana"]
    assert (ana.name, ana.calendar) == ("ana.berg", "Europe/Amsterdam|NL|01234|09:00|17:00")


async def test_a_file_that_says_what_chat_was_asked_answers_the_question(house: Store) -> None:
    async with house.transaction() as session:
        await folk.Changed("zoe", {"manager_asked": "ana"}).save(session)
    await told(house, "account,manager\nU-zoe,zoe@noordlicht.example\n")
    assert (await kept(house))["zoe"].manager_asked == "ana"  # refused: oneself
    await told(house, "account,manager\nU-zoe,max@noordlicht.example\n")
    zoe = (await kept(house))["zoe"]
    assert (zoe.manager, zoe.manager_asked) == ("max", None)


async def test_twenty_thousand_lines_take_seconds(store: Store) -> None:
    many = 20_000
    await crowd(store, many)
    text = "account,manager,team,days\n" + "".join(f"U{n},U{n // 10},Team {n % 50},mon-thu\n" for n in range(1, many))
    began = time.perf_counter()
    dry = await told(store, text, dry=True)
    real = await told(store, text)
    took = time.perf_counter() - began
    assert not real.problems and dry.changed == real.changed == many - 1
    assert await count(store, AuditRow) == many - 1
    async with store.reading() as session:
        managers = await lines.every(session)
    assert managers["p19999"] == "p1999" and len(managers) == many - 1
    assert took < 30, took  # about four seconds on an idle machine


@pytest.mark.parametrize(
    ("text", "found"),
    [("mon-fri", (0, 1, 2, 3, 4)), ("Monday", (0,)), ("tue, thu", (1, 3)), ("fri - mon", (0, 4, 5, 6)),
     ("mon;wed/sun", (0, 2, 6)), ("mon–wed", (0, 1, 2)), ("sun", (6,))],
)  # fmt: skip
def test_days_as_people_write_them(text: str, found: tuple[int, ...]) -> None:
    assert days(text) == found


@pytest.mark.parametrize("text", ["", "m", "mo", "1-5", "mondays", "mon-", "-mon", "mon--tue", "maandag"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="no days of the week"):
        days(text)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40))
def test_circles_are_found_and_nothing_else(pairs: list[tuple[int, int]]) -> None:
    managers = {str(one): str(other) for one, other in pairs}
    rings = lines.circles(managers)
    members = [id for ring in rings for id in ring]
    assert len(members) == len(set(members))
    for ring in rings:
        assert all(managers[one] == other for one, other in zip(ring, (*ring[1:], ring[0]), strict=True))

    def leads_home(person: str) -> bool:
        at = person
        return any((at := managers.get(at, "")) == person for _ in managers)

    assert set(members) == {person for person in managers if leads_home(person)}


async def test_the_command_tells_problems_changes_and_counts(databases: Databases, tmp_path: Path) -> None:
    url = databases(tables=False)
    await schema.upgrade(url)
    store = Store(url)
    await person(store, "Ana")
    await person(store, "Bo", workspace=TEAMS)
    path = tmp_path / "people.csv"
    path.write_text("account,team\nU-ana,Design\nU-nobody,Care\n")
    done = run(tmp_path, "import", "people", "people.csv", DATABASE_URL=url)
    assert (done.returncode, done.stdout.splitlines()) == (
        1,
        ["line 3, account: nobody I know has “U-nobody”", "1 problem; nothing was imported."],
    )
    path.write_text("account,team\nU-ana,Design\n")
    done = run(tmp_path, "import", "people", "people.csv", "--dry-run", DATABASE_URL=url)
    assert done.returncode == 0 and done.stdout.startswith("line 2, Ana: team nothing → Design\n")
    done = run(tmp_path, "import", "people", "people.csv", DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (0, "People: 1 changed, 0 as they were.\n")
    done = run(tmp_path, "people", "join", "U-ana", "U-bo", DATABASE_URL=url)
    assert done.returncode == 2 and "under companies in app.yaml" in done.stderr
    (tmp_path / "app.yaml").write_text(f"companies:\n  noordlicht: ['{SLACK}', '{TEAMS}']\n")
    for names, words in (("U-ana U-nobody", "Nobody"), ("U-ana U-ana", "one person already")):
        done = run(tmp_path, "people", "join", *names.split(), DATABASE_URL=url)
        assert done.returncode == 2 and words in done.stderr
    done = run(tmp_path, "people", "join", f"{SLACK}/U-ana", "U-bo", DATABASE_URL=url)
    assert done.stdout == f"Ana ({SLACK}/U-ana) and Bo (U-bo) are one person now, with one history.\n", done.stderr
    [ana] = await rows(store, PersonRow)
    assert (ana.name, ana.company, await count(store, AccountRow, person=ana.id)) == ("Ana", "noordlicht", 2)
    await store.close()
