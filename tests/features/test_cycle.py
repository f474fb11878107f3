"""HR's round of reviews: opened for everybody, watched by numbers that say nothing about one person, and closed."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.cycle import Part, told, whole
from bot.core.effects import OpenForm, Refuse
from bot.core.people import Person, stranger
from bot.core.settings import Settings
from bot.core.wording import wording
from handlers import FEATURES
from scheduler.nudges import plan, play
from storage.absences import Absence
from storage.audit import AuditRow
from storage.cycle import OVER, RHYTHM, CycleRow
from storage.dialogues import DialogueRow
from storage.followups import FollowUpRow
from storage.people import Changed
from tests.conftest import HALL, Company, Desk, rows

TUESDAY = datetime(2026, 5, 12, 12, tzinfo=UTC)  # in the second quarter
LATE = "2026-06-26"
QUIET = {name: {"whom": "nobody"} for name in ("checkin", "review", "aspirations", "expectations", "tips")}
ALL = Settings.model_validate({"rhythms": QUIET, "people": {"zone": "UTC"}, "messages": {"week": 0}})
say = wording("cycle")


@pytest.fixture
async def desk(company: Company) -> Desk:
    """Zoe of HR, Max with six people of the team Care, and two of the team Ops."""
    made = company(*FEATURES, now=TUESDAY, settings=ALL)
    await made.person("Zoe", role="hr")
    await made.person("Max", team="Care")
    for n in range(6):
        await made.person(f"C{n}", team="Care", manager="max")
    for n in range(2):
        await made.person(f"O{n}", team="Ops")
    return made


def who(id: str) -> Person:
    return stranger("slack:T1", f"U-{id}")


async def opened(desk: Desk, until: str = LATE) -> None:
    answer = await desk.submit(who("zoe"), "cycle.form", answers={"until": until})
    assert answer is None
    await desk.deliver()


async def shown(desk: Desk, person: Person) -> str:
    await desk.deliver()
    await desk.command(person, "review", "cycle")
    return " ".join(str(message.card) for message in await desk.deliver())


async def clock(desk: Desk) -> set[str]:
    """The clock as it runs: whom we spoke to."""
    await plan(desk.store, desk.now)
    await play(desk.turns, desk.store, desk.now)
    return {message.place.conversation for message in await desk.deliver()}


async def look_back(desk: Desk, id: str) -> None:
    await desk.act(who(id), "review.start")
    [talk] = await rows(desk.store, DialogueRow, person=id)
    assert await desk.submit(who(id), "talk.fill", talk.id, answers={"proud": "all of it", "share": "me"}) is None
    await desk.deliver()


# Who may.


async def test_only_hr_sees_it_opens_it_and_closes_it(desk: Desk) -> None:
    for id in ("max", "c1"):
        assert say("en", "not_yours") in await shown(desk, who(id))
        await desk.act(who(id), "cycle.form")
        await desk.submit(who(id), "cycle.form", answers={"until": LATE})
        assert await rows(desk.store, CycleRow) == []
    await opened(desk)
    [row] = await rows(desk.store, CycleRow)
    await desk.act(who("max"), "cycle.close", row.id)
    assert [each.closed_at for each in await rows(desk.store, CycleRow)] == [None]


async def test_another_companys_hr_sees_nothing_of_it(desk: Desk) -> None:
    eve = await desk.person("Eve", workspace="slack:T2", role="hr")
    await opened(desk)
    [row] = await rows(desk.store, CycleRow)
    assert say("en", "none") in await shown(desk, eve)
    await desk.act(eve, "cycle.close", row.id)
    await desk.submit(eve, "cycle.form", answers={"until": LATE})
    kept = {row.company: row.closed_at for row in await rows(desk.store, CycleRow)}
    assert kept == {"slack:T1": None, "slack:T2": None}


# Opening.


async def test_the_form_says_what_comes_of_it_and_refuses_days_that_are_none(desk: Desk) -> None:
    answer = await desk.act(who("zoe"), "cycle.form")
    assert isinstance(answer, OpenForm) and answer.form.fields[1].value == date(2026, 6, 30)  # type: ignore[union-attr]
    for until in ("", "soon", "2026-05-12", "2026-07-01"):
        refused = await desk.submit(who("zoe"), "cycle.form", answers={"until": until})
        assert isinstance(refused, Refuse) and set(refused.objections) == {"until"}
    assert await rows(desk.store, CycleRow) == []


async def test_everybody_who_has_not_begun_is_asked_once_on_their_next_working_day(desk: Desk) -> None:
    await desk.person("Gone", gone=True)
    await desk.person("Guest", guest=True)
    await desk.person("New", started=date(2026, 5, 11))
    await look_back(desk, "c0")
    await opened(desk)
    await clock(desk)
    desk.now = datetime(2026, 5, 13, 10, tzinfo=UTC)
    asked = await clock(desk)
    everybody = {f"U-{id}" for id in ("zoe", "max", *(f"c{n}" for n in range(1, 6)), "o0", "o1")}
    told_before = {m.place.conversation for m in desk.platform.sent if "are open" in str(m.card)}
    assert asked | told_before >= everybody and not {"U-c0", "U-gone", "U-guest", "U-new"} & (asked | told_before)
    desk.later(days=1)
    assert await clock(desk) == set()


async def test_the_button_begins_and_a_manager_gets_the_way_to_their_people(desk: Desk) -> None:
    await opened(desk)
    for id, labels in (("max", ["start", "team_button"]), ("o0", ["start"])):
        await desk.due(who(id), RHYTHM, "2026-Q2")
        [message] = await desk.deliver()
        assert [b.label for p in message.card.parts if hasattr(p, "row") for b in p.row] == [  # type: ignore[union-attr]
            say("en", label) for label in labels
        ]
    await desk.press(who("o0"), say("en", "start"))
    [talk] = await rows(desk.store, DialogueRow, person="o0")
    assert (talk.dialogue, talk.subject) == ("review", "2026-Q2")


async def test_once_more_before_the_end_for_those_who_have_not_begun(desk: Desk) -> None:
    await opened(desk)
    desk.now = datetime(2026, 5, 13, 10, tzinfo=UTC)
    await clock(desk)
    await look_back(desk, "c0")
    desk.now = datetime(2026, 6, 22, 10, tzinfo=UTC)
    asked = await clock(desk)
    assert "U-c0" not in asked and "U-c1" in asked
    [message] = [m for m in desk.platform.sent if m.place.conversation == "U-c1"][-1:]
    assert "close on" in str(message.card)


async def test_opened_by_two_at_once_it_is_one(desk: Desk) -> None:
    await desk.person("Yan", role="hr")
    await asyncio.gather(*(desk.submit(who(id), "cycle.form", answers={"until": LATE}) for id in ("zoe", "zoe")))
    assert len(await rows(desk.store, CycleRow)) == 1
    assert len(await rows(desk.store, AuditRow, action="cycle.open")) == 1


async def test_nobody_is_asked_where_nobody_is_spoken_to_yet(company: Company) -> None:
    made = company(*FEATURES, now=TUESDAY, settings=Settings.model_validate({"people": {"not_yet": True}}))
    zoe = await made.person("Zoe", role="hr")
    refused = await made.submit(zoe, "cycle.form", answers={"until": LATE})
    assert refused == Refuse({"until": say("en", "not_yet")})


# Watching.


async def test_how_many_have_come_how_far(desk: Desk) -> None:
    await opened(desk)
    for id in ("c0", "c1"):
        await look_back(desk, id)
    await desk.act(who("max"), "preparing.ready", "c0")
    text = await shown(desk, who("zoe"))
    assert "'Have looked back', '2 of 10'" in text and "'Are talking it over', '1 of 10'" in text
    # Care alone would tell of the others, who are three: there is one group.
    assert "Care" not in text and "Ops" not in text and "C0" not in text


async def test_teams_are_told_where_they_are_large_enough(desk: Desk) -> None:
    for n in range(5):
        await desk.person(f"D{n}", team="Dev")
    for n in range(3):
        await desk.person(f"X{n}", team="Ops")
    await opened(desk)
    await look_back(desk, "d0")
    text = await shown(desk, who("zoe"))
    # Zoe is in none, and would be alone: one of the two smallest goes with her.
    assert "'Care', '0 of 7 have looked back, 0 have agreed'" in text
    assert "'All others together', '" in text and "of 6 have" in text
    assert ("'Dev', '1 of 5" in text) is ("All others together', '0 of 6" in text)


async def test_fewer_than_a_few_have_no_figures(company: Company) -> None:
    made = company(*FEATURES, now=TUESDAY, settings=ALL)
    zoe = await made.person("Zoe", role="hr")
    await made.person("Ana")
    await made.submit(zoe, "cycle.form", answers={"until": LATE})
    text = await shown(made, zoe)
    assert say("en", "too_few", n=5) in text and " of 2" not in text


async def test_in_a_channel_only_the_asker_sees_it(desk: Desk) -> None:
    await desk.command(who("zoe"), "review", "cycle", HALL)
    [message] = await desk.deliver()
    assert message.only_for == "U-zoe"


PARTS = st.lists(
    st.builds(Part, st.sampled_from(["", "a", "b", "c", "d", "e"]), st.integers(1, 12), st.integers(0, 1)),
    max_size=6,
    unique_by=lambda part: part.team,
)


@given(PARTS, st.integers(3, 10))
def test_no_group_is_told_that_is_too_small_nor_can_be_reckoned(parts: list[Part], least: int) -> None:
    found = told(parts, least)
    assert all(part.people >= least for part in found)
    named = {part.team for part in found if part.team}
    rest = whole(part for part in parts if part.team not in named)
    assert rest.people == 0 or rest.people >= least or not found
    if found:
        assert whole(found) == whole(parts)  # nobody is left out


# Closing.


async def test_closed_it_asks_nobody_any_more(desk: Desk) -> None:
    await opened(desk)
    [row] = await rows(desk.store, CycleRow)
    await desk.act(who("zoe"), "cycle.close", row.id)
    [message] = await desk.deliver()
    assert say("en", "ended", period="Q2") in str(message.card)
    desk.now = datetime(2026, 5, 13, 10, tzinfo=UTC)
    assert await clock(desk) == set()
    assert await rows(desk.store, FollowUpRow, rhythm=RHYTHM) == []
    await desk.act(who("zoe"), "cycle.close", row.id)
    assert len(await rows(desk.store, AuditRow, action="cycle.close")) == 1
    assert say("en", "again") in await shown(desk, who("zoe"))


async def test_what_was_planned_before_it_closed_is_not_said_after(desk: Desk) -> None:
    await opened(desk)
    [row] = await rows(desk.store, CycleRow)
    await desk.act(who("zoe"), "cycle.close", row.id)
    await desk.deliver()
    await desk.due(who("c1"), RHYTHM, "2026-Q2")
    assert [str(m.card) for m in await desk.deliver()] == []


async def test_opened_again_it_is_the_same_round(desk: Desk) -> None:
    await opened(desk)
    [row] = await rows(desk.store, CycleRow)
    await desk.act(who("zoe"), "cycle.close", row.id)
    desk.now += timedelta(days=1)
    await opened(desk, "2026-06-20")
    [again] = await rows(desk.store, CycleRow)
    assert (again.id, again.closed_at, again.until) == (row.id, None, date(2026, 6, 20))


async def test_after_its_last_day_the_card_says_so_and_a_new_one_ends_it(desk: Desk) -> None:
    await opened(desk, "2026-05-20")
    desk.now = datetime(2026, 5, 25, 12, tzinfo=UTC)
    assert say("en", "over", day=date(2026, 5, 20)) in await shown(desk, who("zoe"))
    desk.now = datetime(2026, 9, 8, 12, tzinfo=UTC)
    await opened(desk, "2026-09-30")
    first, second = sorted(await rows(desk.store, CycleRow), key=lambda row: row.at)
    assert first.closed_at == desk.now and (second.period, second.closed_at) == ("2026-Q3", None)


async def test_after_its_last_day_it_closes_itself_and_who_opened_it_sees_how_it_went_once(desk: Desk) -> None:
    await opened(desk, "2026-05-20")
    await look_back(desk, "c0")
    told = list[tuple[int, str]]()
    for day in (19, 20, 21, 22, 25):
        desk.now = datetime(2026, 5, day, 10, tzinfo=UTC)
        await plan(desk.store, desk.now)
        await play(desk.turns, desk.store, desk.now)
        sent = [(m.place.conversation, str(m.card)) for m in await desk.deliver()]
        told += [(day, text) for who, text in sent if say("en", "ended", period="Q2") in text and who == "U-zoe"]
        assert not [who for who, text in sent if say("en", "ended", period="Q2") in text and who != "U-zoe"]
    [(day, text)] = told
    assert day == 21 and "'Have looked back', '1 of 10'" in text and "all of it" not in text and "C0" not in text
    [row] = await rows(desk.store, CycleRow)
    await desk.act(who("zoe"), "cycle.close", row.id)
    [message] = await desk.deliver()
    assert say("en", "over", day=date(2026, 5, 20)) in str(message.card) and say("en", "again") in str(message.card)
    assert await rows(desk.store, AuditRow, action="cycle.close") == []


@pytest.mark.parametrize("left", [{"gone": True}, {"role": ""}])
async def test_it_closes_itself_too_when_who_opened_it_has_left(desk: Desk, left: dict[str, Any]) -> None:
    yan = await desk.person("Yan", role="hr")
    await opened(desk, "2026-05-20")
    async with desk.store.transaction() as session:
        await Changed("zoe", left).save(session)
    desk.now = datetime(2026, 5, 21, 10, tzinfo=UTC)
    assert "U-zoe" not in await clock(desk)
    assert say("en", "over", day=date(2026, 5, 20)) in await shown(desk, yan)
    await desk.due(who("c1"), RHYTHM, "2026-Q2")
    assert await desk.deliver() == []


async def test_closed_by_hand_or_open_again_it_is_not_told_as_over(desk: Desk) -> None:
    await opened(desk, "2026-05-20")
    [row] = await rows(desk.store, CycleRow)
    await desk.act(who("zoe"), "cycle.close", row.id)
    await desk.deliver()
    assert await rows(desk.store, FollowUpRow, rhythm=OVER) == []
    desk.now = datetime(2026, 5, 21, 10, tzinfo=UTC)
    await desk.due(who("zoe"), OVER, "2026-Q2")
    assert await desk.deliver() == []
    await opened(desk, "2026-05-28")
    [asked] = await rows(desk.store, FollowUpRow, rhythm=OVER)
    assert asked.day == date(2026, 5, 29)
    await desk.due(who("zoe"), OVER, "2026-Q2", 1)
    assert await desk.deliver() == []


async def test_by_two_of_hr_it_is_told_to_who_opened_it_last(desk: Desk) -> None:
    yan = await desk.person("Yan", role="hr")
    await opened(desk, "2026-05-20")
    desk.now = datetime(2026, 5, 21, 12, tzinfo=UTC)
    assert await desk.submit(yan, "cycle.form", answers={"until": "2026-05-26"}) is None
    await desk.deliver()
    desk.now = datetime(2026, 5, 27, 12, tzinfo=UTC)
    for id in ("zoe", "yan"):
        await desk.due(who(id), OVER, "2026-Q2")
    assert {m.place.conversation for m in await desk.deliver()} == {"U-yan"}


async def test_who_lets_their_reviews_rest_is_left_in_peace(desk: Desk) -> None:
    await opened(desk)
    async with desk.store.transaction() as session:
        await Absence("a", "c1", "review", date(2026, 5, 1), date(2026, 6, 1)).save(session)
    await desk.due(who("c1"), RHYTHM, "2026-Q2")
    assert [str(m.card) for m in await desk.deliver()] == []
