"""Everything the page needs: the chat, the clock, the turns, and what does all that is due."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.effects import Answer
from bot.core.events import Arrived
from bot.core.settings import Settings
from bot.platforms.playground.chat import Chat
from bot.platforms.playground.clock import Clock
from bot.platforms.playground.inbound import Inbound
from bot.turn import Turns

log = logging.getLogger(__name__)
HEARTBEAT = 15  # seconds of real time between two looks at what is due


@dataclass
class Playground:
    """`act(now)` does all that is due: plans, plays and delivers."""

    turns: Turns
    settings: Settings
    chat: Chat
    clock: Clock
    act: Callable[[datetime], Awaitable[None]]
    next_nudge: Callable[[datetime], Awaitable[datetime | None]]
    commands: Mapping[str, str]  # by name, with prefix: what a completion says of each
    shortcuts: Mapping[str, str]  # by name: the label in a message's menu
    anywhere: Mapping[str, str]  # and in the menu beside where one types
    inbound: Inbound = field(init=False)
    _acting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _moving: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.inbound = Inbound(self.turns.routes.commands, self.clock, self.settings.prefix)

    async def take(self, event: Arrived) -> Answer | None:
        answer = await self.turns.take(event)
        await self.catch_up()
        return answer

    async def catch_up(self) -> None:
        async with self._acting:  # two tabs at once would plan and deliver the same things
            await self.act(self.clock())

    async def move(self, by: timedelta | None) -> bool:
        """Move the clock on, or without `by` to the next nudge; False where nobody is due one."""
        async with self._moving:  # of two hands on the clock the second begins where the first has brought it
            now = self.clock()
            to = now + by if by else await self.next_nudge(now)
            if to:
                await self.travel(to)
            return to is not None

    async def travel(self, to: datetime) -> None:
        await self.reach(to)
        await self.catch_up()

    async def reach(self, to: datetime, known: datetime | None = None) -> datetime | None:
        """Move the clock on, and on the way stop wherever something is due: each nudge goes out at its own time.

        `known`: when the next one comes, where that was asked already. Returns when the next one after it comes.
        """
        nudge = known or await self.next_nudge(self.clock())
        while nudge and self.clock() < nudge <= to:
            self.clock.to(nudge)
            await self.catch_up()
            nudge = await self.next_nudge(self.clock())
        if to > self.clock():
            self.clock.to(to)
        return nudge

    async def heartbeat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            try:
                await self.catch_up()
            except Exception as error:
                log.error("the playground's heartbeat: %s", type(error).__name__)
