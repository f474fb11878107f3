"""A feature is a named list of routes; registering is the whole of its magic."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, assert_never, overload

from bot.core.effects import Effect
from bot.core.events import (
    Action,
    Command,
    Due,
    Event,
    Installed,
    Met,
    Opened,
    Reaction,
    Remark,
    Reply,
    Routed,
    Shortcut,
    Submission,
)

log = logging.getLogger(__name__)

E = TypeVar("E", bound=Event)
T = TypeVar("T")
F = TypeVar("F")
Effects = Iterator[Effect]
# The session is Any because the core knows no database.
Gather = Callable[[Any, E], Awaitable[F]]


@dataclass(frozen=True, slots=True)
class Route:
    kind: type[Event]
    key: str
    handler: Callable[..., Effects]
    gather: Callable[[Any, Any], Awaitable[Any]] | None
    feature: str


class On(Generic[E]):
    """The decorator for one kind of event: what `gather` returns is what the handler takes, and mypy checks it."""

    def __init__(self, kind: type[E], routes: list[Route], feature: str) -> None:
        self.kind, self.routes, self.feature = kind, routes, feature

    @overload
    def __call__(self, key: str) -> Callable[[Callable[[E | T], Effects]], Callable[[E | T], Effects]]: ...
    @overload
    def __call__(
        self, key: str, gather: Gather[E, F]
    ) -> Callable[[Callable[[E | T, F], Effects]], Callable[[E | T, F], Effects]]: ...
    def __call__(self, key: str, gather: Any = None) -> Any:
        def register(handler: Any) -> Any:
            self.routes.append(Route(self.kind, key, handler, gather, self.feature))
            return handler

        return register


class Feature:
    def __init__(self, name: str) -> None:
        self.name, self.routes = name, list[Route]()
        self.command = On(Command, self.routes, name)
        self.shortcut = On(Shortcut, self.routes, name)
        self.action = On(Action, self.routes, name)
        self.submission = On(Submission, self.routes, name)
        self.reply = On(Reply, self.routes, name)
        self.remark = On(Remark, self.routes, name)
        self.reaction = On(Reaction, self.routes, name)
        self.opened = On(Opened, self.routes, name)
        self.met = On(Met, self.routes, name)
        self.installed = On(Installed, self.routes, name)
        self.due = On(Due, self.routes, name)


class TwoRoutesClash(LookupError):
    """Two features listen for the same thing."""


class FormWithoutButton(LookupError):
    """A form has no action of its own name to open it where nothing else can."""


class Routes:
    """Who listens for what. A dictionary: the cost of an event does not grow with the features."""

    def __init__(self, *features: Feature) -> None:
        self.table: dict[tuple[type[Event], str], Route] = {}
        for feature in features:
            for route in feature.routes:
                if (route.kind, route.key) in self.table:
                    raise TwoRoutesClash(f"{feature.name}: {decorator(route.kind, route.key)} is already taken")
                self.table[route.kind, route.key] = route
        for kind, name in self.table:
            if kind is Submission and (Action, name) not in self.table:
                raise FormWithoutButton(f"form {name!r}: write {decorator(Action, name)}, which yields OpenForm")

    @property
    def commands(self) -> tuple[str, ...]:
        """The first words of all commands, in the order they were registered."""
        return tuple(dict.fromkeys(key.partition(" ")[0] for kind, key in self.table if kind is Command))

    @property
    def shortcuts(self) -> tuple[str, ...]:
        return tuple(key for kind, key in self.table if kind is Shortcut)

    def refine(self, command: Command) -> Command:
        """`kadens` with the text `manager @ana` becomes `kadens manager` with `@ana`, where somebody listens for it."""
        first, _, rest = command.text.strip().partition(" ")
        longer = f"{command.name} {first.lower()}"
        return replace(command, name=longer, text=rest.strip()) if (Command, longer) in self.table else command

    def find(self, event: Routed) -> Route | None:
        route = self.table.get((type(event), key(event)))
        if route is None and not isinstance(event, Reaction):  # anybody may put any emoji on any message of ours
            log.warning("nobody listens; write %s", decorator(type(event), key(event)))
        return route


def decorator(kind: type[Event], key: str) -> str:
    return f'@feature.{kind.__name__.lower()}("{key}")'


def key(event: Routed) -> str:
    match event:
        case Command(name=name) | Shortcut(name=name):
            return name
        case Action(action=action):
            return action
        case Submission(form=form):
            return form
        case Reply(progress=progress):
            return progress.dialogue
        case Remark(topic=about) | Reaction(about=about):
            return about.partition(":")[0]
        case Opened():
            return "home"
        case Met(kind=kind):
            return kind
        case Installed():
            return "workspace"
        case Due(rhythm=rhythm):
            return rhythm
        case _:
            assert_never(event)
