"""Who works here: Slack's people and user groups, as our own profiles."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.core.sending import SlowDown
from bot.platforms.slack.outbound import Api, Refused
from bot.platforms.slack.payload import profile
from storage import people
from storage.engine import Store
from storage.people import Profile

log = logging.getLogger(__name__)

PAGE = 200  # people a page, and so in one transaction; Slack recommends no more
SINGLE = 20  # people asked for one by one in a row


@dataclass
class Directory:
    """Reads Slack's lists and keeps them, a page a transaction; nothing is open while Slack is asked."""

    api: Api
    store: Store
    clock: Callable[[], datetime]

    async def sync(self) -> str:
        """All people and groups of the workspace; returns its name. Raises Refused, SlowDown or Away."""
        workspace = f"slack:{(await self.api.call('auth.test'))['team_id']}"
        async for page in self.api.pages("users.list", limit=PAGE, include_locale=True):
            await self._learn(profile(workspace, user) for user in page["members"])
        await self.groups(workspace)
        await self.strangers(workspace)
        return workspace

    async def groups(self, workspace: str) -> None:
        listed = await self.api.read("usergroups.list", include_users=True)
        for group in listed["usergroups"]:
            members = group.get("users")
            if members is None or len(members) < int(group.get("user_count") or 0):
                await self.group(workspace, group["id"], group.get("handle") or "")
            else:
                await self.keep(workspace, group["id"], group.get("handle") or "", members)

    async def group(self, workspace: str, id: str, handle: str) -> None:
        """One group whose members Slack did not name."""
        listed = await self.api.read("usergroups.users.list", usergroup=id)
        await self.keep(workspace, id, handle, listed["users"])

    async def keep(self, workspace: str, id: str, handle: str, members: Iterable[str]) -> None:
        async with self.store.transaction() as session:
            await people.keep_group(session, workspace, id, handle, members)

    async def strangers(self, workspace: str) -> None:
        """Who was met and stood on no list: people of other companies in shared channels."""
        async with self.store.reading() as session:
            unknown = await people.unprofiled(session, workspace, SINGLE)
        for where, account in unknown:
            try:
                told = await self.api.read("users.info", user=account, include_locale=True)
                await self._learn([profile(where, told["user"])])
            except SlowDown as wait:
                await asyncio.sleep(wait.retry_after)
            except Refused as error:
                if error.code in ("user_not_found", "user_not_visible"):  # asked once is enough
                    await self._learn([Profile(where, account, "", guest=True)])

    async def _learn(self, profiles: Iterable[Profile]) -> None:
        async with self.store.transaction() as session:
            await people.learn(session, profiles, self.clock())
