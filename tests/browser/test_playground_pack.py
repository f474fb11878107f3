"""The evidence of a quarter in a manager's hands, and HR's round of reviews, as they look in the page."""

import pypdf
import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.asyncio(loop_scope="module")  # the browser is started once


async def test_a_manager_reads_a_quarter_and_takes_it_along_on_paper(tab: Open) -> None:
    sanne = await tab("sanne", "kadens")  # who reads Dutch
    await sanne.say("/review pack @mila Q4")
    pack = sanne.message("Mila Jansen: Q4")
    await expect(pack).to_contain_text("Hoe de doelen ervoor staan")
    await expect(pack).to_contain_text("Mila Jansen kan zien dat je dit gelezen hebt")
    await pack.get_by_role("button", name="Als pdf").click()
    file = sanne.page.get_by_test_id("stream").locator("a.file").last
    await expect(file).to_contain_text("kadens-dossier-2026-Q4.pdf")
    async with sanne.page.expect_download() as started:
        await file.click()
    path = await (await started.value).path()
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    for words in ("Mila Jansen: Q4 2026", "Doelen", "Van 1 oktober 2026 tot en met 31 december 2026"):
        assert words in text


async def test_a_colleague_gets_their_own_and_nobody_elses(tab: Open) -> None:
    noah = await tab("noah", "kadens")
    await noah.say("/review pack @mila")
    refused = noah.message("A pack is for the person themself and their manager")
    await refused.get_by_role("button", name="My own").click()
    await expect(noah.message("Your Q4, all of it")).to_be_visible()


async def test_hr_opens_a_round_watches_it_and_closes_it(tab: Open) -> None:
    helen, priya = await tab("helen", "kadens"), await tab("priya", "kadens")
    await helen.say("/review cycle")
    await helen.message("No round of reviews is open").get_by_role("button", name="Open the reviews").click()
    await expect(helen.dialog).to_contain_text("Everybody who has not begun on Q4")
    await helen.dialog.get_by_role("button", name="Open", exact=True).click()
    await expect(helen.message("The reviews of Q4 are open until")).to_be_visible()
    invitation = priya.message("Yours begins with four short questions")
    await expect(invitation).to_be_visible(timeout=20_000)
    await invitation.get_by_role("button", name="Look back", exact=True).click()
    await expect(priya.said("What are you proud of")).to_be_visible()
    await helen.message("The reviews of Q4 are open until").get_by_role("button", name="How it goes").click()
    watched = helen.message("Have looked back")
    await expect(watched).to_contain_text("0 of 12")
    await expect(watched).not_to_contain_text("Priya")
    await watched.get_by_role("button", name="Close it").click()
    await expect(helen.message("nobody is asked any more")).to_be_visible()
