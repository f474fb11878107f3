"""The door that Teams knocks at, and everything of the platform put together."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from botbuilder.core import InvokeResponse, TurnContext
from botbuilder.schema import Activity, ActivityTypes
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.bounds import Paced, TurnedAway, body, declared, parsed
from bot.core.cards import Form, PeoplePicker
from bot.core.effects import Answer, OpenForm
from bot.core.events import Submission
from bot.core.settings import Settings
from bot.platforms.teams import answers, forms, inbound, payloads
from bot.platforms.teams.addresses import Addresses
from bot.platforms.teams.auth import (
    METADATA,
    Gate,
    Keys,
    KeysUnreachable,
    KnownHosts,
    Token,
    Unauthorized,
    cloud,
    is_loopback,
    matches,
    scope,
    token_url,
)
from bot.platforms.teams.connector import Connector
from bot.platforms.teams.directory import Directory
from bot.platforms.teams.documents import Documents
from bot.platforms.teams.graph import Graph, graph_url
from bot.platforms.teams.meet import Acquaintances
from bot.platforms.teams.outbound import TeamsPlatform
from bot.platforms.teams.payloads import Arrival, Consent, Unreadable
from bot.platforms.teams.tenants import Tenants
from bot.turn import Turns
from storage import installations, rosters, teams
from storage import people as folk
from storage.engine import Session, Store
from storage.teams import Reference

log = logging.getLogger(__name__)

INVOKE = 4.5  # seconds; Teams waits five
AN_HOUR = 3600.0
FAREWELL = 3.0  # seconds that reading the directory has to come to a rest in
DAILY = timedelta(days=1)  # until all people are read again
MET, AGAIN = 60.0, 300.0  # seconds until a tenant that was met meanwhile is read, and after a failure


class OpenDoor(ValueError):
    """TEAMS_APP_ID is set but empty, which means no authentication: that is allowed on a loopback address only."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(frozen=True)
class Secrets:
    """What .env says of Teams. `app_id` empty: no authentication. `token_url` empty: Microsoft's sign-in service.

    `tenant_id` is where the bot is registered, `tenants` which companies it serves: see Tenants.of.
    """

    app_id: str = ""
    app_password: str = field(default="", repr=False)
    tenant_id: str = ""
    openid_metadata_url: str = METADATA
    token_url: str = ""
    graph_url: str = ""  # empty: Microsoft Graph of the same cloud
    tenants: str = ""


class Teams:
    """Raises OpenDoor where there is neither authentication nor a loopback address."""

    def __init__(
        self,
        turns: Turns,
        store: Store,
        secrets: Secrets,
        settings: Settings,
        clock: Callable[[], datetime],
        loopback: bool,
    ) -> None:
        if not secrets.app_id and not loopback:
            raise OpenDoor
        self.turns, self.store, self.secrets, self.settings, self.clock = turns, store, secrets, settings, clock
        metadata = secrets.openid_metadata_url or METADATA
        self.tenants = Tenants.of(secrets.tenants, secrets.tenant_id)
        self.hosts = KnownHosts(not secrets.app_id or is_loopback(metadata), cloud(metadata))
        self.paced = Paced()
        self.gate = Gate(secrets.app_id, Keys(metadata, self._session, self._now), self._now)
        url = secrets.token_url or token_url(secrets.tenant_id, metadata)
        token = Token(secrets.app_id, secrets.app_password, url, scope(metadata), self._session, self._now)
        self.connector = Connector(token, self.hosts, self._session)
        self.addresses = Addresses(self.connector, store, secrets.app_id, self.tenants, clock)
        self.platform = TeamsPlatform(self.connector, store, self.addresses)
        self.documents = Documents(self.platform, store, self._session, self.hosts, clock)
        self.people = Acquaintances(store, clock, self.connector.member, self.addresses)
        self.directory = Directory(self.connector, self._graph(secrets, metadata), store, clock)
        self._http: aiohttp.ClientSession | None = None
        self._tasks = set[asyncio.Task[Any]]()
        self._learning: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._teams_asked = dict[str, float]()

    def routes(self) -> list[Route]:
        return [Route("/teams/messages", self.receive, methods=["POST"])]

    def _graph(self, secrets: Secrets, metadata: str) -> Graph | None:
        """None on trial: without authentication, or with keys from loopback, nobody gives us a token for it."""
        url = (secrets.graph_url or ("" if is_loopback(metadata) else graph_url(metadata))).rstrip("/")
        if not secrets.app_id or not url:
            return None
        sign_in = secrets.token_url
        return Graph(secrets.app_id, secrets.app_password, url, metadata, self._session, self._now, sign_in)

    async def start(self, learn: bool = True) -> None:
        """`learn`: read who works here, now and then daily. Waits for nobody."""
        self._http = aiohttp.ClientSession()
        await self.store.unit(self._configured)
        if learn:
            self._learning = asyncio.create_task(self._keep_learning())
        if not self.secrets.app_id:
            log.warning(
                "TEAMS_APP_ID is empty: ANYBODY ON THIS MACHINE can speak to Kadens as anybody. For trials only"
            )

    async def _configured(self, session: Session) -> None:
        """The tenant that .env names needs nobody to let us in; nor do those that had us before that was kept."""
        known = await installations.known(session, "teams")
        tenant = self.secrets.tenant_id
        own = {f"teams:{tenant.lower()}"} if tenant and tenant in self.tenants else set[str]()
        before = set[str]() if known else set(await rosters.workspaces(session))
        for workspace in sorted((own | before) - known.keys()):
            await installations.configured(session, workspace, self.clock())

    async def stop(self) -> None:
        """Finish what was begun, then let go of the connections."""
        self._stopping.set()
        if self._learning:
            # Broken off in the middle of opening the database it would leave the driver's thread without its loop.
            await asyncio.wait({self._learning}, timeout=FAREWELL)
            self._learning.cancel()
            await asyncio.gather(self._learning, return_exceptions=True)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=10)
        if self._http:
            await self._http.close()

    def _session(self) -> aiohttp.ClientSession:
        assert self._http is not None, "start() comes first"
        return self._http

    def _now(self) -> float:
        return self.clock().timestamp()

    # -- one request

    async def receive(self, request: Request) -> Response:
        """200 once everything is committed; for an invoke with its answer. No error leaves this as words."""
        try:
            context = TurnContext(self.connector, await self._admitted(request))
            await self.connector.run_pipeline(context, self._turn)
        except TurnedAway as turned:
            headers = {"WWW-Authenticate": "Bearer"} if turned.status == 401 else {}
            if turned.status == 403 and turned.reason:
                return JSONResponse({"error": {"code": "Forbidden", "message": turned.reason}}, 403)
            return Response(status_code=turned.status, headers=headers | turned.headers)
        except Unreadable:
            return Response(status_code=400)
        except Exception as error:
            # Only its kind: what a database or a library says can quote what a person said.
            log.error("a turn failed: %s", _kind(error))
            return Response(status_code=500)
        found = context.turn_state.get(TurnContext._INVOKE_RESPONSE_KEY)
        if found is None:
            return Response(status_code=200)
        status, said = found.value.status, found.value.body
        return Response(status_code=status) if said is None else JSONResponse(said, status)

    async def _admitted(self, request: Request) -> Activity:
        """The activity, from whom it says it is. Raises TurnedAway or Unreadable."""
        declared(request)
        try:
            claims = await self.gate.check(request.headers.get("Authorization", ""))
        except Unauthorized:
            raise TurnedAway(401) from None
        except KeysUnreachable:
            raise TurnedAway(503) from None
        # Without authentication a page in somebody's browser must not speak to us: it cannot send this type unasked.
        if claims is None and not request.headers.get("Content-Type", "").startswith("application/json"):
            raise TurnedAway(415)
        activity = _activity(await body(request))
        if not matches(claims, activity.service_url or "", activity.channel_id or ""):
            raise TurnedAway(401)
        if activity.service_url and activity.service_url not in self.hosts:
            raise TurnedAway(401)
        if activity.channel_id != "msteams":
            raise TurnedAway(403)  # the Web Chat of the same bot, say, where everybody can call himself anything
        tenant = payloads.tenant(activity)
        if tenant not in self.tenants:
            self.tenants.turned_away(tenant)
            raise TurnedAway(403, "this bot does not serve your organisation")
        self.paced.admit(tenant)
        return activity

    async def _turn(self, context: TurnContext) -> None:
        activity: Activity = context.activity
        arrival = inbound.read(activity, self.clock())
        if activity.type != ActivityTypes.invoke:
            await self._take(arrival)
            return
        response = await self._invoked(activity, arrival)
        await context.send_activity(Activity(type=ActivityTypes.invoke_response, value=response))

    async def _take(self, arrival: Arrival) -> tuple[Arrival, Answer | None]:
        arrival, answer = await self.people.meet(arrival), None
        for event in arrival.events:
            answer = await self.turns.take(event) or answer
        if arrival.threads and arrival.kind is None and arrival.team:
            self._learn_channels(arrival)
        return arrival, answer

    # -- invokes

    async def _invoked(self, activity: Activity, arrival: Arrival) -> InvokeResponse:
        if not arrival.known:
            return InvokeResponse(status=501)
        if arrival.consent:
            # Bringing it takes longer than Teams waits for an answer.
            self._spawn(self._consented(arrival, arrival.consent))
            return InvokeResponse(status=200)
        submitted = any(isinstance(event, Submission) for event in arrival.events)
        lang = payloads.language(activity) or self.settings.languages.default
        asked = answers.Asked(activity.name, None, not arrival.events, submitted)
        taken = self._spawn(self._take(arrival))
        await asyncio.wait({taken}, timeout=INVOKE)
        if not taken.done():
            # It is not broken off: a turn is done or not, and which of the two nobody could say any more.
            return InvokeResponse(status=200, body=answers.slow(asked, lang))
        arrival, answer = taken.result()
        place = arrival.events[0].place if arrival.events else arrival.place
        again = forms.unpacked(inbound.carried(activity), place) if submitted else None
        shown = [form for form in (again, answer.form if isinstance(answer, OpenForm) else None) if form]
        lang, directory = await self._known(arrival, shown, lang)
        filled = forms.Filled(lang, typed=inbound.typed(activity), directory=directory)
        asked = answers.Asked(asked.name, again, asked.cancelled, submitted)
        return InvokeResponse(status=200, body=answers.answer(asked, answer, filled))

    async def _known(self, arrival: Arrival, shown: list[Form], lang: str) -> tuple[str, dict[str, str]]:
        """The person's own language, and the directory's ids of who is in a form: a client's picker knows no others."""
        pickers = [each for form in shown for each in form.fields if isinstance(each, PeoplePicker)]
        people = {person.account for picker in pickers for person in picker.people}
        async with self.store.reading() as session:
            known = await folk.introduced(session, [event.actor for event in arrival.events])
            directory = await teams.directory(session, arrival.place.workspace, people)
        return next((someone.lang for someone in known.values()), lang), dict(directory)

    async def _consented(self, arrival: Arrival, consent: Consent) -> None:
        arrival = await self.people.meet(arrival)
        await self.documents.settle(arrival.place, consent)

    # -- in the background

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a task failed: %s", _kind(error))

    async def _keep_learning(self) -> None:
        """Any number of replicas do this: what was read, and who is at it, stands in the store."""
        while not self._stopping.is_set():
            pause = MET
            try:
                await self.directory.sync(DAILY)
            except Exception as error:
                log.warning("the people of Teams cannot be read now: %s", _kind(error))
                pause = AGAIN
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    def _learn_channels(self, arrival: Arrival) -> None:
        """Messages do not tell whether a channel is open to the whole team; the list of its channels does."""
        now = self._now()
        if now - self._teams_asked.get(arrival.team, 0.0) > AN_HOUR:
            self._teams_asked[arrival.team] = now
            self._spawn(self._ask_channels(arrival))

    async def _ask_channels(self, arrival: Arrival) -> None:
        workspace, url = arrival.place.workspace, arrival.service_url
        found = await self.connector.channels(url, arrival.team)
        async with self.store.transaction() as session:
            for id, kind in found.items():
                await teams.keep(
                    session, Reference(workspace, id, id, url, kind, True, team=arrival.team), self.clock()
                )


def _activity(raw: bytes) -> Activity:
    try:
        said = parsed(raw)
        if not isinstance(said, dict):
            raise Unreadable("an activity is an object")
        activity = Activity.deserialize(said)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise Unreadable("this is no activity") from None
    if activity is None or not activity.type:
        raise Unreadable("an activity has a type")
    return activity


def _kind(error: BaseException) -> str:
    """Where it went wrong, without its words."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"
