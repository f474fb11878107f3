"""Two companies in one database, whose people have the very same accounts: each is alone in the world.

Everything is pressed from the one with the ids of the other's records, and again with ids that are nobody's: nothing of
the other's is shown or changed, and nothing tells the two apart.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.core.effects import Answer
from bot.core.events import Command, Reaction, Submission
from bot.core.people import Person, Place, stranger
from storage.people import Changed
from tests.features.test_matrix import SEEN, every_press, resolve
from tests.features.village import OTHER, Came, Village, marks, moved_in, settled, snapshot

NOBODY = "f0e1d2c3b4a59687f0e1d2c3b4a59687"
PEOPLE = ("ana", "max", "fay", "zoe")


class Twins(Village):
    """The other company's Ana, Max, Fay and Zoe, who have the accounts of these here."""

    def _p(self, id: str) -> Person:
        return stranger(OTHER, f"U-{id}") if id in PEOPLE else super()._p(id)

    async def joined(self) -> "Twins":
        for each in PEOPLE:
            more = {"max": {"role": "manager"}, "zoe": {"role": "hr"}}.get(each, {})
            await self.desk.person(f"{each}2", workspace=OTHER, account=f"U-{each}", **more)
        async with self.desk.store.transaction() as session:
            await Changed("ana2", {"manager": "max2"}).save(session)
        self._sent()
        return self

    async def _happen(self, who: Person, kind: type, key: str, value: str, **more: Any) -> Answer | None:
        self.account = who.account
        if kind is Reaction:  # where a platform can have it come from: a conversation of their own
            place = Place(OTHER, "C1", kind="public")
            return await self.desk.react(who, "tada", self.card_of(value), place, author=self._p("ana"))
        return await super()._happen(who, kind, key, value, **more)

    def threads(self, topic: str) -> list[tuple[str, str]]:
        """Theirs, said to be one's own; or one that there never was."""
        return [(self.account, thread) for _, thread in super().threads(topic)[:1]] or [(self.account, "0.0")]

    def reached(self, after: int) -> set[str]:
        """The workspaces that something was sent to since."""
        with closing(sqlite3.connect(self.path)) as database:
            return {row[0] for row in database.execute("SELECT workspace FROM outbox WHERE id > ?", (after,))}


@pytest.fixture(scope="module")
def built(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Village:
    return settled(Path(shutil.copy(empty_database, tmp_path_factory.mktemp("village") / "village.db")))


async def twins(built: Village, path: Path) -> tuple[Twins, Path]:
    home = moved_in(built, Path(shutil.copy(built.path, path / "village.db")))
    here = await Twins(home.desk, home.path, dict(built.ids), dict(built.people), home.seen).joined()
    with closing(sqlite3.connect(here.path)) as source, closing(sqlite3.connect(path / "pristine.db")) as target:
        source.backup(target)
    return here, path / "pristine.db"


def values(here: Village) -> Iterator[tuple[type, str, str, str, str]]:
    """Every route with every record's id, and with one that is nobody's in its place."""
    ids = {*here.ids.values(), "ana"}
    for kind, key, said in every_press():
        value = resolve(here, said)
        named = sorted((id for id in ids if id in value), key=len)
        if named:
            yield kind, key, value, value.replace(named[-1], NOBODY), named[-1]


@pytest.mark.parametrize("who", ["ana", pytest.param("zoe", marks=pytest.mark.slow)])
async def test_an_id_of_another_company_is_an_id_of_nobody(built: Village, tmp_path: Path, who: str) -> None:
    here, pristine = await twins(built, tmp_path)
    wrong, cases, before = list[str](), 0, snapshot(pristine)
    actor = stranger(OTHER, f"U-{who}")
    theirs = {name: [row for row in found if not ours(row)] for name, found in before.items()}
    for kind, key, value, missing, id in values(here):
        if kind is Command:
            continue  # names people only: below
        came = dict[str, Came]()
        for said in (value, missing):
            seen = here.seen
            came[said] = await here.press(actor, kind, key, said)
            what, cases = f"{kind.__name__} {key} {said}", cases + 1
            everything = f"{came[said].told} {came[said].elsewhere}"
            wrong += [f"{what}: tells {each}" for each in sorted(marks(everything, SEEN))]
            wrong += [f"{what}: sends to {each}" for each in here.reached(seen) - {OTHER}]
            wrong += [f"{what}: changed {each}" for each in touched(theirs, here)]
            here.restore(pristine)
        if plain(came[value], id) != plain(came[missing], NOBODY):
            wrong.append(
                f"{kind.__name__} {key} {value}: {plain(came[value], value)} / {plain(came[missing], missing)}"
            )
    await here.desk.store.close()
    print(f"\n{cases} cases")
    assert cases > 200
    assert not wrong, "\n".join(wrong[:8])


async def test_an_account_of_another_company_is_an_account_of_nobody(built: Village, tmp_path: Path) -> None:
    """By commands, which name people: who has this account here is meant, and only they."""
    here, pristine = await twins(built, tmp_path)
    theirs = {name: [row for row in found if not ours(row)] for name, found in snapshot(pristine).items()}
    actor, wrong = stranger(OTHER, "U-fay"), list[str]()
    for kind, key, said in every_press():
        if kind is Command:
            seen = here.seen
            came = await here.press(actor, kind, key, said)
            wrong += [f"{key} {said}: tells {each}" for each in marks(f"{came.told} {came.elsewhere}", SEEN)]
            wrong += [f"{key} {said}: sends to {each}" for each in here.reached(seen) - {OTHER}]
            wrong += [f"{key} {said}: changed {each}" for each in touched(theirs, here)]
            here.restore(pristine)
    await here.desk.store.close()
    assert not wrong, "\n".join(wrong[:8])


async def test_fields_of_a_form_with_another_companys_people_and_teams(built: Village, tmp_path: Path) -> None:
    """Ids in the answers of a form, as nobody's client would send them."""
    here, pristine = await twins(built, tmp_path)
    theirs = {name: [row for row in found if not ours(row)] for name, found in snapshot(pristine).items()}
    goal = {"title": "A goal that is new here", "kind": "milestone", "due": "2026-05-01", "why": "so"}
    forms: list[tuple[str, str, dict[str, str]]] = [
        ("goals.form", "", {**goal, "for": "ana"}),
        ("goals.form", "", {**goal, "for": "team", "team": "Care"}),
        ("goals.form", "", {**goal, "parent": here.ids["g_company"]}),
        ("goals.form", "", {**goal, "objective": here.ids["g_open"]}),
        ("tree.align", here.ids["g_open"], {"goal": here.ids["g_open"], "parent": here.ids["g_company"]}),
        ("feedback.ask", "", {"question": "How?", "about": "ana"}),
        ("feedback.write", "ana", {"situation": "s" * 30, "behaviour": "b" * 30, "impact": "i" * 30}),
        ("record.form", "", {"first": "2026-01-01", "last": "2026-12-31", "team": "Care"}),
        ("history.filter", resolve(here, "history "), {"kind": "all", "period": "all", "words": "zq"}),
        ("admin.channel", "slack:T1|C1", {"recognition": "yes", "channels": "sv"}),
        ("cadence.form", "max", {"on": "tuesday", "at": "10:00"}),
    ]
    for actor in ("max", "zoe"):
        for form, value, answers in forms:
            seen = here.seen
            came = await here.press(stranger(OTHER, f"U-{actor}"), Submission, form, value, answers=answers)
            assert marks(f"{came.told} {came.elsewhere}", SEEN) == set(), (form, came.told)
            assert here.reached(seen) <= {OTHER}, form
            assert list(touched(theirs, here)) == [], (actor, form)
            here.restore(pristine)
    await here.desk.store.close()


def ours(row: Any) -> bool:
    """Of the company that presses: a row in which one of its people, or its name, stands."""
    return any(cell == OTHER or cell in TWINS for cell in row)


TWINS = {f"{each}2" for each in PEOPLE} | {"eve"}


def touched(theirs: dict[str, list[Any]], here: Village) -> Iterator[str]:
    """Tables in which something of the other company's is not as it was, or is new."""
    after = here.kept
    for name, rows in theirs.items():
        now = [row for row in after[name] if not ours(row)]
        gone = [row for row in rows if row not in now]
        if gone or len(now) > len(rows):
            yield f"{name}: {gone or 'more rows'}"


def plain(came: Came, id: str) -> tuple[str, Any, Any]:
    """All that came of it, without what is different each time."""
    return same(came.told, id), {to: same(text, id) for to, text in came.elsewhere.items()}, came.changed


def same(text: str, id: str) -> str:
    text = re.sub(rf"(?<![\w-]){re.escape(id)}(?!\w)", "ID", text)
    return re.sub(r"\b(e\d+|[0-9a-f]{12,32})\b", "ID", text)
