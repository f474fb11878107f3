"""The example company, ready to walk into: its people, and some months of history played through the real turns."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import assert_never

from bot.core.cards import Button, Choice, Form, Remark
from bot.core.effects import Answer, OpenForm, Refuse
from bot.core.events import Arrived
from bot.core.features import Routes
from bot.core.menus import lines
from bot.core.settings import Messages, Settings
from bot.core.wording import wording
from bot.platforms.playground.chat import Chat, Message
from bot.platforms.playground.clock import Clock
from bot.platforms.playground.forms import before
from bot.platforms.playground.inbound import resolve
from bot.platforms.playground.outbound import CAN, PlaygroundPlatform
from bot.platforms.playground.people import BOT, CHANNELS, MEMBERS, RECOGNITION, WORKSPACE, settle
from bot.platforms.playground.render import buttons_of
from bot.platforms.playground.story import BEGINS, ENDS, STORY, Line, Presses, Reacts, Says, read
from bot.platforms.playground.world import Playground
from bot.turn import Turns
from storage.engine import Store

Act = Callable[[datetime], Awaitable[None]]
Send = Callable[[], Awaitable[object]]
Next = Callable[[datetime], Awaitable[datetime | None]]
Wire = Callable[[Turns, PlaygroundPlatform, Clock], tuple[Act, Send, Next]]


class StoryDoesNotHold(AssertionError):
    """A line of the example history found nothing to act on."""


def demo_settings(settings: Settings) -> Settings:
    """The company's own, with the recognition channel that the playground has; and whoever tries things out sees at
    once what comes of it, however many a week."""
    kudos = settings.kudos.model_copy(update={"recognition": {WORKSPACE: RECOGNITION}})
    return settings.model_copy(update={"kudos": kudos, "messages": Messages(week=0)})


async def demo(store: Store, routes: Routes, wire: Wire, story: Sequence[Line] | None = None) -> Playground:
    """The playground on a fresh, upgraded `store`, its clock running from the end of the `story`.

    `wire` is what stands above platforms: it returns what does all that is due, what sends, and what looks ahead.
    """
    clock, chat = Clock(BEGINS), Chat()
    platform = PlaygroundPlatform(chat, clock)
    turns = Turns(routes, store, {"playground": CAN})
    act, send, next_nudge = wire(turns, platform, clock)
    settings = store.settings
    told, anywhere, here = commands(routes, settings.prefix), shortcuts(routes, False), shortcuts(routes, True)
    playground = Playground(turns, settings, chat, clock, act, next_nudge, told, here, anywhere)
    await settle(store, BEGINS)
    await told_days(playground, list(read(STORY.read_text(encoding="utf-8"))) if story is None else story, send)
    await playground.travel(ENDS)
    for message in list(chat.messages.values()):
        if message.only_for:  # what one alone could see was for the moment
            chat.delete(message.id)
    for account in MEMBERS:
        chat.read_all(account)
    clock.run()
    return playground


async def told_days(playground: Playground, story: Sequence[Line], send: Send) -> None:
    """Line after line, with what is due before each.

    What a line brings about comes on a later day, so one look ahead lasts until it was right, or the day is over: to
    look, and to plan for everybody, at every line would be most of the time that the start takes.
    """
    asked: date | None = None
    coming: datetime | None = None
    for line in story:
        coming = await playground.reach(line.at, coming if line.at.date() == asked else None)
        asked = line.at.date()
        await Teller(playground, line, send).tell()


def commands(routes: Routes, prefix: str = "") -> Mapping[str, str]:
    """All commands by name, the short ones with what they are for."""
    say = wording("people")
    names = [*routes.commands, *(key for kind, key in routes.table if kind.__name__ == "Command" and " " in key)]
    told = {name: say("en", f"help_{name}").partition(": ")[2] for name in names if say.has(f"help_{name}")}
    return {f"{prefix}{name}": told.get(name, "") for name in names}


def shortcuts(routes: Routes, here: bool) -> Mapping[str, str]:
    """What the menu of a message offers (`here`), or the one beside where one types."""
    return {line.name: line.label("en") for line in lines(routes.shortcuts) if line.here is here}


class Teller:
    """One line of the story, done as the page would do it."""

    def __init__(self, playground: Playground, line: Line, send: Send) -> None:
        self.world, self.chat, self.line, self.send = playground, playground.chat, line, send

    async def tell(self) -> None:
        match self.line:
            case Says(who=who, where=where, words=words, answers=answers):
                await self._say(who, where, words, answers)
            case Reacts(who=who, emoji=emoji, words=words):
                message = self._newest(lambda m: m.author != BOT and words in m.text)
                added = self.chat.react(message.id, emoji, who)
                await self._take(self.world.inbound.reacted(who, message, emoji, added))
            case Presses() as presses:
                await self._press(presses)
            case _:
                assert_never(self.line)

    async def _take(self, event: Arrived) -> Answer | None:
        answer = await self.world.turns.take(event)
        await self.send()
        return answer

    def _newest(self, fits: Callable[[Message], bool]) -> Message:
        for message in reversed(self.chat.messages.values()):
            if not message.deleted and fits(message):
                return message
        raise self._broken("nothing like it")

    def _broken(self, why: str) -> StoryDoesNotHold:
        return StoryDoesNotHold(f"{self.line.at:%d %b %H:%M} {self.line.who}: {why}")

    async def _say(self, who: str, where: str, typed: str, answers: Mapping[str, str]) -> None:
        inbound, text = self.world.inbound, resolve(typed)
        conversation, thread = (where, None) if where in CHANNELS else (who, None)
        if command := inbound.command(who, conversation, thread, text):
            await self._fill(who, await self._take(command), answers)
            return
        if conversation == who:
            last = self._newest(lambda m: m.conversation == who and m.author == BOT)
            thread = last.thread or last.id
        message = self.chat.post(conversation, who, self.world.clock(), text=text, thread=thread)
        if words := inbound.words(message):
            await self._take(words)

    async def _press(self, line: Presses) -> None:
        action, _, ending = line.action.partition(":")

        def button(message: Message) -> Button | None:
            card = message.card
            if message.conversation != line.who or card is None or line.title not in card.title:
                return None
            return next((b for b in buttons_of(card) if b.action == action and b.value.endswith(ending)), None)

        message = self._newest(lambda message: button(message) is not None)
        if pressed := button(message):
            answer = await self._take(self.world.inbound.pressed(line.who, pressed, message))
            await self._fill(line.who, answer, line.answers)

    async def _fill(self, who: str, answer: Answer | None, answers: Mapping[str, str]) -> None:
        """The form that opened, sent as it opened but for these answers."""
        if isinstance(answer, OpenForm):
            typed = self._typed(answer.form, answers)
            answer = await self._take(self.world.inbound.submitted(who, answer.form, typed))
        elif answers:
            raise self._broken("no form opened")
        if isinstance(answer, Refuse):
            raise self._broken(", ".join(f"{field}: {words}" for field, words in answer.objections.items()))
        if isinstance(answer, OpenForm):
            raise self._broken("the form came back")

    def _typed(self, form: Form, answers: Mapping[str, str]) -> dict[str, str]:
        fields = {field.id: field for field in form.fields if not isinstance(field, Remark)}
        answers = {numbered(id, list(fields)): words for id, words in answers.items()}
        if unknown := answers.keys() - fields.keys():
            raise self._broken(f"the form has no {', '.join(sorted(unknown))}, but {', '.join(fields)}")
        typed = {id: before(field) for id, field in fields.items()}
        for id, words in answers.items():
            options = field.options if isinstance(field := fields[id], Choice) else ()
            typed[id] = next((value for value, label in options if label.startswith(words)), words)
        return typed


def numbered(name: str, ids: Sequence[str]) -> str:
    """`level.0` is the first of those that begin so, where what is behind the dot is an id that no story can know."""
    kind, dot, number = name.partition(".")
    those = [id for id in ids if id.startswith(f"{kind}.")] if dot and name not in ids and number.isdecimal() else []
    return those[int(number)] if those and int(number) < len(those) else name
