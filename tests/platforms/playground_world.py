"""The playground on a store of the test's own, wired as `kadens demo` wires it."""

from collections.abc import Sequence

from bot.core.features import Routes
from bot.core.settings import Settings
from bot.demo import wire
from bot.platforms.playground.demo import demo, demo_settings
from bot.platforms.playground.story import Line
from bot.platforms.playground.world import Playground
from handlers import FEATURES
from storage.engine import Store


async def open_demo(store: Store, story: Sequence[Line] | None = None) -> Playground:
    store.settings = demo_settings(Settings())
    return await demo(store, Routes(*FEATURES), wire, story)
