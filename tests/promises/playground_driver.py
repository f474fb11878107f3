"""The playground: what the page calls when somebody does something, and the HTML it shows them."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from html.parser import HTMLParser
from typing import Any

from bot.core.cards import Card, Form
from bot.core.effects import OpenForm, Refuse
from bot.core.events import Arrived
from bot.core.sending import Outgoing, SlowDown
from bot.platforms.playground.chat import Chat, Message
from bot.platforms.playground.files import download
from bot.platforms.playground.forms import form_html
from bot.platforms.playground.inbound import Inbound, resolve
from bot.platforms.playground.outbound import PlaygroundPlatform
from bot.platforms.playground.people import BOT, CHANNELS, MEMBERS, WORKSPACE
from bot.platforms.playground.render import buttons_of, card_html
from storage.engine import Store
from tests.promises.driver import ROUNDS, Driver, Seen, Sheet, Someone, Typed, Word

# All that a card is made of; whatever else stands in one was put there by somebody's words.
TAGS = {"article", "blockquote", "button", "dd", "div", "dl", "dt", "h3", "h4", "hr", "img", "p", "section", "span"}
PICTURE = "data:image/png;base64,"


class BusyChat(Chat):
    """The chat, which can be told to be out of patience, as the servers of a platform are."""

    def __init__(self) -> None:
        super().__init__()
        self.tries, self.wait = 0, 0

    def post(self, conversation: str, author: str, *args: Any, **more: Any) -> Message:
        if author == BOT:
            self.tries += 1
            if wait := self.wait:
                self.wait = 0
                raise SlowDown(wait)
        return super().post(conversation, author, *args, **more)


class Lossy(PlaygroundPlatform):
    """The answer to a message that arrived can get lost on its way to delivery."""

    lose = False

    async def send(self, message: Outgoing) -> str:
        id = await super().send(message)
        if self.lose:
            self.lose = False
            raise ConnectionResetError
        return id


class PlaygroundDriver(Driver):
    workspace, hall = WORKSPACE, "general"
    ana, bo, cai, dee = (Someone(each, MEMBERS[each].name) for each in ("mila", "noah", "priya", "maya"))

    def __init__(self, store: Store) -> None:
        super().__init__(store, "playground", PlaygroundPlatform)
        self.chat = BusyChat()
        self.platform: Lossy = Lossy(self.chat, self.clock)
        self.inbound = Inbound(self.turns.routes.commands, self.clock)
        self.barred = set[str]()

    async def deliver(self, rounds: int = ROUNDS) -> None:
        with _without(self.barred):
            await super().deliver(rounds)

    async def _take(self, event: Arrived | None, form: Form | None = None, given: Any = None) -> Sheet | None:
        """As the page does: a form opens, or stays open with what was typed and what is wrong with it."""
        if event is None:
            return None
        answers = await asyncio.gather(*(self.turns.take(event) for _ in range(self.times)))
        await self.deliver()
        match next(filter(None, answers), None):
            case OpenForm(opened):
                return _sheet(opened)
            case Refuse(objections) if form:
                return _sheet(form, given, objections)
        return None

    async def order(self, who: Someone, command: str, *words: Word, room: str | None = None) -> Sheet | None:
        text = resolve(" ".join((f"/{command}", _written(words))).strip())
        return await self._take(self.inbound.command(who.account, room or who.account, None, text))

    async def say(self, who: Someone, *words: Word, room: str | None = None, thread: str | None = None) -> str:
        text = resolve(("@Kadens " if room else "") + _written(words))
        message = self.chat.post(room or who.account, who.account, self.now, text=text, thread=thread)
        await self._take(self.inbound.words(message))
        return message.id

    async def edit(self, who: Someone, message: str, *words: Word, thread: str | None = None) -> None:
        text = resolve(_written(words))
        self.chat.edit(message, text)
        await self._take(self.inbound.rewritten(self.chat.find(message), text))

    async def press(self, who: Someone, seen: Seen, label: str) -> Sheet | None:
        message = self.chat.find(seen.id)
        assert message.card
        button = next(each for each in buttons_of(message.card) if each.label == label)
        return await self._take(self.inbound.pressed(who.account, button, message))

    async def submit(self, who: Someone, sheet: Sheet, typed: Typed) -> Sheet | None:
        sent = {id: words if isinstance(words, str) else [one.account for one in words] for id, words in typed.items()}
        given = {id: words if isinstance(words, str) else ",".join(words) for id, words in sent.items()}
        return await self._take(self.inbound.submitted(who.account, sheet.raw, sent), sheet.raw, given)

    async def react(self, who: Someone, seen: Seen, removed: bool = False) -> None:
        added = self.chat.react(seen.id, "raised_hands", who.account)
        assert added is not removed
        await self._take(self.inbound.reacted(who.account, self.chat.find(seen.id), "raised_hands", added))

    async def echo(self, seen: Seen, *words: Word) -> None:
        for message in (self.chat.find(seen.id), self.chat.post(self.hall, BOT, self.now, text=_written(words))):
            assert self.inbound.words(message) is None

    async def look_at_home(self, who: Someone) -> str:
        await self._take(self.inbound.opened(who.account))
        return self.homes(who)[0]

    def seen(self, who: Someone, room: str | None = None) -> list[Seen]:
        said = [m for m in self.chat.messages.values() if m.conversation == (room or who.account)]
        return [_seen(m, m.card, room) for m in said if m.card and not m.deleted and m.seen_by(who.account)]

    def homes(self, who: Someone) -> list[str]:
        return [_Read(card_html(self.chat.homes[who.account])).text]

    async def files(self, who: Someone) -> list[tuple[str, bytes]]:
        said = [each for each in self.chat.messages.values() if each.conversation == who.account and each.file]
        found = []
        for each in said:
            kept = download(self.chat, each.id)
            assert kept.status_code == 200 and kept.headers["content-disposition"].startswith("attachment")
            found.append((each.file.name if each.file else "", bytes(kept.body)))
        return found

    def busy(self, seconds: int) -> None:
        self.chat.wait = seconds

    def lose(self) -> None:
        self.platform.lose = True

    @property
    def tries(self) -> int:
        return self.chat.tries

    def bar(self, *rooms_or_people: str | Someone) -> None:
        self.barred |= {each.account if isinstance(each, Someone) else each for each in rooms_or_people}


@asynccontextmanager
async def playground(store: Store) -> AsyncIterator[PlaygroundDriver]:
    yield PlaygroundDriver(store)


@contextmanager
def _without(gone: set[str]) -> Iterator[None]:
    """The company while these are not in it: they left between being thanked and being told."""
    before = [(there, dict(there)) for there in (CHANNELS, MEMBERS)]
    for there, _ in before:
        assert isinstance(there, dict)
        for each in gone:
            there.pop(each, None)
    try:
        yield
    finally:
        for there, kept in before:
            assert isinstance(there, dict)
            there.clear()
            there.update(kept)


def _written(words: tuple[Word, ...]) -> str:
    return " ".join(f"@{each.name}" if isinstance(each, Someone) else each for each in words)


class _Read(HTMLParser):
    """A card's HTML as a browser reads it: words, buttons, who is mentioned, and tags that should not be there."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words, self.buttons, self.names, self.odd = list[str](), list[str](), list[str](), list[str]()
        self.pictures = list[tuple[bytes, str]]()
        self.within = [""]
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        return "".join(self.words)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        words = dict(attrs)
        if tag not in TAGS or any(name.startswith("on") for name in words):
            self.odd.append(str(self.get_starttag_text()))
        if tag == "img" and words["src"].startswith(PICTURE):
            self.pictures.append((base64.b64decode(words["src"].removeprefix(PICTURE)), words["alt"]))
        elif tag == "img":
            self.odd.append(str(self.get_starttag_text()))
        if tag not in ("hr", "img"):
            self.within.append("mention" if words.get("class") == "mention" else tag)
        if tag not in ("span", "button"):
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.within.pop()

    def handle_data(self, data: str) -> None:
        if self.within[-1] == "button":
            self.buttons.append(data)
            return
        if self.within[-1] == "mention":
            self.names.append(data.removeprefix("@"))
        self.words.append(data)


def _seen(message: Message, card: Card, room: str | None) -> Seen:
    read, accounts = _Read(card_html(card)), {member.name: account for account, member in MEMBERS.items()}
    mentions = frozenset(accounts[name] for name in read.names)
    shown = (read.text, tuple(read.buttons), message.thread, message.only_for, mentions, tuple(read.odd))
    return Seen(message.id, *shown, tuple(read.pictures), room, card)


class _Fields(HTMLParser):
    """A form's HTML: what stands in each field, and the objection beside it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.filled, self.wrong = dict[str, str](), dict[str, str]()
        self.name, self.at = "", ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        words = dict(attrs)
        if "field" in str(words.get("class")).split():
            self.name = ""
        if name := words.get("name"):
            self.name = name
            self.filled.setdefault(name, "")
            if tag == "input" and (words["type"] not in ("radio", "checkbox") or "checked" in words):
                self.filled[name] = ",".join(filter(None, (self.filled[name], words["value"])))
        if tag == "option" and "selected" in words:
            self.filled[self.name] = words["value"]
        self.at = "wrong" if words.get("class") == "wrong" else tag

    def handle_endtag(self, tag: str) -> None:
        self.at = ""

    def handle_data(self, data: str) -> None:
        if self.at == "textarea":
            self.filled[self.name] = data
        elif self.at == "wrong":
            self.wrong[self.name] = data


def _sheet(form: Form, given: Any = None, wrong: Any = None) -> Sheet:
    read = _Fields(form_html(form, given, wrong))
    return Sheet(read.filled, read.wrong, form)
