"""Two months of a small company at clock speed-up, in which clocks change on both halves of the globe; `bench.year` is
the whole year of 2,000 people."""

from datetime import date
from pathlib import Path

import pytest

from bench.year.__main__ import slope, table
from bench.year.checks import Checks
from bench.year.run import Year


@pytest.mark.slow
@pytest.mark.sqlite
async def test_every_rhythm_is_exact_and_memory_stays_flat(tmp_path: Path) -> None:
    year = Year(tmp_path, number=60, days=66, first=date(2026, 3, 1))
    await year.run()
    found = await Checks(year).run()
    await year.store.close()
    print("", *table(year, found), sep="\n")
    assert {name: each.wrong for name, each in found.items() if each.wrong} == {}
    assert all(each.looked for each in found.values())
    assert year.lives.refused == 0
    assert slope(year.samples) < 3
