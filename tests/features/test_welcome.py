"""Somebody lets the bot into a workspace: what they are asked, what holds until they answer, and who may answer."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.cards import spelled
from bot.core.effects import OpenForm
from bot.core.events import Installed
from bot.core.people import Person, stranger
from bot.core.settings import Settings
from handlers import FEATURES
from scheduler.nudges import plan, play
from storage import installations
from storage.audit import AuditRow
from storage.engine import Store
from storage.installations import InstallationRow
from storage.nudges import NudgeRow
from storage.outbox import OutboxRow
from storage.overlays import CompanyRow
from tests.conftest import SLACK, TEAMS, Company, Desk, buttons, count, rows

CHECKIN = datetime(2026, 3, 3, 10, tzinfo=UTC)  # its Tuesday


def arriving(who: Person) -> Person:
    """As a payload names them: the turn finds out what holds for them."""
    return stranger(who.workspace, who.account, bot=who.bot)


async def let_in(desk: Desk, who: Person, **more: Any) -> None:
    await desk.take(Installed(**desk.base(arriving(who), None, **more)))


def text(desk: Desk, reader: Person) -> str:
    return " | ".join(str(part) for card in desk.shown(reader) for part in card.parts)


async def nudged(desk: Desk, now: datetime) -> set[str]:
    await plan(desk.store, now)
    await play(desk.turns, desk.store, now)
    return {row.person for row in await rows(desk.store, NudgeRow, state="said")}


async def test_who_lets_us_in_is_asked_and_nobody_is_nudged_before(company: Company) -> None:
    desk = company(*FEATURES, now=CHECKIN)
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await let_in(desk, ana)
    await desk.deliver()
    assert [button.label for button in buttons(desk.shown(ana)[0])] == ["Whole company", "Pilot group", "Not yet"]
    assert not desk.shown(ben)
    assert await nudged(desk, CHECKIN) == set()
    await desk.press(arriving(ana), "Whole company")
    assert await nudged(desk, CHECKIN) == {"ana", "ben"}


async def test_a_pilot_group_is_chosen_with_a_form(company: Company) -> None:
    desk = company(*FEATURES, now=CHECKIN)
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    eve = await desk.person("Eve", workspace="slack:T2")
    await let_in(desk, ana)
    await desk.deliver()
    answer = await desk.press(arriving(ana), "Pilot group")
    assert isinstance(answer, OpenForm)
    for wrong in ((), (eve,)):
        refused = await desk.submit(arriving(ana), "welcome.pilot", people={"pilot": wrong})
        assert refused is not None
    assert await desk.submit(arriving(ana), "welcome.pilot", people={"pilot": (ben,)}) is None
    await desk.deliver()
    assert "these only: Ben" in str(spelled(desk.shown(ana)[0], "somebody"))  # the card itself says how it stands
    assert await nudged(desk, CHECKIN) == {"ben", "eve"}, "another company begins with whom it likes"
    assert {row.record for row in await rows(desk.store, AuditRow)} >= {"people.pilot", "people.not_yet"}


async def test_the_choice_can_be_changed_and_holds_what_is_planned(company: Company) -> None:
    desk = company(*FEATURES, now=CHECKIN)
    ana, _ = await desk.person("Ana"), await desk.person("Ben")
    await let_in(desk, ana)
    await desk.act(arriving(ana), "welcome.choose", "everybody")
    await plan(desk.store, CHECKIN)
    await desk.act(arriving(ana), "welcome.choose", "not_yet")
    assert await nudged(desk, CHECKIN) == set()
    await desk.act(arriving(ana), "welcome.choose", "everybody")
    assert await nudged(desk, CHECKIN + timedelta(hours=2)) == {"ana", "ben"}


async def test_only_who_looks_after_the_company_chooses(company: Company) -> None:
    desk = company(*FEATURES, now=CHECKIN)
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await let_in(desk, ana)
    await desk.act(arriving(ben), "welcome.choose", "everybody")
    await desk.act(arriving(ben), "welcome.pilot")
    await desk.submit(arriving(ben), "welcome.pilot", people={"pilot": (ben,)})
    await desk.act(arriving(ben), "welcome.show")
    assert await nudged(desk, CHECKIN) == set()


async def test_letting_us_in_again_changes_nothing_and_makes_nobody_an_admin(company: Company) -> None:
    desk = company(*FEATURES, now=CHECKIN)
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await let_in(desk, ana)
    await desk.act(arriving(ana), "welcome.choose", "everybody")
    before = await rows(desk.store, CompanyRow)
    await let_in(desk, ben)
    await let_in(desk, ben)
    await desk.act(arriving(ben), "welcome.choose", "not_yet")
    assert await rows(desk.store, CompanyRow) == before
    assert await count(desk.store, InstallationRow) == 1


async def test_another_workspace_of_the_company_has_what_was_chosen(company: Company) -> None:
    both = Settings.model_validate({"companies": {"one": [SLACK, TEAMS]}})
    desk = company(*FEATURES, now=CHECKIN, settings=both)
    ana, ben = await desk.person("Ana", company="one"), await desk.person("Ben", company="one", workspace=TEAMS)
    await let_in(desk, ana)
    await desk.act(arriving(ana), "welcome.choose", "everybody")
    await let_in(desk, ben)
    await desk.deliver()
    assert "has me already" in text(desk, ben)
    assert await nudged(desk, CHECKIN) == {"ana", "ben"}


async def test_where_nobody_is_told_who_let_us_in_the_operators_admins_are_asked(company: Company) -> None:
    desk = company(*FEATURES, now=CHECKIN, settings=Settings.model_validate({"people": {"admins": ["U-ana"]}}))
    ana, robo = await desk.person("Ana"), await desk.person("Robo", bot=True)
    await let_in(desk, robo)
    await desk.deliver()
    assert buttons(desk.shown(ana)[0]) and not desk.shown(robo)


async def test_a_workspace_that_puts_us_out_is_left_alone_at_once(company: Company) -> None:
    desk = company(*FEATURES, now=CHECKIN)
    ana, eve = await desk.person("Ana"), await desk.person("Eve", workspace="slack:T2")
    for someone in (ana, eve):
        await let_in(desk, someone)
        await desk.act(arriving(someone), "welcome.choose", "everybody")
    await desk.deliver()
    await plan(desk.store, CHECKIN)
    await desk.command(arriving(ana), "kadens", "help")
    await desk.command(arriving(eve), "kadens", "help")
    assert await left(desk.store, SLACK, CHECKIN + timedelta(minutes=1))
    assert not await left(desk.store, SLACK, CHECKIN + timedelta(minutes=2)), "once"
    assert await nudged(desk, CHECKIN) == {"eve"}
    assert {m.place.workspace for m in await desk.deliver()} == {"slack:T2"}
    assert await count(desk.store, OutboxRow, workspace=SLACK, error="Uninstalled")
    desk.later(minutes=5)
    await let_in(desk, ana)
    assert not await left(desk.store, SLACK, CHECKIN + timedelta(minutes=1)), "a late word of the first time"
    assert await nudged(desk, CHECKIN + timedelta(hours=1)) == {"ana", "eve"}


async def left(store: Store, workspace: str, at: datetime) -> bool:
    async with store.transaction() as session:
        return await installations.left(session, workspace, at)


# Who we are, before the first word.


async def unmet(desk: Desk, name: str) -> Person:
    return await desk.person(name, unmet=True)


async def test_a_newcomer_is_told_who_we_are_before_the_first_word_and_once(company: Company) -> None:
    desk = company(*FEATURES, now=CHECKIN)
    ana, ben = await desk.person("Ana"), await unmet(desk, "Ben")
    for number in range(2):
        for _ in range(2):  # Slack repeats itself
            await desk.command(
                arriving(ana), "kudos", "thanks for the help", mentions=(arriving(ben),), id=f"k{number}"
            )
    await desk.deliver()
    first, second, third = desk.shown(ben)
    assert "I am Kadens" in str(first) and "/kadens privacy" in str(first)
    assert not any("I am Kadens" in str(card) for card in (second, third))


async def test_two_first_words_at_once_are_preceded_by_one_introduction(company: Company) -> None:
    desk = company(*FEATURES, now=CHECKIN)
    givers = [await desk.person(name) for name in ("Ana", "Cy", "Eva", "Fay")]
    ben, dee = await unmet(desk, "Ben"), await unmet(desk, "Dee")
    both = [(ben, dee), (dee, ben)]
    await asyncio.gather(
        *(
            desk.command(arriving(giver), "kudos", "thanks for the help", mentions=tuple(map(arriving, both[n % 2])))
            for n, giver in enumerate(givers)
        )
    )
    await desk.deliver()
    for someone in (ben, dee):
        assert ["I am Kadens" in str(card) for card in desk.shown(someone)] == [True, False, False, False, False]


async def test_a_nudge_to_a_newcomer_says_first_who_asks(company: Company) -> None:
    desk = company(*FEATURES, now=CHECKIN)
    ben = await unmet(desk, "Ben")
    assert await nudged(desk, CHECKIN) == {"ben"}
    await desk.deliver()
    assert "I am Kadens" in str(desk.shown(ben)[0]) and len(desk.shown(ben)) > 1


async def test_who_speaks_first_gets_the_answer_without_it(company: Company) -> None:
    desk = company(*FEATURES, now=CHECKIN)
    ben = await unmet(desk, "Ben")
    await desk.say(arriving(ben), "help")
    assert await nudged(desk, CHECKIN) == {"ben"}
    await desk.deliver()
    assert desk.shown(ben) and not any("your company runs" in str(card) for card in desk.shown(ben))
