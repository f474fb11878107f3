"""`python -m bench.year [people] [days]`: live it, check it, print what came of it."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.year.checks import Checks, Found
from bench.year.run import Sample, Year

SHOWN = 20  # mistakes of each kind


def slope(samples: list[Sample]) -> float:
    """MB of memory a month, by least squares; without the first, in which everything is read for the first time."""
    later = [sample.rss for sample in samples[1:]]
    middle, mean = (len(later) - 1) / 2, sum(later) / len(later)
    spread = sum((n - middle) ** 2 for n in range(len(later)))
    return sum((n - middle) * (rss - mean) for n, rss in enumerate(later)) / spread if spread else 0.0


def table(year: Year, found: dict[str, Found]) -> Iterator[str]:
    yield f"{'month':9}{'turns':>10}{'messages':>10}{'memory':>10}{'database':>10}{'seconds':>9}"
    for each in year.samples:
        figures = f"{each.turns:10,}{each.messages:10,}{each.rss:7.0f} MB{each.database:7.0f} MB{each.seconds:9.0f}"
        yield f"{each.month:9}{figures}"
    yield f"memory: {slope(year.samples):+.2f} MB a month from the second month on"
    yield ""
    for name, each in found.items():
        reasons = ", ".join(f"{why} {times}" for why, times in each.reasons.most_common())
        yield f"{name:68}{each.kept:>9,} of {each.looked:,}{f'  (not nudged: {reasons})' if reasons else ''}"
        yield from (f"    {mistake}" for mistake in each.wrong[:SHOWN])
    yield ""
    yield "messages to a person in a week     mean   p95   most"
    for role in sorted(year.ledger.weekly):
        mean, p95, most = year.ledger.per_week(role)
        yield f"  {role or 'everybody else':30}{mean:7.1f}{p95:6.0f}{most:7}"
    spent = sum(year.spent.values())
    yield "processor: " + ", ".join(f"{what} {each / spent:.0%}" for what, each in year.spent.most_common())
    yield f"answers that were refused: {year.lives.refused}"


async def main(people: int, days: int) -> int:
    with tempfile.TemporaryDirectory(prefix="kadens-year-") as folder:
        year = Year(Path(folder), people, days)
        await year.run()
        found = await Checks(year).run()
        await year.store.close()
        print("\n".join(table(year, found)))
    return int(any(each.wrong for each in found.values()))


if __name__ == "__main__":
    people, days = (*map(int, sys.argv[1:]), *(2000, 365)[len(sys.argv) - 1 :])
    sys.exit(asyncio.run(main(people, days)))
