"""What one can do in the playground's page. Each test is other people, so that none sees what another has done."""

import re

import aiohttp
import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.asyncio(loop_scope="module")  # the browser is started once


async def test_a_command_is_completed_sent_and_answered(tab: Open) -> None:
    mila = await tab("mila", "design")
    box = mila.composer
    await box.press_sequentially("/ku")
    await expect(mila.page.get_by_role("option", name="/kudos")).to_contain_text("thank-you")
    await box.press("Enter")
    await expect(box).to_have_value("/kudos ")
    await box.press_sequentially("@noa")
    await expect(mila.page.get_by_role("option", name="Noah Bennett")).to_be_visible()
    await box.press("Tab")
    await box.press_sequentially("for the export calls #cra")
    await expect(mila.page.get_by_role("option", name="#craft")).to_be_visible()
    await box.press("Enter")
    await box.press("Enter")
    card = mila.message("for the export calls").filter(has_text="thanks")
    await expect(card).to_contain_text("@Mila Jansen thanks @Noah Bennett")
    await expect(card).to_contain_text("#craft")
    await expect(mila.page.get_by_text("Only visible to you")).to_be_visible()
    await expect(box).to_have_value("")


async def test_a_command_that_is_none_stays_to_be_mended(tab: Open) -> None:
    mila = await tab("mila", "design")
    await mila.composer.fill("/dance")
    await mila.composer.press("Enter")
    await expect(mila.page.get_by_role("status")).to_contain_text("There is no /dance.")
    await expect(mila.composer).to_have_value("/dance")


async def test_arrows_choose_and_escape_closes_the_suggestions(tab: Open) -> None:
    mila = await tab("mila")
    await mila.composer.press_sequentially("/k")
    options = mila.page.get_by_role("option")
    await expect(options).to_have_count(2)
    await mila.composer.press("ArrowDown")
    await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    await mila.composer.press("Escape")
    await expect(options).to_have_count(0)
    await options.page.keyboard.press("a")
    await options.first.click()
    await expect(mila.composer).to_have_value("/kadens ")


async def test_typing_on_after_a_choice_loses_no_letter(tab: Open) -> None:
    mila = await tab("mila", "design")
    box = mila.composer
    await box.press_sequentially("thanks @noa for it")
    for _ in " for it":
        await box.press("ArrowLeft")
    await box.press("Backspace")
    await expect(mila.page.get_by_role("option", name="Noah Bennett")).to_be_visible()
    await box.press("Tab")
    await box.press_sequentially("and @saa")
    await expect(mila.page.get_by_role("option")).to_have_count(0)
    await expect(box).to_have_value("thanks @Noah Bennett and @saafor it")


async def test_a_form_says_what_is_wrong_beside_the_field_and_is_sent(tab: Open) -> None:
    femke = await tab("femke")
    await femke.say("/kudos")
    await expect(femke.dialog).to_be_visible()
    await femke.dialog.get_by_role("textbox").fill("voor de rustige maandag")
    submit = femke.dialog.locator("button[type=submit]")
    await submit.click()
    await expect(femke.dialog.get_by_role("alert")).to_be_visible()
    await expect(femke.dialog.get_by_role("textbox")).to_have_value("voor de rustige maandag")
    await femke.pick("Maya Torres")
    await femke.pick("#together")
    await submit.click()
    await expect(femke.dialog).to_be_hidden()
    await expect(femke.message("voor de rustige maandag")).to_contain_text("@Maya Torres")


async def test_a_form_is_left_with_escape(tab: Open) -> None:
    femke = await tab("femke", "design")
    await femke.say("/kudos")
    await expect(femke.dialog).to_be_visible()
    await femke.page.keyboard.press("Escape")
    await expect(femke.dialog).to_be_hidden()


async def test_a_reaction_is_put_on_and_taken_off(tab: Open) -> None:
    jonas, daan = await tab("jonas"), await tab("daan")
    await daan.say("The tests take half the time now")
    message = jonas.message("The tests take half the time")
    await jonas.menu(message, "Add a reaction", "rocket")
    chip = message.get_by_role("button", name="rocket, 1: you")
    await expect(chip).to_have_attribute("aria-pressed", "true")
    theirs = daan.message("The tests take half the time")
    await expect(theirs.get_by_role("button", name="rocket, 1: Jonas Nyberg")).to_be_visible()
    await chip.click()
    await expect(chip).to_be_hidden()
    await expect(theirs.get_by_role("button", name="rocket, 1")).to_have_count(0)


async def test_two_people_see_each_others_words_at_once_and_as_words(tab: Open) -> None:
    priya, erik = await tab("priya"), await tab("erik", "general")
    await erik.go("design")
    await expect(erik.unread("general")).to_have_count(0)
    await priya.say("<b>bold</b> & <script>document.title = 'broken'</script> plans, @Erik Sandberg")
    await expect(erik.unread("general")).to_be_visible()
    await erik.go("general")
    await expect(erik.message("plans, @Erik Sandberg")).to_contain_text("<b>bold</b> & <script>")
    await expect(erik.unread("general")).to_have_count(0)
    assert await erik.page.title() == "Kadens playground"


async def test_ones_own_message_can_be_edited_and_deleted(tab: Open) -> None:
    helen, maya = await tab("helen"), await tab("maya")
    await helen.say("Lunch at twelf")
    await helen.menu(helen.message("Lunch at twelf"), "More", "Edit message")
    await helen.dialog.get_by_role("textbox").fill("Lunch at twelve")
    await helen.dialog.get_by_role("button", name="Save").click()
    await expect(maya.message("Lunch at twelve")).to_contain_text("(edited)")
    await helen.menu(helen.message("Lunch at twelve"), "More", "Delete message")
    await expect(maya.message("Lunch at twelve")).to_have_count(0)


async def test_the_message_menu_gives_kudos_to_its_author(tab: Open) -> None:
    grace = await tab("grace", "design")
    await grace.menu(grace.message("no opinions"), "More", "Give kudos")
    await expect(grace.dialog.locator("input:checked")).to_have_attribute("value", "astrid")
    await grace.dialog.get_by_role("textbox").fill("for listening first")
    await grace.dialog.locator("button[type=submit]").click()
    await grace.message("no opinions").get_by_role("button", name="1 reply").click()
    await expect(grace.said("for listening first")).to_contain_text("@Astrid Lindqvist")


async def test_a_thread_opens_beside_takes_replies_and_closes(tab: Open) -> None:
    noah = await tab("noah", "design")
    await noah.say("Who has the third recording?")
    head = noah.message("Who has the third recording?")
    await head.hover()
    await head.get_by_label("Reply in thread").click()
    await expect(noah.reply).to_be_focused()
    await noah.answer("Found it")
    await expect(noah.said("Found it")).to_be_visible()
    await expect(head.get_by_role("button", name="1 reply")).to_be_visible()
    await noah.page.keyboard.press("Escape")
    await expect(noah.reply).to_be_hidden()
    await expect(noah.composer).to_be_focused()


async def test_one_can_be_somebody_else_and_stays_so_over_a_reload(tab: Open) -> None:
    page = await tab("mila")
    await page.go("Kadens")
    await expect(page.message("Your October check-in")).to_be_visible()
    await page.be("Sanne de Vries")
    await expect(page.message("Mila Jansen")).to_be_visible()
    await page.page.reload()
    await expect(page.page.get_by_test_id("switcher").locator("summary")).to_contain_text("Sanne de Vries")
    await expect(page.message("Mila Jansen")).to_be_visible()


async def test_the_home_shows_and_its_buttons_lead_to_where_the_bot_answers(tab: Open) -> None:
    mila = await tab("mila", "kadens")
    await mila.page.get_by_role("tab", name="Home").click()
    await expect(mila.page.get_by_role("heading", name="Hello Mila")).to_be_visible()
    await expect(mila.composer).to_be_hidden()
    await mila.page.get_by_role("button", name="Give kudos").first.click()
    await expect(mila.dialog).to_be_visible()
    await mila.page.keyboard.press("Escape")
    await mila.page.get_by_role("button", name="Begin a GROW talk").click()
    await expect(mila.said("What would you like to be true")).to_be_visible()
    await expect(mila.reply).to_be_focused()
    await expect(mila.composer).to_be_visible()


async def test_the_clock_is_always_seen_and_moves(tab: Open) -> None:
    maya = await tab("maya")
    before = await maya.now.get_attribute("datetime")
    assert before is not None and before.startswith("2026-11-02T04:")  # her own time, in New York
    await maya.page.get_by_role("button", name="Move the clock an hour on").click()
    await expect(maya.now).to_have_attribute("datetime", re.compile("2026-11-02T05:"))
    await expect(maya.page.get_by_role("status")).to_contain_text("Nothing was due until then.")


async def test_only_this_machine_by_its_own_name_gets_the_page(address: str) -> None:
    async with aiohttp.ClientSession() as client:
        async with client.get(address) as page:
            assert page.status == 200
        # Another site whose name was made to point here.
        async with client.get(address, headers={"Host": "evil.example"}) as page:
            assert page.status == 400
        async with client.get(f"{address}/?me=nobody&at=nowhere&thread=m99999") as page:
            assert page.status == 200 and "Traceback" not in await page.text()


async def test_on_a_phone_everything_fits_and_a_thread_covers_the_conversation(tab: Open) -> None:
    mila = await tab("mila", phone=True)
    menu = mila.page.get_by_role("button", name="Conversations")
    place = mila.page.get_by_role("navigation").get_by_role("button", name="Kadens")
    await expect(place).to_be_hidden()
    await menu.click()
    await place.click()
    await expect(place).to_be_hidden()
    await mila.message("Your October check-in").get_by_role("button", name=re.compile("replies")).click()
    await expect(mila.reply).to_be_in_viewport()
    box = await mila.page.locator("aside.thread").bounding_box()
    assert box is not None and (box["x"], box["width"]) == (0, 390)
    await expect(mila.now).to_be_in_viewport()
    assert await mila.page.evaluate("document.documentElement.scrollWidth") <= 390
    await mila.page.get_by_role("button", name="Close the thread").click()
    await expect(mila.composer).to_be_in_viewport()


async def test_light_and_dark_follow_the_system_until_one_chooses(tab: Open) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light, dark = await tab("mila"), await tab("mila", dark=True)
    assert await light.page.evaluate(paper) == "rgb(255, 255, 255)"
    assert await dark.page.evaluate(paper) == "rgb(25, 26, 28)"
    await light.page.get_by_role("button", name="Light or dark").click()
    assert await light.page.evaluate(paper) == "rgb(25, 26, 28)"
    await light.page.reload()
    await expect(light.composer).to_be_visible()
    assert await light.page.evaluate(paper) == "rgb(25, 26, 28)"


async def test_the_menu_beside_where_one_types_begins_things(tab: Open) -> None:
    someone = await tab("sanne", "design", phone=True)
    begin = someone.page.locator(".main .begin")
    await begin.locator("summary").click()
    for label in ("Check in", "Give feedback", "Set a goal"):
        await expect(begin.get_by_role("button", name=label, exact=True)).to_be_visible()
    await begin.get_by_role("button", name="Give feedback", exact=True).click()
    await expect(someone.dialog).to_be_visible()
    await expect(begin.get_by_role("button", name="Check in", exact=True)).to_be_hidden()
