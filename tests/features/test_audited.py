"""Whoever gets to read another person's private record is written down: who, whose, what, when, and no word of it."""

import re
import shutil
from pathlib import Path

import pytest

from bot.core.events import Action
from tests.features.test_matrix import every_press, resolve
from tests.features.village import CAST, Village, marks, moved_in, settled, snapshot

# What is private of Ana's, and who is one of the two that it is between: their own reading is nobody's secret.
BETWEEN = {
    "g_private": "self",
    "u_private": "self",
    "f_both": "self giver",
    "f_old": "self giver",
    "f_only": "self giver",
    "t_private": "self",
    "t_max": "self",
    "t_old": "self",
}
AT, ACTOR, PERSON, ACTION, RECORD = 1, 2, 3, 4, 5  # columns of a line


@pytest.fixture(scope="module")
def built(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Village:
    return settled(Path(shutil.copy(empty_database, tmp_path_factory.mktemp("village") / "village.db")))


@pytest.mark.parametrize("relation", ["manager", "former"])
async def test_every_reading_of_a_private_record_is_written_down(built: Village, tmp_path: Path, relation: str) -> None:
    home = moved_in(built, Path(shutil.copy(built.path, tmp_path / "village.db")))
    read, silent = set[str](), list[str]()
    theirs = {record for record, between in BETWEEN.items() if relation not in between.split()}
    for kind, key, said in every_press():
        lines = snapshot(built.path)["audit"]
        came = await home.press(home.who(relation), kind, key, resolve(home, said))
        seen = marks(came.told, theirs)
        added = [line for line in home.kept["audit"] if line not in lines]
        if seen and not [line for line in added if line[ACTOR] == CAST[relation] and line[PERSON] == "ana"]:
            silent.append(f"{kind.__name__} {key} {said}: {sorted(seen)}")
        read |= seen
        if came.changed:
            home.restore(built.path)
    await home.desk.store.close()
    assert silent == []
    assert read == ({"g_private", "u_private", "f_both", "t_max"} if relation == "manager" else {"f_old", "t_old"})


async def test_a_line_holds_ids_and_nothing_else(built: Village) -> None:
    """After all that was said and pressed while the village was built."""
    for line in snapshot(built.path)["audit"]:
        assert line[ACTOR] in built.people and line[PERSON] in built.people, line
        assert re.fullmatch(r"[a-z.]+", line[ACTION]) and re.fullmatch(r"[\w:.|/-]+", line[RECORD]), line
        assert marks(str(line), BETWEEN) == set(), line


async def test_one_finds_out_who_read_ones_own(built: Village, tmp_path: Path) -> None:
    """In the file that `/kadens my-data` gives: the reader by name, what it was, when; and nothing of others'."""
    home = moved_in(built, Path(shutil.copy(built.path, tmp_path / "village.db")))
    await home.press(home.who("manager"), Action, "goals.show", home.ids["g_private"])
    mine = (await home.press(home.who("self"), Action, "export.data")).told
    others = (await home.press(home.who("colleague"), Action, "export.data")).told
    await home.desk.store.close()
    assert home.ids["g_private"] in mine and "Max" in mine
    assert home.ids["g_private"] not in others
