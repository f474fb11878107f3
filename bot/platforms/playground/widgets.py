"""The two things the page has twice, for the conversation and for the thread beside it: messages, and where to type."""

import json
from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

from nicegui import events, ui

from bot.platforms.playground import parts
from bot.platforms.playground.completion import Completion, complete
from bot.platforms.playground.render import Row, icon, message_html


def html(words: str = "", tag: str = "div") -> ui.html:
    return ui.html("", sanitize=False, tag=tag).classes(words)  # what is put into it was escaped by render.py


class Typist(Protocol):
    """Who is behind a composer: what may be said here, and what becomes of it."""

    commands: Mapping[str, str]
    values: tuple[str, ...]

    async def safely(self, doing: Awaitable[Any]) -> bool: ...
    async def say(self, composer: str, typed: str) -> None: ...


class Composer:
    """Where one types. What stands in it lives in the browser; every event brings it along."""

    def __init__(self, typist: Typist, name: str) -> None:
        self.typist, self.name, self.value, self.at, self.picked = typist, name, "", 0, 0
        with ui.element("div").classes("composer").props(f"data-composer={name}") as self.box:
            self.list = html("suggestions")
            with ui.element("div").classes("box"):
                self.area = ui.element("textarea").props(f'rows=1 maxlength=8000 data-testid="{name}" autocomplete=off')
                send = 'type=button aria-label="Send" title="Send" data-do=send'
                with ui.element("button").props(send).classes("send"):
                    html("icon-holder", "span").set_content(icon("send"))
        self.area.on("keydown", self.key, js_handler="(e) => playground.key(e, emit)")
        self.area.on("input", self.typed, js_handler="(e) => playground.typed(e, emit)")

    def hint(self, words: str) -> None:
        if self.area.props.get("placeholder") != words:
            self.area.props["placeholder"] = self.area.props["aria-label"] = words
            self.area.update()

    @property
    def completion(self) -> Completion | None:
        return complete(self.value, self.at, self.typist.commands, self.typist.values)

    def typed(self, event: events.GenericEventArguments) -> None:
        self.value, self.at, self.picked = str(event.args["value"]), int(event.args["at"]), 0
        self.draw()

    def draw(self) -> None:
        found = self.completion
        self.list.set_content(parts.suggestions(found, self.picked) if found else "")

    async def key(self, event: events.GenericEventArguments) -> None:
        self.value, self.at = str(event.args["value"]), int(event.args["at"])
        found, key = self.completion, event.args["key"]
        if found and key in ("ArrowDown", "ArrowUp"):
            self.picked = (self.picked + (1 if key == "ArrowDown" else -1)) % len(found.items)
            self.draw()
        elif found and key in ("Enter", "Tab") and event.args["open"]:
            self.complete(self.picked)
        elif key == "Escape":
            self.list.set_content("")
        elif key == "Enter":
            await self.send()

    def complete(self, number: int) -> None:
        if (found := self.completion) and number < len(found.items):
            self.value, self.at = found.apply(self.value, self.at, number)
            self.write()
        self.picked = 0
        self.draw()

    async def send(self) -> None:
        """What could not be taken stays where it was typed."""
        sent = self.value
        if sent.strip() and await self.typist.safely(self.typist.say(self.name, sent)):
            self.value, self.at, self.picked = "", 0, 0
            self.list.set_content("")
            ui.run_javascript(f"playground.sent({json.dumps(self.name)}, {json.dumps(sent)})")

    def write(self) -> None:
        ui.run_javascript(f"playground.write({json.dumps(self.name)}, {json.dumps(self.value)}, {self.at})")


class Stream:
    """Messages that are drawn one by one: only what changed is sent, so focus and open menus stay."""

    def __init__(self, name: str) -> None:
        with ui.element("div").classes("scroll") as self.scroll:
            self.box = ui.element("div").classes("stream").props(f'role=log aria-live=polite data-testid="{name}"')
        self.shown: dict[str, ui.html] = {}

    def draw(self, rows: list[Row]) -> None:
        wanted = {row.message.id: message_html(row) for row in rows}
        ids = list(wanted)
        if ids[: len(self.shown)] != list(self.shown):
            self.box.clear()
            self.shown = {}
        with self.box:
            for id, content in wanted.items():
                if id not in self.shown:
                    self.shown[id] = html("line")
                self.shown[id].set_content(content)
