"""The playground on a store of the test's own, with everything that stands around it in the product."""

from collections.abc import Sequence
from functools import partial

from bot.core.features import Routes
from bot.core.settings import Settings
from bot.platforms.playground.app import Playground
from bot.platforms.playground.clock import Clock
from bot.platforms.playground.demo import Act, Next, demo, demo_settings
from bot.platforms.playground.outbound import PlaygroundPlatform
from bot.platforms.playground.story import Line
from bot.turn import Turns
from handlers import FEATURES
from scheduler import nudges
from scheduler.delivery import Delivery
from storage.engine import Store


async def open_demo(store: Store, story: Sequence[Line] | None = None) -> Playground:
    store.settings = demo_settings(Settings())

    def wire(turns: Turns, platform: PlaygroundPlatform, clock: Clock) -> tuple[Act, Next]:
        delivery, lately = Delivery(store, {"playground": platform}, clock), nudges.Lately()

        async def act(now: object) -> None:
            await nudges.plan(store, clock(), lately)
            await nudges.play(turns, store, clock())
            await delivery.run()

        return act, partial(nudges.next_moment, store)

    return await demo(store, Routes(*FEATURES), wire, story)
