"""Slack: requests in through slack-bolt, over HTTP or Socket Mode, each of them one turn.

Nothing waits for the network before Slack has its answer: forms are opened, and apologies made, right after it.
"""

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot import bounds
from bot.core.cards import Form
from bot.core.effects import Answer, OpenForm, Refuse
from bot.core.events import Action, Command, Rewritten, Shortcut, Submission, Words
from bot.core.sealed import Sealer
from bot.core.settings import Settings
from bot.core.wording import wording
from bot.platforms.slack import door, forms, inbound
from bot.platforms.slack.api import SLACK, Api
from bot.platforms.slack.directory import Directory
from bot.platforms.slack.inbound import Grouped, PutOut, Told
from bot.platforms.slack.manifest import PATH
from bot.platforms.slack.oauth import Door
from bot.platforms.slack.outbound import SlackPlatform
from bot.platforms.slack.payload import Body, inputs, workspace_of
from bot.platforms.slack.workspaces import Installed, Own, Workspaces, left
from bot.turn import Turns
from storage import directory, installations, outbox, places
from storage.engine import Store

log = logging.getLogger(__name__)
# Bolt and the SDK would write whole requests down: they may say only what is broken.
quiet = logging.getLogger("kadens.slack.bolt")
quiet.setLevel(logging.ERROR)
say = wording("slack")

OPENING = 3.0  # seconds a trigger lives (docs.slack.dev/interactivity/handling-user-interaction)
FAREWELL = 5.0  # seconds that what was begun has to end in
DAILY = timedelta(days=1)  # until all people are read again
READERS = 8  # workspaces whose people are read at the same time
MET, AGAIN = 60.0, 300.0  # seconds until those that were met meanwhile are asked for, and after a failure
# What we cannot read now we cannot read later: no retries (docs.slack.dev/apis/events-api/#retries).
ONCE: dict[str, str | Sequence[str]] = {"x-slack-no-retry": "1"}
# A mistake of ours happens again with every repeat; whatever else can go wrong, such as a store that is away, passes.
MISTAKES = (ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError)
# What a payload of no shape that Slack sends makes of bolt and of inbound.
CHOKED = (AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True, repr=False)  # secrets never show, not even in a traceback with its variables
class Secrets:
    signing_secret: str = ""  # empty: no HTTP, Socket Mode only
    bot_token: str = ""
    app_token: str = ""  # set: Socket Mode
    api_url: str = ""  # empty: Slack's own
    client_id: str = ""  # set: any workspace can install us
    client_secret: str = ""
    sealer: Sealer | None = None  # of their tokens


class Ear(AsyncMiddleware):
    """Hears all that comes. With a listener for each kind every request would be held against all of them."""

    def __init__(self, hear: Callable[[Body], Awaitable[BoltResponse]]) -> None:
        self.hear = hear

    async def async_process(self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Any) -> BoltResponse:
        return await self.hear(req.body)


def utc() -> datetime:
    return datetime.now(UTC)


class Slack:
    """Slack: one workspace, or all that installed us. `platform` is what delivery sends with; everything else begins
    with a request."""

    def __init__(
        self, turns: Turns, store: Store, secrets: Secrets, settings: Settings, clock: Callable[[], datetime] = utc
    ) -> None:
        self.turns, self.store, self.secrets, self.settings, self.clock = turns, store, secrets, settings, clock
        self.workspaces: Workspaces = Own(Api(secrets.bot_token, secrets.api_url))
        self.door: Door | None = None
        if secrets.client_id and secrets.sealer:
            client = (secrets.client_id, secrets.client_secret)
            self.workspaces = many = Installed(store, secrets.sealer, client, clock, secrets.api_url)
            self.door = Door(turns, store, many)
        self.platform = SlackPlatform(self.workspaces)
        self.paced = bounds.Paced()
        self.bolt = self._bolt()
        self._tasks = set[asyncio.Task[None]]()
        self._socket: AsyncSocketModeHandler | None = None
        self._lasting = list[asyncio.Task[None]]()
        self._learning: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._readers = asyncio.Semaphore(READERS)
        self._said_so = False  # that the operator opened this one workspace

    def routes(self) -> list[Route]:
        """One route for events, commands and interactivity; two more where anybody can install us."""
        ours = [Route(PATH, self._http, methods=["POST"])] if self.secrets.signing_secret else []
        return ours + (self.door.routes() if self.door else [])

    async def start(self, learn: bool = True) -> None:
        """Begin Socket Mode, where it is configured, and learning who works here. Waits for nobody."""
        if self.secrets.app_token:
            self._socket = AsyncSocketModeHandler(self.bolt, self.secrets.app_token, logger=quiet)
            self._lasting.append(asyncio.create_task(self._socket.connect_async()))  # type: ignore[no-untyped-call]
        if learn:
            self._learning = asyncio.create_task(self._keep_learning())

    async def stop(self) -> None:
        """Take in nothing more, end what was begun, let go of all connections."""
        self._stopping.set()
        if self._learning:
            # Broken off in the middle of opening the database it would leave the driver's thread without its loop.
            await asyncio.wait({self._learning}, timeout=FAREWELL)
            self._lasting.append(self._learning)
            self._learning = None
        for lasting in self._lasting:
            lasting.cancel()
        await asyncio.gather(*self._lasting, return_exceptions=True)
        self._lasting.clear()
        if self._socket:
            await self._socket.close_async()  # type: ignore[no-untyped-call]
            self._socket = None
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=FAREWELL)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self.workspaces.close()

    async def sync(self) -> None:
        """Learn all people and groups now. Raises what Slack or the network answers."""
        for name in await self.workspaces.all():
            await (await self._directory(name)).sync()

    async def _directory(self, name: str) -> Directory:
        return Directory(await self.workspaces.of(name), self.store, self.clock)

    # How a request comes in.

    def _bolt(self) -> AsyncApp:
        async def authorize(team_id: str | None, enterprise_id: str | None) -> AuthorizeResult:
            # Bolt calls nobody: who may be heard is decided in `hear`, and Slack may be away when we start.
            return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=None)

        async def choked(error: Exception) -> BoltResponse:
            log.warning("a request that bolt cannot read: %s", type(error).__name__)
            return BoltResponse(status=400, headers=ONCE) if isinstance(error, CHOKED) else BoltResponse(status=500)

        bolt = AsyncApp(
            name="kadens",
            logger=quiet,
            client=AsyncWebClient(base_url=self.secrets.api_url or SLACK, logger=quiet),
            authorize=authorize,
            signing_secret=self.secrets.signing_secret,
            process_before_response=True,  # else bolt looks for the answer every 10 ms
            request_verification_enabled=False,  # done at the door, before anything is parsed
            ssl_check_enabled=False,
            ignoring_self_events_enabled=False,  # inbound does, without knowing more than the event tells
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )
        bolt.error(choked)
        bolt.use(Ear(self.hear))
        return bolt

    async def _http(self, request: Request) -> Response:
        try:
            door.unsigned(request)
            raw = await bounds.body(request)
            if not door.genuine(self.secrets.signing_secret, request.headers, raw, self.clock()):
                if door.ssl_check(raw):
                    return Response()
                raise bounds.TurnedAway(401, "not signed by Slack")
            body = door.parsed(request.headers.get("content-type", ""), raw)
            self.paced.admit(door.team(body))
            return to_starlette_response(await self._dispatch(body))
        except bounds.TurnedAway as away:
            return PlainTextResponse(away.reason, away.status, {"x-slack-no-retry": "1"} | away.headers)
        except Exception as error:
            _complain("a request", error)
            return PlainTextResponse("", 500)

    async def _dispatch(self, body: dict[str, Any]) -> BoltResponse:
        try:
            # Bolt's other mode takes a body that is verified and parsed already as it is.
            return await self.bolt.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
        except CHOKED:  # on a shape that Slack does not send; `hear` itself never raises
            raise bounds.TurnedAway(400, "malformed") from None

    # What it does.

    async def hear(self, body: Body) -> BoltResponse:
        """One request, one turn. Never raises: whatever goes wrong becomes an answer that Slack understands."""
        try:
            event = inbound.read(body, self.clock(), self.settings.prefix)
        except CHOKED as error:
            log.warning("a request of no shape that Slack sends: %s", type(error).__name__)
            return BoltResponse(status=400, headers=ONCE)
        try:
            match event:
                case None:
                    return BoltResponse(status=200)
                case PutOut(name, at):
                    if await left(self.store, self.workspaces, name, at):
                        log.info("%s has put us out: nothing more is sent there", name)
                    return BoltResponse(status=200)
                case _ if not await self.workspaces.has(event.actor.workspace):
                    # On its way while we were put out, or of an app that is not ours any more.
                    return BoltResponse(status=200, headers=ONCE)
                case Told() | Grouped():
                    await self._learn(event)
                    return BoltResponse(status=200)
                case Words() | Rewritten() if event.place.kind == "direct":
                    await self.platform.met(event.actor.workspace, event.actor.account, str(body["event"]["channel"]))
            return await self._answered(body, event, await self.turns.take(event))
        except Exception as error:
            _complain(type(event).__name__, error)
            if body.get("type") == "event_callback" and not isinstance(error, MISTAKES):
                return BoltResponse(status=503)  # Slack tries events again: at once, after a minute, after five
            return self._sorry(body)

    async def _answered(self, body: Body, event: Any, answer: Answer | None) -> BoltResponse:
        match answer:
            case OpenForm(form) if isinstance(event, Submission):
                return BoltResponse(status=200, body={"response_action": "update", "view": forms.modal(form)})
            case OpenForm(form) if trigger := inbound.trigger(body):
                self._later(self._open(trigger, form, event))
            case OpenForm(form):
                await self.turns.offer(event, form)
            case Refuse(objections) if isinstance(event, Submission):
                errors = forms.refusals(objections, inputs(body))
                return BoltResponse(status=200, body={"response_action": "errors", "errors": errors})
            case Refuse(objections):
                self._later(self._tell(body, " ".join(objections.values())))
        return BoltResponse(status=200)

    async def _open(self, trigger: str, form: Form, event: Command | Shortcut | Action) -> None:
        try:
            async with asyncio.timeout(OPENING):
                await self.platform.open_form(event.actor.workspace, trigger, form)
        except Exception as error:
            log.warning("slack did not open the form %s: %s", form.id, error or type(error).__name__)
            await self.turns.offer(event, form)

    async def _learn(self, event: Told | Grouped) -> None:
        workspace = event.actor.workspace
        if isinstance(event, Grouped) and event.members is None:
            self._later(self._groups(workspace))
            return
        async with self.store.transaction() as session:
            if not await outbox.first_time(session, event):
                return
            if isinstance(event, Told):
                await directory.learn(session, [event.profile], event.at)
            else:
                await places.keep_group(session, workspace, event.group, event.handle, event.members or ())

    async def _groups(self, workspace: str) -> None:
        await (await self._directory(workspace)).groups()

    def _sorry(self, body: Body) -> BoltResponse:
        """The person reads one sentence, and Slack does not try again what would only fail again."""
        words = say(self.settings.languages.default, "sorry")
        if "command" in body:
            return BoltResponse(status=200, body={"response_type": "ephemeral", "text": words})
        if body.get("type") == "view_submission" and (shown := inputs(body)):
            # The form stays open, so that nothing they wrote is lost.
            return BoltResponse(status=200, body={"response_action": "errors", "errors": {shown[0]: words}})
        inner = body.get("event")
        if not isinstance(inner, Mapping) or inner.get("type") in ("message", "app_mention"):
            self._later(self._tell(body, words))
        return BoltResponse(status=200)

    async def _tell(self, body: Body, words: str) -> None:
        channel, person = inbound.whereabouts(body)
        if person:
            await self.platform.say_privately(workspace_of(body), channel, person, words)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """After the answer. Whatever it raises is written down and ends there."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                _complain("after an answer", error)

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_learning(self) -> None:
        """Any number of replicas do this: what was read, and who is at it, stands in the store."""
        while not self._stopping.is_set():
            pause = MET
            try:
                await self.workspaces.renew()
                names = await self.workspaces.all()
                pause = max([MET, *await asyncio.gather(*map(self._learned, names))])
            except Exception as error:
                log.warning("slack's workspaces cannot be read now: %s", error or type(error).__name__)
                pause = AGAIN
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _learned(self, name: str) -> float:
        """Learn who works in one workspace, and return the seconds until it is worth while again. Its trouble is not
        another one's."""
        try:
            if self.door is None and not self._said_so:
                async with self.store.transaction() as session:
                    await installations.configured(session, name, self.clock())
                self._said_so = True
            async with self._readers:  # Slack may ask one of them to wait for long
                directory = await self._directory(name)
                await directory.sync(DAILY)
                await directory.strangers()
        except Exception as error:
            log.warning("slack's people of %s cannot be read now: %s", name, error or type(error).__name__)
            return AGAIN if self.door is None else MET
        return MET


def _complain(where: str, error: Exception) -> None:
    """Where it broke, without the error's own text: somebody's words may stand in it."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s failed: %s\n%s", where, type(error).__name__, frames)
