"""Where a place can be written to: kept since the bot came there, or asked for the first time."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from botbuilder.schema import ChannelAccount, ConversationParameters, ConversationReference

from bot.core.people import Place
from bot.core.sending import SlowDown, Unreachable
from bot.platforms.teams.connector import Connector
from bot.platforms.teams.tenants import Tenants
from storage import installations, teams
from storage.engine import Session, Store
from storage.teams import Reference

DEFAULT_SERVICE_URL = "https://smba.trafficmanager.net/teams/"
REMEMBERED = 10_000  # addresses
# Another replica may hear meanwhile that the bot was taken out: then Teams itself says so, and until then.
FRESH = timedelta(minutes=1)
UNSERVED = 900.0  # seconds that what is said to a tenant waits which the operator has taken off the list
GONE = "Uninstalled"
Key = tuple[str, str]  # workspace, conversation


class Addresses:
    def __init__(
        self, connector: Connector, store: Store, app_id: str, tenants: Tenants, clock: Callable[[], datetime]
    ) -> None:
        self.connector, self.store, self.app_id = connector, store, app_id
        self.tenants, self.clock = tenants, clock
        self.lost = set[Key]()  # workspace, conversation: where nobody could be reached since
        self._wanted = dict[Key, None]()
        self._reading: asyncio.Task[Mapping[Key, Reference]] | None = None
        self._known = OrderedDict[Key, tuple[Reference, datetime]]()

    async def find(self, place: Place) -> tuple[Reference, bool]:
        """Where to write to, and whether it was only made for this. Raises Unreachable, SlowDown, and what `open` does.

        What is for a tenant that is not served (any more) waits: a slip in a list must not lose it.
        """
        if place.workspace.partition(":")[2] not in self.tenants:
            raise SlowDown(UNSERVED)
        known, until = self._known.get((place.workspace, place.conversation), (None, self.clock()))
        if known and self.clock() < until:
            return known, False
        known = await self._read(place)
        if known and known.gone:
            raise Unreachable(GONE)
        if known and known.address:
            return self._remember(known), False
        async with self.store.reading() as session:
            service_url = known.service_url if known else await teams.service_url(session, place.workspace)
            here = await installations.find(session, place.workspace)
        if here and here.gone_at:
            raise Unreachable(GONE)
        return await self.open(place, service_url), True

    async def _read(self, place: Place) -> Reference | None:
        """What is kept. Many are sent to at the same moment: those that are asked for meanwhile are read together."""
        self._wanted.setdefault((place.workspace, place.conversation), None)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_all())
        found = await asyncio.shield(self._reading)
        return found.get((place.workspace, place.conversation))

    async def _read_all(self) -> Mapping[Key, Reference]:
        await asyncio.sleep(0)  # whoever is as far as this at the same moment
        wanted, self._wanted, self._reading = list(self._wanted), {}, None
        async with self.store.reading() as session:
            return await teams.references(session, wanted)

    async def open(self, place: Place, service_url: str | None) -> Reference:
        """Where to write to somebody who has not written to us; for a place that is no person's, its own name.

        Raises what Connector.call does.
        """
        url = service_url or DEFAULT_SERVICE_URL
        if place.kind != "direct":
            return Reference(place.workspace, place.conversation, place.conversation, url)
        tenant = place.workspace.partition(":")[2]
        asked = ConversationParameters(
            is_group=False,
            bot=ChannelAccount(id=f"28:{self.app_id}"),
            members=[ChannelAccount(id=place.conversation)],
            channel_data={"tenant": {"id": tenant}},
            tenant_id=tenant,
        )
        reference = ConversationReference(service_url=url, channel_id="msteams")
        address = await self.connector.create_conversation(reference, conversation_parameters=asked)
        made = Reference(place.workspace, place.conversation, address, url, "direct")
        await self.store.unit(lambda session: teams.keep(session, made, self.clock()))
        return self._remember(made)

    async def closed(self, workspace: str) -> None:
        """Those who look after a whole tenant have shut us out of it: nothing more is said there."""
        now = self.clock()

        async def shut(session: Session) -> None:
            await teams.removed(session, workspace)
            await installations.left(session, workspace, now)

        await self.store.unit(shut)
        self.forget()

    def forget(self, place: Place | None = None) -> None:
        """Read it anew the next time; without a place, all of them."""
        if place:
            self._known.pop((place.workspace, place.conversation), None)
        else:
            self._known.clear()

    def lose(self, place: Place) -> None:
        """Nobody could be reached there: whoever writes from there is met anew."""
        self.forget(place)
        if len(self.lost) >= REMEMBERED:
            self.lost.clear()
        self.lost.add((place.workspace, place.conversation))

    def _remember(self, reference: Reference) -> Reference:
        self._known[reference.key] = reference, self.clock() + FRESH
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return reference
