"""`make bench`: prints a table and writes the same figures to bench/results.json.

Ours and what it is held against run side by side, in turns; every figure is the median of its rounds. Absolute figures
are those of the machine; the ratios are what can be compared.
"""

import asyncio
import json
import os
import platform
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import delivery, intake, memory, planning, scale, startup, teams
from bench.load import Load, middle, ratio

ROUNDS = 5
RESULTS = Path(__file__).with_name("results.json")


def requests(ours: list[Load], theirs: list[Load]) -> dict[str, Any]:
    statuses: dict[str, int] = {}
    for run in (*ours, *theirs):
        for status, times in run.statuses.items():
            statuses[status] = statuses.get(status, 0) + times
    shown = {
        side: {name: middle(runs, name) for name in ("rate", "p50", "p99")}
        for side, runs in (("ours", ours), ("theirs", theirs))
    }
    return {**shown, "ratio": ratio(ours, theirs), "statuses": statuses}


class Told(dict[str, Any]):
    """What was measured, each of it said at once: all of it takes half an hour."""

    def __setitem__(self, name: str, figures: Any) -> None:
        print(f"{name}: {json.dumps(figures)}", flush=True)
        super().__setitem__(name, figures)


async def measured() -> dict[str, Any]:
    found = Told()
    with tempfile.TemporaryDirectory(prefix="kadens-bench-") as name:
        folders = {
            each: Path(name) / each
            for each in ("intake", "teams", "planning", "delivery", "scale", "startup", "memory")
        }
        for folder in folders.values():
            folder.mkdir()
        for kind, run in (("sqlite", intake.measure), ("postgresql", intake.measure_postgres)):
            (folders["intake"] / kind).mkdir()
            found[f"kudos_{kind}"] = (await run(folders["intake"] / kind, ROUNDS)).figures()
        taken = await teams.measure(folders["teams"], ROUNDS)
        found["teams"] = {**requests(taken.ours, taken.theirs), **taken.replied()}
        for name, own, people, rounds in (
            ("planning", 0, planning.PEOPLE, ROUNDS),
            ("planning_teams", planning.TEAMS, planning.PEOPLE, ROUNDS),
            ("planning_million", planning.TEAMS, 1_000_000, 3),
        ):
            found[name] = (await planning.measure(folders["planning"], rounds, own, people)).figures()
        found["delivery"] = delivery.figures(*await delivery.measure(folders["delivery"], ROUNDS))
        found["scale"] = scale.figures(await scale.measure(folders["scale"], ROUNDS))
        found["startup"] = await startup.measure(folders["startup"], ROUNDS)
        found["memory"] = await memory.measure(folders["memory"], memory.TURNS)
    return found


def table(found: dict[str, Any]) -> Iterable[str]:
    rows = [("", "ours", "held against", "ratio")]
    for kind, words in (("sqlite", "signed /kudos, stored"), ("postgresql", "two processes on PostgreSQL")):
        told = found[f"kudos_{kind}"]
        ours = told["ours"]
        for other, theirs in (("bare", "bare bolt"), ("obvious", "obvious bot")):
            rate, against = f"{ours['rate']:.0f}/s", f"{told[other]['rate']:.0f}/s"
            rows.append((f"{words} · {theirs}", rate, against, f"{told[f'of_{other}']:.2f}"))
        floor, against = f"{told['floor']['rate']:.0f}/s", f"{told['bare']['rate']:.0f}/s"
        rows.append(("  its statements alone · bare bolt", floor, against, f"{told['floor_of_bare']:.2f}"))
        rows.append(
            ("  p99, at half of that rate · at all of it", f"{told['calm']['p99']:.1f} ms", f"{ours['p99']:.1f} ms", "")
        )
    ours, theirs = found["teams"]["ours"], found["teams"]["theirs"]
    words, times = "Teams message, stored · CloudAdapter", f"{found['teams']['ratio']:.2f}"
    rows.append((words, f"{ours['rate']:.0f}/s", f"{theirs['rate']:.0f}/s", times))
    rows += [(f"  {p}", f"{ours[p]:.1f} ms", f"{theirs[p]:.1f} ms", "") for p in ("p50", "p99")]
    for name, words in (("replies", "  replies, sent · its own"), ("at_once", "  message and reply at once")):
        replied = found["teams"][name]
        rate, theirs = (f"{replied[side]['rate']:.0f}/s" for side in ("ours", "theirs"))
        rows.append((words, rate, theirs, f"{replied['ratio']:.2f}"))
    sent = found["delivery"]
    for name, words in (
        ("planning", "people"),
        ("planning_teams", teams := "with 500 teams"),
        ("planning_million", teams),
    ):
        plan = found[name]
        ours, theirs, laid = (f"{plan[side]['seconds']:.2f} s" for side in ("ours", "theirs", "laid"))
        rows.append((f"planning {plan['people']:,} {words} · plain SQL", ours, theirs, f"{plan['ratio']:.2f}"))
        rows.append(("  plain SQL, in the order that ours finds", "", laid, f"{plan['of_laid']:.2f}"))
    rate, allowed = (f"{sent[side]['rate']:.0f}/s" for side in ("ours", "theirs"))
    rows.append(("messages delivered · allowed rate", rate, allowed, f"{sent['ratio']:.2f}"))
    rough = sent["storm"]
    rows.append((f"  in a storm of {rough['messages']:,}", f"{rough['lost']} lost", f"{rough['doubled']} doubled",
                 f"{rough['ratio']:.2f}"))  # fmt: skip
    rows.append(("  processor a message, memory", f"{rough['processor']:.1f} ms", f"{rough['memory']:.0f} MB", ""))
    rows += [*scale.table(found["scale"]), *_process(found)]
    for words, *figures in rows:
        yield f"{words:45}" + "".join(f"{figure:>14}" for figure in figures)


def _process(found: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    begun, held = found["startup"], found["memory"]
    first, again = (f"{begun[name]:.2f} s" for name in ("fresh", "again"))
    few, many = (f"{held[name]:.0f} MB" for name in ("settled", "after"))
    return [
        ("serve", "new database", "there already", f"of {begun['allowed']:.0f} s"),
        ("  ready after", first, again, f"{begun['fresh'] / begun['allowed']:.2f}"),
        ("resident memory", "after a tenth", f"{held['turns']:,} turns", "ratio"),
        ("  of the process", few, many, f"{held['after'] / held['settled']:.2f}"),
    ]


def main() -> None:
    found = {
        "machine": {"python": platform.python_version(), "processors": os.cpu_count(), "rounds": ROUNDS},
        **asyncio.run(measured()),
    }
    print("\n".join(table(found)))
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    print(f"written to {RESULTS.parent.name}/{RESULTS.name}")


if __name__ == "__main__":
    main()
