"""The page: one View for each open tab. It draws what render.py says and hands what is done to the playground."""

import json
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nicegui import events, ui

from bot.core.cards import Form, TextBox, plain
from bot.core.effects import Answer, OpenForm, Refuse
from bot.platforms.playground import parts
from bot.platforms.playground.chat import Message, NoSuchMessage
from bot.platforms.playground.forms import form_html
from bot.platforms.playground.inbound import NoSuchCommand, resolve
from bot.platforms.playground.people import BOT, CHANNELS, MEMBERS, name_of
from bot.platforms.playground.render import EMOJIS, Row, buttons_of, card_html
from bot.platforms.playground.widgets import Composer, Stream, html
from bot.platforms.playground.world import Playground

log = logging.getLogger(__name__)
TOGETHER = timedelta(minutes=5)  # messages of one author within this stand under one name
EDIT = "playground.edit"


class View:
    def __init__(self, world: Playground) -> None:
        self.world, self.chat = world, world.chat
        self.commands, self.values, self.anywhere = world.commands, world.settings.values, world.anywhere
        self.me, self.conversation, self.thread, self.tab = "mila", "general", "", "messages"
        self.form: Form | None = None
        self.drawn: object = None

    # -- building

    def build(self, me: str = "", at: str = "", thread: str = "") -> None:
        """`me`, `at` and `thread` stand in the address, so that a reload, and each tab, keeps who and where one is."""
        self.me = me if me in MEMBERS else "mila"
        self.conversation = at if at in CHANNELS else self.me if at == BOT else "general"
        head = self.chat.messages.get(thread)
        self.thread = thread if head and head.seen_by(self.me) and head.conversation == self.conversation else ""
        ui.add_head_html(parts.HEAD)
        with ui.element("div").classes("app") as app:
            app.on("click", self.click, js_handler="(e) => playground.click(e, emit)")
            app.on("keydown", self.escape, js_handler="(e) => playground.escape(e, emit)")
            self.sidebar = html("sidebar", "nav").props('aria-label="Conversations"')
            with ui.element("div").classes("clock").props('role=group aria-label="The playground’s clock"'):
                self.clock = html("now")
                html("moves").set_content(parts.moves())  # never drawn anew, so that no click falls between two
            with ui.element("main").classes("main"):
                self.header = html("header", "header")
                self.home = html("home scroll")
                self.stream = Stream("stream")
                self.main = Composer(self, "composer")
            with ui.element("aside").classes("thread").props('aria-label="Thread"') as self.panel:
                self.thread_header = html("header", "header")
                self.thread_stream = Stream("thread")
                self.reply = Composer(self, "reply")
            self.toast = html("toasts").props("role=status aria-live=polite")
            self._build_dialog()
        ui.timer(0.15, self.refresh)
        self.refresh()

    def _build_dialog(self) -> None:
        with ui.element("dialog").classes("dialog") as self.dialog:
            self.dialog.on("close", self.close_form, js_handler="() => emit()")
            submit = "(e) => { e.preventDefault(); emit(playground.values(e.target)) }"
            with ui.element("form").on("submit", self.submit, js_handler=submit):
                self.fields = html("form")

    # -- drawing

    def refresh(self) -> None:
        """Draw anew if anything changed: the chat, the minute, or what this tab shows."""
        now = self.world.clock()
        state = (self.chat.version, now.strftime("%Y-%m-%d %H:%M"), self.me, self.conversation, self.thread, self.tab)
        if state == self.drawn:
            return
        at_home = self.tab == "home" and self.conversation == self.me
        if not at_home:
            self.chat.read(self.me, self.conversation)
        if self.thread:
            self.chat.read(self.me, self.conversation, self.thread)
        self.drawn = (self.chat.version, *state[1:])
        self._draw(now, at_home)

    def _draw(self, now: datetime, at_home: bool) -> None:
        self.sidebar.set_content(parts.sidebar(self.chat, self.me, self.conversation))
        local = now.astimezone(ZoneInfo(MEMBERS[self.me].zone))
        self.clock.set_content(parts.clock(local, MEMBERS[self.me].city))
        self.header.set_content(parts.header(self.chat, self.me, self.conversation, self.tab))
        for element in (self.stream.scroll, self.main.box):
            element.set_visibility(not at_home)
        self.home.set_visibility(at_home)
        if at_home:
            card = self.chat.homes.get(self.me)
            inside = card_html(card) if card else parts.NO_HOME
            self.home.set_content(f'<div class="sheet" data-id="home">{inside}</div>')
        self.stream.draw(self.rows())
        self.main.hint(self._hint())
        self.panel.set_visibility(bool(self.thread))
        if self.thread:
            self.thread_header.set_content(parts.thread_header(self.conversation))
            self.thread_stream.draw(self.rows(self.thread))
            self.reply.hint("Reply in thread")

    def _hint(self) -> str:
        return f"Message #{self.conversation}" if self.conversation in CHANNELS else "Message Kadens, or type /"

    def rows(self, thread: str = "") -> list[Row]:
        rows, before = list[Row](), None
        unread = self.chat.unread(self.me, self.conversation)
        for message in self.chat.stream(self.me, self.conversation, thread or None):
            new_day = self._new_day(before, message)
            begins = new_day or before is None or before.author != message.author or message.at - before.at > TOGETHER
            begins = begins or bool(before and before.only_for) != bool(message.only_for)
            replies = [] if thread else self.chat.replies(self.me, message)
            fresh, menu = (
                unread.get(message.id, 0),
                self.world.shortcuts if message.author not in (BOT, self.me) else {},
            )
            row = Row(message, MEMBERS[self.me], begins, new_day and not thread, replies, fresh, bool(thread), menu)
            rows.append(row)
            before = message
        return rows

    def _new_day(self, before: Message | None, message: Message) -> bool:
        zone = ZoneInfo(MEMBERS[self.me].zone)
        return before is None or before.at.astimezone(zone).date() != message.at.astimezone(zone).date()

    def tell(self, words: str) -> None:
        """A short sentence that goes away by itself."""
        self.toast.set_content(parts.toast(words, self.world.clock().isoformat()))

    # -- what is done in the page

    async def safely(self, doing: Awaitable[Any]) -> bool:
        """Whether it was done; what went wrong becomes a sentence."""
        try:
            await doing
        except NoSuchMessage:
            self.tell("That message is gone.")
        except NoSuchCommand as unknown:
            self.tell(f"There is no /{unknown}. Type / to see the commands.")
        except Exception as error:
            log.error("in the playground: %s", type(error).__name__)
            self.tell("That did not work. Nothing was changed; please try again.")
        else:
            self.refresh()
            return True
        self.refresh()
        return False

    async def click(self, event: events.GenericEventArguments) -> None:
        words = {str(key): str(value) for key, value in event.args.items()}
        do = getattr(self, f"do_{words.get('do')}", None)
        if do:
            await self.safely(do(words))

    async def escape(self) -> None:
        self.thread = ""
        self.show()
        ui.run_javascript('playground.focus("composer")')

    def show(self) -> None:
        where = BOT if self.conversation == self.me else self.conversation
        thread = f"&thread={self.thread}" if self.thread else ""
        ui.navigate.history.replace(f"/?me={self.me}&at={where}{thread}")
        self.refresh()

    async def do_be(self, words: dict[str, str]) -> None:
        own = self.conversation == self.me
        self.me = words["account"] if words["account"] in MEMBERS else self.me
        self.conversation, self.thread, self.tab = (self.me if own else self.conversation), "", "messages"
        self.show()

    async def do_go(self, words: dict[str, str]) -> None:
        self.conversation = self.me if words["to"] == BOT else words["to"] if words["to"] in CHANNELS else "general"
        self.thread, self.tab = "", "messages"
        self.show()

    async def do_tab(self, words: dict[str, str]) -> None:
        self.tab, self.thread = words["name"], ""
        if self.tab == "home":
            await self.world.take(self.world.inbound.opened(self.me))  # what is said meanwhile is no answer to it
        self.show()

    async def do_thread(self, words: dict[str, str]) -> None:
        message = self._message(words["id"])
        self.thread = message.thread or message.id
        self.show()
        ui.run_javascript('playground.focus("reply")')

    async def do_leave(self, words: dict[str, str]) -> None:
        self.thread = ""
        self.show()

    async def do_move(self, words: dict[str, str]) -> None:
        before = len(self.chat.messages)
        if not await self.world.move(None if words["by"] == "nudge" else timedelta(hours=int(words["by"]))):
            self.tell("Nobody is due to hear from Kadens.")
            return
        new = list(self.chat.messages.values())[before:]
        reached = dict.fromkeys(m.conversation for m in new if m.author == BOT and m.conversation in MEMBERS)
        others = [name_of(account) for account in reached if account != self.me]
        self.tell(parts.reached(["you", *others] if self.me in reached else others))

    async def do_send(self, words: dict[str, str]) -> None:
        await (self.reply if words["composer"] == "reply" else self.main).send()

    async def do_press(self, words: dict[str, str]) -> None:
        at_home = words["id"] == "home"
        message = None if at_home else self._message(words["id"])
        card = self.chat.homes.get(self.me) if at_home else message and message.card
        buttons = buttons_of(card) if card else []
        if (n := int(words["n"])) < len(buttons):
            await self._take(self.world.inbound.pressed(self.me, buttons[n], message))

    async def do_react(self, words: dict[str, str]) -> None:
        message = self._message(words["id"])
        if words["emoji"] not in EMOJIS:
            return
        added = self.chat.react(message.id, words["emoji"], self.me)
        await self._take(self.world.inbound.reacted(self.me, message, words["emoji"], added))

    async def do_choose(self, words: dict[str, str]) -> None:
        await self._take(self.world.inbound.chosen(self.me, words["name"], self._message(words["id"])))

    async def do_begin(self, words: dict[str, str]) -> None:
        await self._take(self.world.inbound.begun(self.me, words["name"]))

    async def do_edit(self, words: dict[str, str]) -> None:
        message = self._own(words["id"])
        box = TextBox("text", "Your message", plain(message.text))
        self.open_form(Form(EDIT, "Edit message", "Save", "Cancel", (box,), message.id))

    async def do_delete(self, words: dict[str, str]) -> None:
        message = self._own(words["id"])
        said = replace(message)
        self.chat.delete(message.id)
        if event := self.world.inbound.rewritten(said, None):
            await self._take(event)

    async def do_cancel(self, words: dict[str, str]) -> None:
        self.close_form()

    def _message(self, id: str) -> Message:
        message = self.chat.find(id)
        if not message.seen_by(self.me):
            raise NoSuchMessage(id)
        return message

    def _own(self, id: str) -> Message:
        message = self._message(id)
        if message.author != self.me:
            raise NoSuchMessage(id)
        return message

    async def say(self, composer: str, typed: str) -> None:
        """A command, or words that everybody here can read. Raises NoSuchCommand."""
        thread = self.thread if composer == "reply" else None
        text, inbound = resolve(typed), self.world.inbound
        if command := inbound.command(self.me, self.conversation, thread, text):
            await self._take(command)
            return
        message = self.chat.post(self.conversation, self.me, self.world.clock(), text=text, thread=thread)
        self.refresh()
        self._bring_in(message)
        if words := inbound.words(message):
            await self._take(words)

    async def _take(self, event: Any) -> Answer | None:
        """Let the bot act; a form it answers with opens, and a thread it begins or goes on with is shown."""
        before, where = len(self.chat.messages), (self.conversation, self.tab)
        answer = await self.world.take(event)
        if isinstance(answer, OpenForm):
            self.open_form(answer.form)
        stayed = where == (self.conversation, self.tab)  # who went elsewhere meanwhile is not called back
        new = [m for m in list(self.chat.messages.values())[before:] if m.conversation == self.conversation]
        if stayed and self.conversation == self.me:
            self._follow([m for m in new if m.author == BOT])
        self.show()
        if new and stayed:
            self._bring_in(new[-1])
        return answer

    def _bring_in(self, message: Message) -> None:
        """Into view, wherever one had scrolled to."""
        ui.run_javascript(f"playground.bring({json.dumps(message.id)})")

    def _follow(self, said: Sequence[Message]) -> None:
        """To where the bot answered: from the home to the messages, into the thread it talks in, and out of another."""
        shown = self.thread
        if said and not any(self.thread in (message.thread, message.id) for message in said):
            self.thread = ""
        for message in said:
            self.tab = "messages"
            if message.thread or (message.card and parts.talks(message.card)):
                self.thread = message.thread or message.id
        if self.thread and self.thread != shown:
            ui.run_javascript('playground.focus("reply")')

    # -- forms

    def open_form(self, form: Form, given: dict[str, str] | None = None, wrong: Any = None) -> None:
        self.form = form
        self.fields.set_content(parts.dialog(form, form_html(form, given, wrong)))
        ui.run_javascript(f"playground.dialog({self.dialog.id}, true)")

    def close_form(self) -> None:
        self.form = None
        ui.run_javascript(f"playground.dialog({self.dialog.id}, false)")

    async def submit(self, event: events.GenericEventArguments) -> None:
        form, self.form = self.form, None  # a second click while the first is being taken finds nothing
        if form:
            await self.safely(self._submit(form, dict(event.args)))

    async def _submit(self, form: Form, typed: dict[str, str | list[str]]) -> None:
        if form.id == EDIT:
            self.close_form()
            await self._rewrite(self._own(form.value), resolve(str(typed.get("text", ""))))
            return
        answer = await self._take(self.world.inbound.submitted(self.me, form, typed))
        if isinstance(answer, Refuse):
            given = {id: value if isinstance(value, str) else ",".join(value) for id, value in typed.items()}
            self.open_form(form, given, answer.objections)
        elif not isinstance(answer, OpenForm):
            self.close_form()

    async def _rewrite(self, message: Message, text: str) -> None:
        if not text or text == message.text:
            return
        self.chat.edit(message.id, text)
        if event := self.world.inbound.rewritten(message, text):
            await self._take(event)
