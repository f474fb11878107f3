"""Growing in the page: a mentor asked and accepted, skills from two views, and something planned and done."""

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import Open, Tab

pytestmark = pytest.mark.asyncio(loop_scope="module")  # the browser is started once


def field(tab: Tab, label: str) -> Locator:
    return tab.dialog.get_by_label(label)


async def send(tab: Tab) -> None:
    """The form that is open, which is taken."""
    await tab.dialog.locator("button[type=submit]").click()
    await expect(tab.dialog).to_be_hidden()


async def button(tab: Tab, words: str, label: str) -> None:
    """That of the newest message with these words."""
    await tab.message(words).get_by_role("button", name=label, exact=True).first.click()


async def test_a_mentor_is_asked_and_says_yes(tab: Open) -> None:
    grace, maya = await tab("grace", "kadens"), await tab("maya", "kadens")
    await grace.say("/growth")
    await button(grace, "Where you are going", "Mentors")
    await button(grace, "Who can help with what", "Offer to help")
    await field(grace, "With what?").fill("Talking to an angry client")
    await field(grace, "How do you like to do it?").fill("Half an hour over tea")
    await send(grace)
    await expect(grace.message("your colleagues can see it")).to_contain_text("Talking to an angry client")

    await maya.say("/growth mentors angry")
    await expect(maya.message("Grace")).to_contain_text("Half an hour over tea")
    await button(maya, "Half an hour over tea", "Ask")
    await field(maya, "What would you like help with?").fill("The renewal call on Friday")
    await send(maya)
    await expect(maya.message("I tell you as soon as there is an answer")).to_be_visible()

    await button(grace, "The renewal call on Friday", "Yes, gladly")
    await expect(grace.message("Lovely. I have told")).to_be_visible()
    await expect(maya.message("Find a first half hour together")).to_contain_text("Talking to an angry client")
    await button(maya, "Find a first half hour together", "Put it in my plan")
    await expect(field(maya, "What will you do?")).to_have_value("Talking to an angry client")
    await send(maya)
    await expect(maya.message("It is in your plan").last).to_contain_text("With a mentor")

    await maya.say("/growth plan")
    await button(maya, "Your plan to learn", "Done")
    await field(maya, "What did you take from it?").fill("Say first what I heard")
    await send(maya)
    await expect(maya.message("You took from it")).to_contain_text("Say first what I heard")


async def test_a_report_and_their_manager_see_the_gap_once_both_have_spoken(tab: Open) -> None:
    noah, sanne = await tab("noah", "kadens"), await tab("sanne", "kadens")
    await noah.say("/growth skills")
    await button(noah, "Your skills", "Name a skill")
    await field(noah, "Which ones?").fill("Prototyping")
    await send(noah)
    await button(noah, "Now on the list", "Say how I see it")
    await field(noah, "Prototyping").select_option(label="With some help")
    await field(noah, "A moment that showed it").fill("The first one for the bakery took me a week")
    await send(noah)
    await sanne.message("Noah Bennett heeft gezegd hoe").locator(".btn").first.click()
    theirs = sanne.page.get_by_test_id("stream").get_by_test_id("message").filter(has_text="Prototyping").last
    await expect(theirs).to_be_visible()
    await expect(theirs).not_to_contain_text("The first one for the bakery")
    await theirs.locator(".btn.primary").click()
    await sanne.dialog.locator("select").first.select_option(index=4)
    await sanne.dialog.locator("textarea").first.fill("The clips he cut from nine hours")
    await send(sanne)
    await noah.say("/growth skills")
    seen = noah.message("Your skills")
    await expect(seen).to_contain_text("The clips he cut from nine hours")
    await expect(seen).to_contain_text("The first one for the bakery took me a week")
    await expect(seen).to_contain_text("apart. That is worth a talk.")
