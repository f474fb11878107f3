"""An improvement plan in the page, by both who have it, from being written to its outcome."""

from datetime import datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open, Tab

pytestmark = pytest.mark.asyncio(loop_scope="module")  # the browser is started once


async def fill(tab: Tab, **answers: str) -> None:
    """The form that is open, by its fields' names; it is taken."""
    for name, value in answers.items():
        field = tab.dialog.locator(f'[name="{name}"]')
        if await field.evaluate("field => field.tagName") == "SELECT":
            await field.select_option(value)
        else:
            await field.fill(value)
    await tab.dialog.locator("button[type=submit]").click()


async def button(tab: Tab, words: str, label: str) -> None:
    """That of the newest message with these words."""
    await tab.message(words).get_by_role("button", name=label, exact=True).first.click()


async def test_an_improvement_plan_from_start_to_outcome(tab: Open) -> None:
    grace, maya = await tab("grace", "kadens"), await tab("maya", "kadens")
    today = datetime.fromisoformat(await grace.now.get_attribute("datetime") or "").date()

    await grace.say("/growth improvement @Maya Torres")
    await button(grace, "There is none for Maya Torres", "Write a plan")
    plan = {
        "assessment": "A client hears from us within a day. Since October it is three.",
        "examples": "The bakery waited from Monday to Thursday; the museum called twice.",
        "goal": "Every client answered within a day, for four weeks",
        "measure": "The list of open tickets, looked at together each Monday",
        "actions": "Tickets before anything else, until ten",
        "ends": (today + timedelta(days=42)).isoformat(),
        "support": "",
    }
    await grace.dialog.locator('[name="support"]').evaluate("field => field.required = false")
    await grace.dialog.locator('[name="support_day"]').evaluate("field => field.required = false")
    await fill(grace, **plan)
    await expect(grace.dialog.locator(".wrong").first).to_be_visible()  # without support nothing is put to anybody
    await fill(grace, support="I take the morning calls from you", support_day=(today + timedelta(days=1)).isoformat())
    await expect(grace.dialog).to_be_hidden()
    await expect(grace.message("It begins once they have read it")).to_contain_text("The bakery waited")

    mine = maya.message("has written an improvement plan for you")
    await expect(mine).to_contain_text("I take the morning calls from you")
    await mine.get_by_role("button", name="I have read it").click()
    await fill(maya, view="In October two of us were away.")
    await expect(grace.message("has read the plan")).to_contain_text("In October two of us were away.")
    await expect(maya.message("Your improvement plan")).to_be_visible()

    await maya.say("/growth improvement")
    await button(maya, "Your improvement plan", "Open it")
    await button(maya, "Under way until", "Change it")
    await fill(maya, actions="Tickets before anything else, until eleven", why="Ten is when they write")
    await expect(grace.message("would like to change something")).to_contain_text("until eleven")
    await grace.message("would like to change something").get_by_role("button", name="I have read it").click()
    await fill(grace)
    await expect(maya.message("has read the change")).to_be_visible()

    for _ in range(8):
        before = await grace.now.get_attribute("datetime") or ""
        await grace.page.get_by_role("button", name="Move the clock a day on").click()
        await expect(grace.now).not_to_have_attribute("datetime", before)
    await expect(grace.message("You promised this to Maya Torres")).to_be_visible()
    await button(grace, "You promised this to Maya Torres", "It is given")
    await expect(maya.message("marked this as given")).to_contain_text("I take the morning calls")
    await expect(maya.message("Week 1 of your plan")).to_be_visible()
    await button(maya, "Week 1 of your plan", "How is it going")
    await fill(maya, standing="forward", check="All but two within the day")
    await expect(grace.message("sees a step forward")).to_contain_text("All but two within the day")

    await grace.say("/growth improvement @Maya Torres")
    await button(grace, "Improvement plan: Maya Torres: Every client", "Open it")
    await grace.message("So far").get_by_role("button", name="Write the outcome").click()
    await fill(grace, outcome="reached", reason="Not one ticket older than a day")
    await expect(maya.message("has written what came of the plan")).to_contain_text("Not one ticket older")
    await maya.message("has written what came of the plan").get_by_role("button", name="I have read it").click()
    await fill(maya, view="It was the calls that helped.")
    await expect(grace.message("The plan is over")).to_contain_text("It was the calls that helped.")

    helen = await tab("helen", "kadens")
    await helen.say("/growth improvement @Maya Torres")
    await button(helen, "Improvement plan: Maya Torres: Every client", "Open it")
    await expect(helen.message("So far")).to_contain_text("It was the calls that helped.")
    noah = await tab("noah", "kadens")
    await noah.say("/growth improvement @Maya Torres")
    await expect(noah.message("Only the person, their manager and HR")).to_be_visible()
