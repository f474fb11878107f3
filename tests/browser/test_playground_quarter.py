"""A quarter's talk as two people have it in the page: from the look back to what both of them said yes to."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.asyncio(loop_scope="module")  # the browser is started once


async def test_a_quarter_from_its_opening_to_the_agreed_summary_on_both_sides(tab: Open) -> None:
    maya, grace = await tab("maya", "kadens"), await tab("grace", "kadens")
    await maya.say("/review")
    for question, reply in (
        ("What are you proud of", "Nobody waits for an answer over the weekend any more"),
        ("What did you learn", "To hand over before I am tired"),
        ("What would you do differently", "Ask for a second reader"),
        ("What matters most next quarter", "Fewer calls at night"),
    ):
        await expect(maya.said(question)).to_be_visible()
        await maya.answer(reply)
    await maya.press("Share with my manager")
    await expect(maya.said("Thank you, that is your look back")).to_contain_text("Grace Coleman prepares now")

    card = grace.message("Maya Torres looks back on Q4")
    await expect(card).to_contain_text("Nobody waits for an answer over the weekend")
    await card.get_by_role("button", name="Prepare", exact=True).click()
    for question, reply in (
        ("What did they do this quarter", "The handover list, and everybody uses it"),
        ("When were they at their best", "The Friday the mail was down"),
        ("What was hard for them", "Two leavers, and I was slow to hire"),
        ("What can you offer", "A second reader from January"),
        ("What would you like to ask", "What would you stop doing?"),
    ):
        await expect(grace.said(question)).to_be_visible()
        await grace.answer(reply)
    await grace.press("Only for me")
    await expect(grace.said("You are prepared for Maya Torres")).to_contain_text("both ready to talk about Q4")

    ready = maya.message("Grace Coleman is ready for your talk about Q4")
    await expect(ready).to_be_visible()
    await expect(ready).not_to_contain_text("handover list")
    await ready.get_by_role("button", name="Write it down").click()
    await maya.dialog.get_by_label("What do you two take").fill("A quarter in which the weekends became free.")
    await maya.dialog.get_by_label("Goals for the next quarter").fill("Calls at night from 12 to 4")
    await maya.dialog.get_by_label("What to learn").fill("Sit in on two hiring talks")
    await maya.dialog.get_by_role("button", name="Propose it").click()

    proposal = grace.message("Maya Torres wrote down your talk about Q4. Is that it?")
    await expect(proposal).to_contain_text("A quarter in which the weekends became free.")
    await proposal.get_by_role("button", name="Yes, that is it").click()
    await expect(grace.message("Agreed, the two of you.")).to_be_visible()

    await ready.get_by_role("button", name=re.compile("repl")).first.click()
    agreed = maya.said("You agreed on Q4")
    await expect(agreed).to_contain_text("Calls at night from 12 to 4")
    await agreed.get_by_role("button", name="Set these goals").click()
    await expect(maya.said("It is one of your goals now")).to_be_visible()
    await agreed.get_by_role("button", name="Plan the learning").click()
    await expect(maya.said("It is in your plan")).to_be_visible()
    await maya.page.keyboard.press("Escape")
    await maya.say("/goal me")
    await expect(maya.message("Your goals")).to_contain_text("Calls at night")
