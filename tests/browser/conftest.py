"""The playground in a real browser: Debian's Chromium, and a server in a process of its own for each module."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

FLAGS = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync""".split()  # noqa: SIM905
CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a playground that has just told its story."""
    if CHROMIUM is None:
        reason = "Chromium is not installed (Debian: apt install chromium)"
        pytest.fail(reason) if os.environ.get("KADENS_NO_SKIP") else pytest.skip(reason)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "bot", "demo", "--port", str(port)]
    environment = {**os.environ, "BROWSER": "true"}  # on a desktop, the command `true` is the browser it opens
    with (
        TemporaryFile("w+") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment) as process,
    ):
        try:
            said = [line for line in _until_address(process) if ADDRESS.search(line)]
            log.seek(0)
            assert said, f"the playground did not start: {log.read()[-2000:]}"
            yield ADDRESS.findall(said[-1])[0]
            log.seek(0)
            assert log.read() == ""
        finally:
            process.terminate()


ADDRESS = re.compile(r"http://[\w.:]+")


def _until_address(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if ADDRESS.search(line):
            return


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@dataclass
class Tab:
    """The page as somebody uses it."""

    page: Page

    @property
    def composer(self) -> Locator:
        return self.page.get_by_test_id("composer")

    @property
    def reply(self) -> Locator:
        return self.page.get_by_test_id("reply")

    @property
    def thread(self) -> Locator:
        return self.page.get_by_test_id("thread")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def now(self) -> Locator:
        return self.page.get_by_test_id("now")

    def message(self, words: str) -> Locator:
        """The newest message with these words in the conversation that is open."""
        return self.page.get_by_test_id("stream").get_by_test_id("message").filter(has_text=words).last

    def said(self, words: str) -> Locator:
        """The newest message with these words in the thread that is open."""
        return self.thread.get_by_test_id("message").filter(has_text=words).last

    async def go(self, place: str) -> None:
        await self.page.get_by_role("navigation").get_by_role("button", name=re.compile(f"{place}( APP)?")).click()

    def unread(self, place: str) -> Locator:
        """The figure beside a channel or a person, where there is one."""
        return self.page.locator(f'[data-to="{place}"] .count')

    async def say(self, words: str) -> None:
        await self.composer.fill(words)
        await self.composer.press("Escape")  # away with the suggestions: Enter sends
        await self.composer.press("Enter")
        await expect(self.composer).to_have_value("")

    async def answer(self, words: str) -> None:
        await self.reply.fill(words)
        await self.reply.press("Enter")
        await expect(self.reply).to_have_value("")

    async def press(self, label: str) -> None:
        """The newest such button of the thread."""
        await self.thread.get_by_role("button", name=label, exact=True).last.click()

    async def menu(self, message: Locator, name: str, item: str) -> None:
        await message.hover()
        await message.get_by_label(name, exact=True).click()
        await message.get_by_role("button", name=item, exact=True).click()

    async def be(self, name: str) -> None:
        switcher = self.page.get_by_test_id("switcher")
        await switcher.locator("summary").click()
        await switcher.get_by_role("button", name=name).click()
        await expect(switcher.locator("summary")).to_contain_text(name)

    async def pick(self, name: str) -> None:
        """A choice of the form that is open, shown as a chip."""
        await self.dialog.locator("label.tick", has_text=name).click()


class Open:
    """Opens tabs on the playground; whatever goes wrong in one fails the test."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser, self.address, self.errors = browser, address, list[str]()
        self.contexts = list[BrowserContext]()

    async def __call__(self, me: str, at: str = "general", *, phone: bool = False, dark: bool = False) -> Tab:
        context = await self.browser.new_context(
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
            has_touch=phone,
        )
        self.contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(8_000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        await page.goto(f"{self.address}/?me={me}&at={at}")
        await expect(page.get_by_test_id("composer")).to_be_visible()
        await page.wait_for_function("() => window.socket?.connected")  # what is clicked before is lost
        return Tab(page)


@pytest_asyncio.fixture(loop_scope="module")
async def tab(browser: Browser, address: str) -> AsyncIterator[Open]:
    opener = Open(browser, address)
    yield opener
    for context in opener.contexts:
        await context.close()
    assert opener.errors == []
