"""The example company, ready to walk into: its people, and some months of history played through the real turns."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import assert_never

from bot.core.cards import Button
from bot.core.effects import OpenForm, Refuse
from bot.core.features import Routes
from bot.core.settings import Settings
from bot.core.wording import wording
from bot.platforms.playground.app import Playground
from bot.platforms.playground.chat import Chat, Message
from bot.platforms.playground.clock import Clock
from bot.platforms.playground.inbound import resolve
from bot.platforms.playground.outbound import CAN, PlaygroundPlatform
from bot.platforms.playground.people import BOT, CHANNELS, MEMBERS, RECOGNITION, WORKSPACE, settle
from bot.platforms.playground.render import buttons_of
from bot.platforms.playground.story import BEGINS, ENDS, STORY, Line, Presses, Reacts, Says, read
from bot.turn import Turns
from storage.engine import Store

Act = Callable[[datetime], Awaitable[None]]
Next = Callable[[datetime], Awaitable[datetime | None]]
Wire = Callable[[Turns, PlaygroundPlatform, Clock], tuple[Act, Next]]


class StoryDoesNotHold(AssertionError):
    """A line of the example history found nothing to act on."""


def demo_settings(settings: Settings) -> Settings:
    """The company's own, with the recognition channel that the playground has."""
    kudos = settings.kudos.model_copy(update={"recognition": {WORKSPACE: RECOGNITION}})
    return settings.model_copy(update={"kudos": kudos})


async def demo(store: Store, routes: Routes, wire: Wire, story: Sequence[Line] | None = None) -> Playground:
    """The playground on a fresh, upgraded `store`, its clock running from the end of the `story`.

    `wire` is what stands above platforms: it returns what does all that is due, and what looks ahead.
    """
    clock, chat = Clock(BEGINS), Chat()
    platform = PlaygroundPlatform(chat, clock)
    turns = Turns(routes, store, {"playground": CAN})
    act, next_nudge = wire(turns, platform, clock)
    settings = store.settings
    playground = Playground(
        turns, settings, chat, clock, act, next_nudge, commands(routes, settings.prefix), shortcuts(routes)
    )
    await settle(store, BEGINS)
    for line in list(read(STORY.read_text(encoding="utf-8"))) if story is None else story:
        await playground.travel(line.at)
        await Teller(playground, line).tell()
    await playground.travel(ENDS)
    for message in list(chat.messages.values()):
        if message.only_for:  # what one alone could see was for the moment
            chat.delete(message.id)
    for account in MEMBERS:
        chat.read_all(account)
    clock.run()
    return playground


def commands(routes: Routes, prefix: str = "") -> Mapping[str, str]:
    """All commands by name, the short ones with what they are for."""
    say = wording("people")
    names = [*routes.commands, *(key for kind, key in routes.table if kind.__name__ == "Command" and " " in key)]
    told = {name: say("en", f"help_{name}").partition(": ")[2] for name in names if say.has(f"help_{name}")}
    return {f"{prefix}{name}": told.get(name, "") for name in names}


def shortcuts(routes: Routes) -> Mapping[str, str]:
    """What a message's menu offers."""
    return {"kudos": wording("kudos")("en", "give")} if "kudos" in routes.shortcuts else {}


class Teller:
    """One line of the story, done as the page would do it."""

    def __init__(self, playground: Playground, line: Line) -> None:
        self.world, self.chat, self.line = playground, playground.chat, line

    async def tell(self) -> None:
        match self.line:
            case Says(who=who, where=where, words=words):
                await self._say(who, where, words)
            case Reacts(who=who, emoji=emoji, words=words):
                message = self._newest(lambda m: m.author != BOT and words in m.text)
                added = self.chat.react(message.id, emoji, who)
                await self.world.take(self.world.inbound.reacted(who, message, emoji, added))
            case Presses(who=who, action=action, answers=answers):
                await self._press(who, action, answers)
            case _:
                assert_never(self.line)

    def _newest(self, fits: Callable[[Message], bool]) -> Message:
        for message in reversed(self.chat.messages.values()):
            if not message.deleted and fits(message):
                return message
        raise StoryDoesNotHold(f"{self.line.at:%d %b %H:%M} {self.line.who}")

    async def _say(self, who: str, where: str, typed: str) -> None:
        inbound, text = self.world.inbound, resolve(typed)
        conversation, thread = (where, None) if where in CHANNELS else (who, None)
        if command := inbound.command(who, conversation, thread, text):
            await self.world.take(command)
            return
        if conversation == who:
            last = self._newest(lambda m: m.conversation == who and m.author == BOT)
            thread = last.thread or last.id
        message = self.chat.post(conversation, who, self.world.clock(), text=text, thread=thread)
        if words := inbound.words(message):
            await self.world.take(words)

    async def _press(self, who: str, named: str, answers: Mapping[str, str]) -> None:
        action, _, ending = named.partition(":")

        def fits(button: Button) -> bool:
            return button.action == action and button.value.endswith(ending)

        message = self._newest(
            lambda m: m.conversation == who and m.card is not None and any(map(fits, buttons_of(m.card)))
        )
        button = next(filter(fits, buttons_of(message.card))) if message.card else None
        if button is None:
            raise StoryDoesNotHold(f"{self.line.at:%d %b %H:%M} {who}: {named}")
        answer = await self.world.take(self.world.inbound.pressed(who, button, message))
        if isinstance(answer, OpenForm):
            answer = await self.world.take(self.world.inbound.submitted(who, answer.form, dict(answers)))
        if isinstance(answer, Refuse):
            raise StoryDoesNotHold(f"{self.line.at:%d %b %H:%M} {who}: {', '.join(answer.objections)}")
