"""A week of ordinary use in the page: goals, feedback, home, history, one's own data, settings, and leaving."""

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import Open, Tab

pytestmark = pytest.mark.asyncio(loop_scope="module")  # the browser is started once


def field(tab: Tab, label: str) -> Locator:
    return tab.dialog.get_by_label(label)


def words_in(file: Path) -> str:
    return file.read_text("utf-8")


async def send(tab: Tab) -> None:
    """The form that is open, which is taken."""
    await tab.dialog.locator("button[type=submit]").click()
    await expect(tab.dialog).to_be_hidden()


async def at_home(tab: Tab) -> Locator:
    await tab.page.get_by_role("tab", name="Home").click()
    home = tab.page.locator(".sheet")
    await expect(home).to_be_visible()
    return home


async def fits(tab: Tab) -> None:
    """Nothing is wider than the screen, and what can be pressed in sight is not behind its edge."""
    assert await tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    beyond = """[...document.querySelectorAll(".main button, .thread button, dialog[open] button")].filter(b => {
        return b.offsetParent && (b.getBoundingClientRect().right > innerWidth || b.scrollWidth > b.clientWidth)
    }).map(b => b.textContent)"""
    assert await tab.page.evaluate(beyond) == []


# Goals.


async def test_a_goal_by_form_stands_at_home_and_is_updated_there(tab: Open) -> None:
    maya = await tab("maya", "kadens")
    await maya.say("/goal")
    await field(maya, "What do you want to reach?").fill("Renewals agreed a month early")
    await field(maya, "How will you see it in figures?").fill("from 10 to 30")
    await field(maya, "Why does it matter?").fill("A surprise in the last week helps nobody")
    await field(maya, "By when?").fill("2026-12-18")
    await field(maya, "Which goal does it serve?").select_option(label="A first answer within two hours (team Care)")
    await send(maya)
    await expect(maya.message("Renewals agreed a month early")).to_contain_text("from 10 to 30")
    await maya.say("/goal tree")
    await expect(maya.message("Yours")).to_contain_text(
        "“Renewals agreed a month early” is for “A first answer within two hours”"
    )

    home = await at_home(maya)
    await expect(home).to_contain_text("Renewals agreed a month early")
    await home.get_by_role("button", name="Update", exact=True).last.click()
    await field(maya, "Where does it stand?").fill("15")
    await field(maya, "What is the story?").fill("Two said yes at lunch")
    await send(maya)
    home = await at_home(maya)
    await expect(home).to_contain_text("Two said yes at lunch")
    await expect(home).to_contain_text("25 %")


async def test_a_goal_in_words_is_made_clearer_until_it_is_kept(tab: Open) -> None:
    grace = await tab("grace", "kadens")
    await grace.say("/goal Fewer handovers at night")
    await expect(grace.said("What kind of goal is it?")).to_be_visible()
    await grace.press("A figure")
    await expect(grace.said("How will you see it in figures")).to_be_visible()
    await grace.answer("soon")
    await expect(grace.said("I need two figures")).to_be_visible()
    await grace.answer("from 9 to 3 a week")
    await expect(grace.said("By when?")).to_be_visible()
    await grace.press("Keep it")
    await expect(grace.message("Fewer handovers at night").last).to_contain_text("from 9 to 3 a week")

    await grace.say("/goal me")
    await grace.message("Your goals").get_by_role("button", name="Timeline").last.click()
    await expect(grace.said("Set on Monday 2 November")).to_be_visible()


async def test_a_goal_is_updated_from_the_check_in_and_its_timeline_has_a_chart(tab: Open) -> None:
    mila = await tab("mila", "kadens")
    await mila.say("/checkin")
    await expect(mila.said("Is it settled?")).to_be_visible()
    await mila.press("Settled")
    await expect(mila.said("I wait two days for copy")).to_be_visible()
    await mila.press("Settled")
    await expect(mila.said("How is it going with “Lead design reviews")).to_be_visible()
    await mila.press("Nothing new")
    await expect(mila.said("How is it going with “An onboarding")).to_be_visible()
    await mila.answer("62, the bakery from Ghent got through it alone")
    await expect(mila.said("What went well")).to_be_visible()
    await mila.press("Pause")
    await expect(mila.said("Paused")).to_be_visible()
    await mila.page.keyboard.press("Escape")
    home = await at_home(mila)
    await expect(home).to_contain_text("Your November check-in is open")
    await home.get_by_role("button", name="Carry on").first.click()
    await expect(mila.said("What went well")).to_be_visible()
    for words in ("A quiet launch", "Nothing", "Reading a chart", "4 rested", "3 steady", "The next release"):
        await mila.answer(words)
    await mila.press("Only for me")
    await expect(mila.said("Thank you, that is your November check-in")).to_contain_text("the bakery from Ghent")

    await mila.page.keyboard.press("Escape")
    await mila.say("/goal me")
    await mila.message("Your goals").get_by_role("button", name="Timeline").first.click()
    timeline = mila.said("62 %")
    await expect(timeline).to_contain_text("the bakery from Ghent got through it alone")
    chart = timeline.locator("img.chart")
    await expect(chart).to_have_attribute("alt", re.compile("62 %"))
    assert await chart.evaluate("image => image.complete && image.naturalWidth > 100")


# Feedback.


async def test_two_are_asked_one_answers_one_declines_and_is_thanked(tab: Open) -> None:
    erik, jonas, priya = await tab("erik", "kadens"), await tab("jonas", "kadens"), await tab("priya", "kadens")
    watching = await at_home(priya)
    await expect(watching).not_to_contain_text("standup")
    await erik.say("/feedback ask @Jonas Nyberg @Priya Raman What should I stop doing in the standup?")
    await expect(erik.message("standup")).to_contain_text("Priya Raman")
    # What waits for her appears by itself, while she looks.
    await expect(watching).to_contain_text("What should I stop doing in the standup?")
    await watching.get_by_role("button", name="Answer", exact=True).first.click()
    await field(priya, "When and where was it?").fill("In Thursday’s standup, when the import was red")
    await field(priya, "What did Erik Sandberg do or say?").fill("You answered for Jonas before he had looked up")
    await field(priya, "What did it do to you, or to the work?").fill("I stopped listening for his idea")
    await field(priya, "Who may see this?").select_option(label="Only Erik Sandberg")
    await send(priya)
    await jonas.message("standup").locator(".btn").last.click()
    await expect(jonas.message("standup").get_by_role("button", name="Svara")).to_have_count(0)

    answer = erik.message("You answered for Jonas")
    await expect(answer).to_contain_text("In Thursday’s standup")
    await answer.locator(".btn.primary").click()
    await expect(erik.page.get_by_test_id("stream").locator(".btn.primary").filter(has_text="Tacka")).to_have_count(0)
    await priya.go("Kadens")
    await priya.message("Passed on to Erik Sandberg").get_by_role("button", name=re.compile("repl")).click()
    await expect(priya.said("thank")).to_contain_text("Erik Sandberg")


# One's own.


async def test_history_is_narrowed_down_and_searched(tab: Open) -> None:
    noah = await tab("noah", "kadens")
    await noah.say("/kadens history")
    card = noah.message("Your history")
    await expect(card).to_contain_text("Every screen has met five customers")
    await expect(card).to_contain_text("thanked by Mila Jansen")
    await card.get_by_role("button", name="Feedback", exact=True).click()
    await expect(card).to_contain_text("your feedback for Mila Jansen")
    await expect(card).not_to_contain_text("Every screen")
    await card.get_by_role("button", name="Search and filter").click()
    await field(noah, "What").first.select_option(label="Everything")
    await field(noah, "With these words").fill("nine hours")
    await send(noah)
    await expect(card).to_contain_text("cutting nine hours of calls down to six clips")
    await expect(card).not_to_contain_text("your feedback for Mila Jansen")


async def test_privacy_tells_about_oneself_and_ones_data_comes_as_two_files(tab: Open) -> None:
    mila = await tab("mila", "design")
    await mila.go("Kadens")
    await mila.say("/kadens privacy")
    privacy = mila.message("Who can see what")
    await expect(privacy).to_contain_text("Your manager here is Sanne de Vries")
    await expect(mila.reply).to_be_hidden()  # nothing is asked here: no thread opens
    await privacy.get_by_role("button", name="My data").click()
    files = mila.page.get_by_test_id("stream").locator("a.file")
    await expect(files).to_have_count(2)
    texts = dict[str, str]()
    for n in range(2):
        async with mila.page.expect_download() as started:
            await files.nth(n).click()
        download = await started.value
        texts[download.suggested_filename.rpartition(".")[2]] = words_in(await download.path())
    assert set(texts) == {"html", "json"}
    for text in texts.values():
        assert "Two minutes of silence felt endless" in text
        assert "She drew us the screen we had been arguing about" in text
        assert "on call three weekends" not in text.lower()  # Priya’s
    assert json.loads(texts["json"])


async def test_the_language_changes_and_changes_back(tab: Open) -> None:
    helen = await tab("helen", "kadens")
    await helen.say("/kadens settings")
    await helen.message("Your settings").get_by_role("button", name="Change", exact=True).click()
    await field(helen, "Language").select_option(label="svenska")
    await send(helen)
    home = await at_home(helen)
    await expect(home).to_contain_text("Hej Helen")
    await home.get_by_role("button", name="Inställningar").click()
    await helen.message("Dina inställningar").locator(".btn.primary").click()
    await helen.dialog.get_by_label("Språk").select_option(label="English")
    await send(helen)
    await expect(await at_home(helen)).to_contain_text("Hello Helen")


async def test_a_manager_moves_the_teams_check_in_and_sees_the_three_dates(tab: Open) -> None:
    grace = await tab("grace", "design")
    await grace.go("Kadens")
    await grace.say("/kadens team")
    await grace.message("Your team’s rhythm").get_by_role("button", name="Every month").click()
    await field(grace, "Which day of the month?").select_option(label="the second Wednesday")
    await field(grace, "At what time?").fill("10:15")
    await send(grace)
    preview = grace.message("shall it be like this?")
    # Her eleventh of November is Veterans Day.
    await expect(preview).to_contain_text("Thursday 12 November, Wednesday 9 December and Wednesday 13 January")
    await preview.locator(".btn.primary").click()
    await expect(grace.message("your team’s rhythm is set")).to_contain_text("10:15")


async def test_who_is_erased_is_gone_for_the_others_too(tab: Open) -> None:
    femke, priya = await tab("femke", "kadens"), await tab("priya", "general")
    thanks = priya.message("staying until the import ran again")
    await expect(thanks).to_contain_text("Femke Bakker")
    await femke.say("/kadens erase")
    await femke.page.get_by_test_id("stream").locator(".btn.danger").last.click()
    word = femke.dialog.locator("input[type=text]")
    await word.fill("misschien")
    await femke.dialog.locator("button[type=submit]").click()
    await expect(femke.dialog.get_by_role("alert")).to_be_visible()
    await word.fill("wissen")
    await send(femke)
    await expect(thanks).not_to_contain_text("Femke Bakker")
    # She is met anew, as a stranger without a past.
    home = await at_home(femke)
    await expect(home).to_contain_text("Nog geen doelen")
    await expect(home).not_to_contain_text("Op maandag binnen twee uur")


# Small, and dark.


async def test_on_a_phone_everything_of_the_week_fits(tab: Open) -> None:
    noah = await tab("noah", "kadens", phone=True)
    for command in ("/goal tree", "/goal me", "/kadens privacy", "/kadens settings", "/kadens history", "/feedback me"):
        await noah.say(command)
        await fits(noah)
    await noah.say("/goal")
    await expect(noah.dialog).to_be_visible()
    await fits(noah)
    await expect(noah.dialog.locator("button[type=submit]")).to_be_in_viewport()
    await noah.page.keyboard.press("Escape")
    home = await at_home(noah)
    await expect(home).to_contain_text("What could make the design review better still?")
    await fits(noah)
    await home.get_by_role("button", name="Answer", exact=True).first.click()
    await expect(noah.dialog.locator("button[type=submit]")).to_be_in_viewport()
    await fits(noah)


async def test_in_the_dark_words_stand_out_from_what_they_stand_on(tab: Open) -> None:
    noah = await tab("noah", "kadens", dark=True)
    await noah.say("/goal tree")
    await expect(noah.message("Every screen has met five customers")).to_be_visible()
    await fits(noah)
    assert await noah.message("Private goals are counted").locator(".note").last.evaluate(CONTRAST) >= 4.5
    home = await at_home(noah)
    await fits(noah)
    assert await home.locator(".btn.primary").first.evaluate(CONTRAST) >= 4.5
    assert await home.locator("h3").first.evaluate(CONTRAST) >= 7


CONTRAST = """element => {  // as WCAG 2.2 counts it
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })
    const drawn = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1)
                              return canvas.getImageData(0, 0, 1, 1).data }
    const light = colour => [0.2126, 0.7152, 0.0722].reduce((sum, part, n) => {
        const c = drawn(colour)[n] / 255
        return sum + part * (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4) }, 0)
    let under = element
    while (drawn(getComputedStyle(under).backgroundColor)[3] < 255) under = under.parentElement
    const [a, b] = [light(getComputedStyle(element).color), light(getComputedStyle(under).backgroundColor)]
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}"""
