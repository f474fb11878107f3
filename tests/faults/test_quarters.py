"""Four quarters of a company of 300 people through every feature: nobody sees what is not for them, every promise is
followed up on its day, everything comes to an end, and nobody is told more in a week than they may be."""

from pathlib import Path

import pytest

from bot.core.events import Action as Press
from bot.core.events import Due, Installed, Submission
from tests.faults.quarter.checks import states, unended
from tests.faults.quarter.run import Quarters

DAYS = 380  # a year, and two weeks in which all that was begun can end
# Ways in that nobody of this company takes, and where they are taken instead.
ELSEWHERE = {
    (Installed, "workspace"): "before the first day: test_welcome",
    (Press, "welcome.choose"): "before the first day: test_welcome",
    (Press, "welcome.pilot"): "before the first day: test_welcome",
    (Submission, "welcome.pilot"): "before the first day: test_welcome",
    (Press, "feedback.older"): "nobody here has so much feedback in a year: test_feedback",
    (Due, "erasure"): "the operator's command line: test_erasure",
}


@pytest.mark.slow
@pytest.mark.both
async def test_four_quarters_of_a_whole_company(url: str, tmp_path: Path) -> None:
    year = Quarters(tmp_path, 300, DAYS, url=url)
    await year.run()
    ended = unended(await states(year.store, year.humans, year.end))
    await year.store.close()
    print("", *year.budget.table(year.humans, DAYS // 7), sep="\n")
    print(f"{year.turns_taken:,} turns, {year.ledger.messages:,} messages, {year.judge.judged:,} words judged")
    print("promises:", ", ".join(f"{rhythm} {times}" for rhythm, times in year.promises.kept.most_common()))
    # On SQLite it is the same year each time; elsewhere rows come in another order, and a rare way may not be taken.
    left = {route for route in year.routes.table if not year.routes.taken[route] and "sqlite" in url}
    wrong = {
        "a turn failed": year.raised,
        "nobody listened": year.routes.unheard,
        "say in readers.py who may read these tables": year.judge.unruled,
        "somebody was shown what is not for them": year.judge.wrong,
        "a promise was not followed up on its day": year.promises.wrong,
        "something has not come to its end": ended,
        "somebody was told more than they may be in a week": list(year.budget.wrong()),
        "somebody was spoken to outside their hours": year.wrong,
        "something was said twice": year.ledger.doubled,
        "nobody took these ways in": left - ELSEWHERE.keys(),
    }
    assert {what: found for what, found in wrong.items() if found} == {}
    assert year.judge.judged > 10_000 and min(year.promises.kept.values()) > 0
