"""The two things the page has twice, for the conversation and for the thread beside it: messages, and where to type."""

import json
from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

from nicegui import events, ui

from bot.platforms.playground import parts
from bot.platforms.playground.completion import complete
from bot.platforms.playground.render import Row, icon, message_html


def html(words: str = "", tag: str = "div") -> ui.html:
    return ui.html("", sanitize=False, tag=tag).classes(words)  # what is put into it was escaped by render.py


class Typist(Protocol):
    """Who is behind a composer: what may be said here, and what becomes of it."""

    commands: Mapping[str, str]
    anywhere: Mapping[str, str]
    values: tuple[str, ...]

    async def safely(self, doing: Awaitable[Any]) -> bool: ...
    async def say(self, composer: str, typed: str) -> None: ...


class Composer:
    """Where one types. What stands in it lives in the browser; every event brings it along."""

    def __init__(self, typist: Typist, name: str) -> None:
        self.typist, self.name, self.value = typist, name, ""
        with ui.element("div").classes("composer").props(f"data-composer={name}") as self.box:
            self.list = html("suggestions")
            with ui.element("div").classes("box"):
                if typist.anywhere:
                    html("begin", "span").set_content(parts.begin(typist.anywhere))
                self.area = ui.element("textarea").props(f'rows=1 maxlength=8000 data-testid="{name}" autocomplete=off')
                send = 'type=button aria-label="Send" title="Send" data-do=send'
                with ui.element("button").props(send).classes("send"):
                    html("icon-holder", "span").set_content(icon("send"))
        self.area.on("keydown", self.entered, js_handler="(e) => playground.key(e, emit)")
        self.area.on("input", self.typed, js_handler="(e) => playground.typed(e, emit)")

    def hint(self, words: str) -> None:
        if self.area.props.get("placeholder") != words:
            self.area.props["placeholder"] = self.area.props["aria-label"] = words
            self.area.update()

    def typed(self, event: events.GenericEventArguments) -> None:
        self.value, at = str(event.args["value"]), int(event.args["at"])
        found = complete(self.value, at, self.typist.commands, self.typist.values)
        self.list.set_content(parts.suggestions(found, self.value[:at]) if found else "")

    async def entered(self, event: events.GenericEventArguments) -> None:
        self.value = str(event.args["value"])
        await self.send()

    async def send(self) -> None:
        """What could not be taken stays where it was typed."""
        sent = self.value
        if sent.strip() and await self.typist.safely(self.typist.say(self.name, sent)):
            self.value = ""
            self.list.set_content("")
            ui.run_javascript(f"playground.sent({json.dumps(self.name)}, {json.dumps(sent)})")


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
