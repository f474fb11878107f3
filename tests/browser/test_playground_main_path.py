"""The main path, as people walk it in the page: a check-in, kudos, and a GROW talk up to its follow-up."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.asyncio(loop_scope="module")  # the browser is started once


async def test_a_check_in_from_its_nudge_to_the_managers_reply(tab: Open) -> None:
    mila = await tab("mila", "kadens")
    for who in ("Grace Coleman", "you"):  # she has Monday's tip first
        await mila.page.get_by_role("button", name="Move the clock to the next time").click()
        await expect(mila.page.get_by_role("status")).to_contain_text(f"Kadens wrote to {who}")
    await expect(mila.now).to_have_attribute("datetime", re.compile("2026-11-03T09:30"))
    nudge = mila.message("Your November check-in")
    await nudge.get_by_role("button", name="Settled").click()  # what was in the way before is asked about again
    await expect(mila.said("I wait two days for copy")).to_be_visible()
    await mila.press("Still there")
    await expect(mila.said("How is it going with “Lead design reviews")).to_be_visible()
    await mila.press("On track")
    await expect(mila.said("How is it going with “An onboarding")).to_contain_text("Forty customers through it")
    await mila.answer("61, the export screens are half done")
    for question, reply in (
        ("What went well", "Twenty customers, and nobody called"),
        ("What is in the way", "Two reviewers for six screens"),
        ("What would you like to learn", "Reading a cohort chart"),
    ):
        await expect(mila.said(question)).to_be_visible()
        await mila.answer(reply)
    await expect(mila.said("How is your energy")).to_be_visible()
    await mila.answer("4 rested")
    await expect(mila.said("And your workload")).to_be_visible()
    await mila.press("4")
    await expect(mila.said("What makes it so")).to_be_visible()
    await mila.answer("two projects")
    await expect(mila.said("talk about next time")).to_be_visible()
    await mila.answer("More reviewers")
    await mila.press("Share with my manager")
    await expect(mila.said("Thank you, that is your November check-in")).to_contain_text(
        "Two reviewers for six screens"
    )

    sanne = await tab("sanne", "kadens")
    card = sanne.message("Two reviewers for six screens")
    await expect(card).to_contain_text("4 / 5")
    await card.get_by_role("button").first.click()  # Reply, in her language
    await sanne.dialog.get_by_role("textbox").fill("I will ask Erik for one more.")
    await sanne.dialog.locator("button[type=submit]").click()
    await expect(mila.said("I will ask Erik for one more.")).to_be_visible()


async def test_kudos_by_command_by_reaction_and_its_removal(tab: Open) -> None:
    noah, astrid = await tab("noah", "design"), await tab("astrid", "design")
    await noah.say("/kudos @Astrid Lindqvist for the calmest save button there is #craft")
    await expect(astrid.message("calmest save button")).to_contain_text("@Noah Bennett thanks @Astrid Lindqvist")
    await expect(astrid.unread("kadens")).to_be_visible()
    await astrid.go("Kadens")
    await expect(astrid.message("calmest save button")).to_contain_text("Noah Bennett")
    await astrid.go("general")
    await expect(astrid.message("calmest save button")).to_be_visible()  # the recognition channel

    await astrid.go("design")
    await astrid.say("The icons have an owner now: me")
    message = noah.message("The icons have an owner")
    await noah.menu(message, "Add a reaction", "raised_hands")
    await message.get_by_role("button", name="1 reply").click()
    await expect(noah.said("sent kudos to @Astrid Lindqvist")).to_be_visible()
    await noah.page.keyboard.press("Escape")
    await noah.go("Kadens")
    await expect(noah.message("You sent kudos. What for?")).to_be_visible()
    await noah.go("design")
    await message.get_by_role("button", name="raised_hands, 1: you").click()
    await expect(message.get_by_role("button", name="1 reply")).to_be_hidden()


def _days_on(moment: str, days: int) -> str:
    return (datetime.fromisoformat(moment) + timedelta(days=days)).date().isoformat()


async def test_grow_to_the_follow_up_two_weeks_later(tab: Open) -> None:
    priya = await tab("priya", "kadens")
    begun = await priya.now.get_attribute("datetime") or ""
    await priya.say("/grow Speaking at the team day")
    await expect(priya.said("What would you like to be true")).to_be_visible()
    for question, reply in (
        ("true in three months", "I have spoken in front of forty people"),
        ("Where are you with it now", "I said no twice"),
        ("What could you do", "A talk about the import, five minutes or fifteen, alone or with Jonas"),
        ("What will you do|Which one will you do", "Five minutes about the import, with Jonas"),
        ("How sure are you", "9"),
    ):
        await expect(priya.thread.get_by_test_id("message").filter(has_text=re.compile(question)).last).to_be_visible()
        await priya.answer(reply)
    await expect(priya.said("By which day")).to_be_visible()
    await priya.press("In two weeks")
    await expect(priya.said("Shall I share this")).to_be_visible()
    await priya.press("Only for me")
    await expect(priya.said("That is a plan")).to_contain_text("Five minutes about the import, with Jonas")

    for day in range(15):
        await priya.page.get_by_role("button", name="Move the clock a day on").click()
        await expect(priya.now).to_have_attribute("datetime", re.compile(_days_on(begun, day + 1)))
    await expect(priya.said("Today is the day")).to_contain_text("Five minutes about the import, with Jonas")
    await priya.press("Done")
    await priya.answer("It was over before I was afraid")
    await expect(priya.said("next step")).to_be_visible()
    await priya.press("Skip")
    await expect(priya.said("You did what you said")).to_be_visible()
