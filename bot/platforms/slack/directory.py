"""Who works here: Slack's people and user groups, as our own profiles."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.core.sending import SlowDown
from bot.platforms.slack.api import Api, NoToken, Refused
from bot.platforms.slack.payload import profile
from bot.platforms.slack.workspaces import Workspace
from storage import directory, people, places, syncs
from storage.engine import Store
from storage.people import Profile
from storage.syncs import Round

log = logging.getLogger(__name__)

PAGE = 200  # people a page, and so in one transaction; Slack recommends no more
SINGLE = 20  # people asked for one by one in a row


@dataclass
class Directory:
    """Reads Slack's lists and keeps them, a page a transaction; nothing is open while Slack is asked."""

    here: Workspace
    store: Store
    clock: Callable[[], datetime]

    @property
    def api(self) -> Api:
        return self.here.api

    async def sync(self, every: timedelta | None = None) -> None:
        """All people and groups of the workspace, if that was not done within `every`.

        What was broken off goes on at its page, in whichever process asks next. Raises Refused, SlowDown or Away.
        """
        async with self.store.transaction() as session:
            begun = await syncs.claim(session, self.here.name, self.clock(), every)
        if begun and await self._everybody(begun):
            await self.groups()
            await self.strangers()

    async def _everybody(self, round: Round) -> bool:
        """Page by page to the end; False where another process has gone on with it."""
        going: Round | None = round
        while going:
            going, page = await self._page(going)
            if not going or page is None:
                continue
            cursor = page["next"]
            async with self.store.transaction() as session:
                # First: whoever lost the round must not keep an older page over a newer one.
                going = await syncs.go_on(session, going, self.clock(), cursor)
                if going:
                    told = (profile(going.workspace, user) for user in page["members"])
                    await directory.learn(session, told, self.clock(), going.began)
            if going and not cursor:
                async with self.store.transaction() as session:
                    gone = await syncs.finish(session, going, self.clock())
                log.info("slack's people are read; %s are no longer there", gone)
                return True
        return False

    async def _page(self, round: Round) -> tuple[Round | None, Mapping[str, Any] | None]:
        """The page the round is at. None: Slack asked us to wait, or no longer knows where we were; then again."""
        try:
            return round, await self._listed(round.cursor)
        except NoToken:
            raise  # nothing to wait for: somebody has to mend it
        except SlowDown as wait:
            going = await self._go_on(round, round.cursor, wait.retry_after)
            await asyncio.sleep(wait.retry_after)
            return going, None
        except Refused as error:
            if error.code != "invalid_cursor" or not round.cursor:
                raise
            return await self._go_on(round, ""), None

    async def _listed(self, at: str) -> Mapping[str, Any]:
        """A page of people, and under `next` where it goes on. An organisation's are listed workspace by workspace:
        then `at` is the workspace, a colon and Slack's cursor in it."""
        if not self.here.organisation:
            page = await self.api.read("users.list", limit=PAGE, include_locale=True, cursor=at or None)
            return {**page, "next": _cursor(page)}
        below = await self.below()
        team, _, cursor = at.partition(":")
        team = team if team in below else next(iter(below), "")
        if not team:
            return {"members": [], "next": ""}
        asked = {"limit": PAGE, "include_locale": True, "cursor": cursor or None, "team_id": team}
        page = await self.api.read("users.list", **asked)
        if following := _cursor(page):
            return {**page, "next": f"{team}:{following}"}
        rest = below[below.index(team) + 1 :]
        return {**page, "next": f"{rest[0]}:" if rest else ""}

    async def below(self) -> list[str]:
        """The workspaces of an organisation that have us, in an order that stays."""
        found, cursor = list[str](), None
        while True:
            page = await self.api.read("auth.teams.list", limit=PAGE, cursor=cursor)
            found += [str(team["id"]) for team in page["teams"]]
            if not (cursor := _cursor(page)):
                return sorted(found)

    async def _go_on(self, round: Round, cursor: str, wait: float = 0) -> Round | None:
        async with self.store.transaction() as session:
            return await syncs.go_on(session, round, self.clock(), cursor, wait)

    async def groups(self) -> None:
        for team in await self.below() if self.here.organisation else (None,):
            listed = await self.api.read("usergroups.list", include_users=True, team_id=team)
            for group in listed["usergroups"]:
                members = group.get("users")
                if members is None or len(members) < int(group.get("user_count") or 0):
                    await self.group(group["id"], group.get("handle") or "", team)
                else:
                    await self.keep(group["id"], group.get("handle") or "", members)

    async def group(self, id: str, handle: str, team: str | None = None) -> None:
        """One group whose members Slack did not name."""
        listed = await self.api.read("usergroups.users.list", usergroup=id, team_id=team)
        await self.keep(id, handle, listed["users"])

    async def keep(self, id: str, handle: str, members: Iterable[str]) -> None:
        async with self.store.transaction() as session:
            await places.keep_group(session, self.here.name, id, handle, members)

    async def strangers(self) -> None:
        """Who was met and stood on no list: people of other companies in shared channels."""
        async with self.store.reading() as session:
            unknown = await people.unprofiled(session, self.here.name, SINGLE)
        for where, account in unknown:
            try:
                told = await self.api.read("users.info", user=account, include_locale=True)
                await self._learn([profile(where, told["user"])])
            except NoToken:
                raise
            except SlowDown as wait:
                await asyncio.sleep(wait.retry_after)
            except Refused as error:
                if error.code in ("user_not_found", "user_not_visible"):  # asked once is enough
                    await self._learn([Profile(where, account, "", guest=True)])

    async def _learn(self, profiles: Iterable[Profile]) -> None:
        async with self.store.transaction() as session:
            await directory.learn(session, profiles, self.clock())


def _cursor(page: Mapping[str, Any]) -> str:
    return str((page.get("response_metadata") or {}).get("next_cursor") or "")
