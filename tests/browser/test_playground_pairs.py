"""What two people have between them in the page: their one-to-ones from a rhythm to what they agreed, and what the one
expects of the other."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import Open, Tab

pytestmark = pytest.mark.asyncio(loop_scope="module")  # the browser is started once
MOVES = 8  # to the next nudge, until what is waited for was said: others are due in between


async def send(tab: Tab) -> None:
    """The form that is open, which is taken."""
    await tab.dialog.locator("button[type=submit]").click()
    await expect(tab.dialog).to_be_hidden()


async def move(tab: Tab, button: str) -> None:
    before = await tab.now.get_attribute("datetime") or ""
    await tab.page.get_by_role("button", name=button).click()
    await expect(tab.now).not_to_have_attribute("datetime", before)


async def until(tab: Tab, said: Locator) -> Locator:
    for _ in range(MOVES):
        if await said.count():
            break
        await move(tab, "Move the clock to the next time Kadens writes by itself")
    await expect(said).to_be_visible()
    return said


async def test_a_one_to_one_from_its_rhythm_to_what_is_seen_next_time(tab: Open) -> None:
    maya, grace = await tab("maya", "kadens"), await tab("grace", "kadens")
    await maya.say("/oneonone rhythm @Grace Coleman")
    await maya.dialog.get_by_label("On which day?").select_option(label="Tuesday")
    await maya.dialog.get_by_label("At what time?").fill("13:00")
    await maya.dialog.get_by_label("How often?").select_option(label="Every week")
    await send(maya)
    preview = maya.message("You and Grace Coleman, every Tuesday at 13:00")
    await expect(preview).to_contain_text("Tuesday 3 November")
    await preview.get_by_role("button", name="Propose it").click()
    await expect(maya.message("Grace Coleman has it")).to_be_visible()
    proposal = grace.message("Maya Torres proposes a 1:1, every Tuesday at 13:00")
    await proposal.get_by_role("button", name="Agree", exact=True).click()
    await expect(maya.message("Grace Coleman agreed")).to_be_visible()

    await maya.say("/oneonone @Grace Coleman The museum’s renewal")
    await expect(maya.message("On the list for you and Grace Coleman.")).to_be_visible()
    await move(grace, "Move the clock a day on")
    brief = await until(grace, grace.message("You and Maya Torres: Tuesday 3 November 13:00"))
    await expect(brief).to_contain_text("The museum’s renewal (Maya Torres)")
    await expect(maya.message("You and Grace Coleman: Tuesday 3 November 13:00")).to_be_visible()

    asked = await until(maya, maya.message("You and Grace Coleman were to meet"))
    await asked.get_by_role("button", name="Yes", exact=True).click()
    await expect(maya.said("Have you talked about everything on the list?")).to_contain_text("The museum’s renewal")
    await maya.press("Yes")
    await expect(maya.said("What did you say you would do?")).to_be_visible()
    await maya.page.keyboard.press("Escape")  # though the button that was pressed is gone
    await expect(maya.thread).to_be_hidden()
    await asked.get_by_role("button", name=re.compile("repl")).click()
    await maya.answer("Call the museum before Friday")
    await expect(maya.said("And the other?")).to_be_visible()
    await maya.answer("Ask legal about the second year")
    await expect(maya.said("You met. That is what counts.")).to_contain_text("Call the museum before Friday")
    told = grace.message("Maya Torres wrote down what you agreed")
    await expect(told).to_contain_text("You: Ask legal about the second year")

    for _ in range(6):
        await move(grace, "Move the clock a day on")
    brief = await until(grace, grace.message("You and Maya Torres: Tuesday 10 November 13:00"))
    await expect(brief).to_contain_text("Ask legal about the second year")
    await expect(brief).to_contain_text("Call the museum before Friday")
    await expect(brief).not_to_contain_text("The museum’s renewal")
    await brief.get_by_role("button", name="Done", exact=True).first.click()
    await expect(grace.message("Done: Ask legal about the second year")).to_be_visible()


async def test_what_a_manager_expects_is_read_and_remarked_on(tab: Open) -> None:
    grace, helen = await tab("grace", "kadens"), await tab("helen", "kadens")
    await grace.say("/growth expectations @Helen Okafor")
    words = "People hear the truth from you before they hear it in the kitchen."
    await grace.dialog.get_by_label("What do you expect in this role?").fill(words)
    await send(grace)
    await expect(grace.message("On its way to Helen Okafor")).to_be_visible()

    card = helen.message("Grace Coleman has written down what they expect in your role.")
    await expect(card).to_contain_text(words)
    await card.get_by_role("button", name="Read it, and something to add").click()
    await helen.dialog.get_by_label("What would you like to say to this?").fill("Then tell me before the all-hands.")
    await send(helen)
    await expect(helen.message("Thank you. Grace Coleman reads what you said.")).to_be_visible()
    await expect(helen.message("What is expected of you")).to_contain_text("Then tell me before the all-hands.")

    await expect(grace.message("Helen Okafor has read what you expect, and says:")).to_contain_text("before the all-")
    await expect(grace.message("Helen Okafor read it on")).to_be_visible()  # what had said that it is on its way
    await grace.say("/growth expectations @Helen Okafor")
    await expect(grace.message("What you expect of Helen Okafor")).to_contain_text("Then tell me before the all-hands.")
