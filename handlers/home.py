"""Everybody's home: drawn when they open it or ask for it, and by the clock when something has changed in it."""

from collections.abc import Iterator

from bot.core.effects import Effect, Record, ShowHome
from bot.core.events import Action, Command, Opened
from bot.core.features import Feature
from bot.core.home import Home
from bot.core.home_card import card
from storage import home as store
from storage.homes import Drawn, fingerprint

home = Feature("home")


@home.opened("home", gather=store.home)
def opened(event: Opened, found: Home) -> Iterator[Effect]:
    shown = card(event, found)
    if not event.renewed or fingerprint(shown) != found.before:
        yield Record(Drawn(event.actor.id, shown))
        yield ShowHome(event.actor, shown)


@home.command("kadens home", gather=store.home)
@home.command("kadens", gather=store.home)
@home.action("home.show", gather=store.home)
def show(event: Command | Action, found: Home) -> Iterator[Effect]:
    shown = card(event, found)
    yield Record(Drawn(event.actor.id, shown))
    yield ShowHome(event.actor, shown, asked=True)
