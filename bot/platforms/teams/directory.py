"""Who works here: the members of the teams the bot is in and, where the company lets us, its own directory."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from bot.core.cards import clean
from bot.core.sending import SlowDown, Unfit, Unreachable
from bot.platforms.teams.connector import Connector, Member, Refused, StrangeHost
from bot.platforms.teams.graph import Graph, NotConsented
from storage import rosters, syncs
from storage.engine import Store
from storage.rosters import Listed
from storage.syncs import Round

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Where:
    """How far a round is. First the teams by their ids, then the directory."""

    done: str = ""  # the last team that was read to its end
    page: str = ""  # what asks for the next page
    graph: bool = False
    whole: bool = True  # every team could be read
    trusted: bool = False  # the directory was read

    @classmethod
    def read(cls, cursor: str) -> "Where":
        return cls(**json.loads(cursor)) if cursor else cls()

    def __str__(self) -> str:
        return json.dumps(asdict(self))


@dataclass
class Directory:
    """Keeps a page a transaction; nothing is open while Microsoft is asked. `graph` None: only teams are read."""

    connector: Connector
    graph: Graph | None
    store: Store
    clock: Callable[[], datetime]

    async def sync(self, every: timedelta | None = None) -> None:
        """Every tenant we know, if that was not done within `every`. What was broken off goes on where it was.

        Raises aiohttp's own errors where Microsoft cannot be reached.
        """
        async with self.store.reading() as session:
            tenants = await rosters.workspaces(session)
        for workspace in tenants:
            async with self.store.transaction() as session:
                begun = await syncs.claim(session, workspace, self.clock(), every)
            if begun:
                await self._everybody(begun)

    async def _everybody(self, round: Round) -> None:
        going: Round | None = round
        while going:
            try:
                listed, at, over = await self._page(going.workspace, Where.read(going.cursor))
            except SlowDown as wait:
                async with self.store.transaction() as session:
                    going = await syncs.go_on(session, going, self.clock(), going.cursor, wait.retry_after)
                await asyncio.sleep(wait.retry_after)
                continue
            async with self.store.transaction() as session:
                # First: whoever lost the round must not keep an older page over a newer one.
                going = await syncs.go_on(session, going, self.clock(), str(at))
                if going:
                    await rosters.keep(session, going.workspace, listed, self.clock(), going.began)
            if going and over:
                await self._end(going, at)
                return

    async def _page(self, workspace: str, at: Where) -> tuple[list[Listed], Where, bool]:
        """The people at this place, the place after it, and whether that is the end."""
        if at.graph:
            return await self._directory(workspace, at)
        async with self.store.reading() as session:
            teams = await rosters.teams(session, workspace)
        team, url = next(((team, url) for team, url in teams if team > at.done), ("", ""))
        if not team:
            return [], replace(at, graph=True), self.graph is None
        try:
            members, following = await self.connector.members(url, team, at.page)
        except (Unreachable, Unfit, Refused, StrangeHost) as error:
            if isinstance(error, Refused) and error.status >= 500:
                raise
            # Taken out of this team, say: who is only there cannot be told from who has left.
            log.info("the members of a team cannot be read: %s", type(error).__name__)
            return [], replace(at, done=team, page="", whole=False), False
        listed = [_listed(member) for member in members if member.account and not member.account.startswith("28:")]
        done = replace(at, page=following) if following else replace(at, done=team, page="")
        return listed, done, False

    async def _directory(self, workspace: str, at: Where) -> tuple[list[Listed], Where, bool]:
        assert self.graph is not None
        try:
            listed, following = await self.graph.people(workspace.partition(":")[2], at.page)
        except NotConsented:
            return [], at, True
        return listed, replace(at, page=following, trusted=not following), not following

    async def _end(self, round: Round, at: Where) -> None:
        async with self.store.transaction() as session:
            if not at.trusted:
                await rosters.here_still(session, round.workspace, round.began)
            # A company's own directory has everybody, whichever of its teams could be read.
            whole = at.whole or at.trusted
            gone = await syncs.finish(session, round, self.clock(), whole, all_listed=False)
        log.info("the people of a tenant are read; %s are no longer there", gone)


def _listed(member: Member) -> Listed:
    name, directory = clean(member.name), member.directory or member.account
    return Listed(directory, member.account, name, member.email, guest=member.guest)
