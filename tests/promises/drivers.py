"""The three of them."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager

from storage.engine import Store
from tests.promises.driver import Driver
from tests.promises.playground_driver import playground
from tests.promises.slack_driver import slack
from tests.promises.teams_driver import teams

DRIVERS: Mapping[str, Callable[[Store], AbstractAsyncContextManager[Driver]]] = {
    "slack": slack,
    "teams": teams,
    "playground": playground,
}
