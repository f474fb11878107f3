"""What becomes of a document once its person has answered whether they want it."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import aiohttp
from botbuilder.schema import Activity

from bot.core.cards import Card, File, Text
from bot.core.paper import content
from bot.core.people import Place
from bot.core.sending import SlowDown, Unreachable
from bot.platforms.teams import files
from bot.platforms.teams.auth import KnownHosts
from bot.platforms.teams.files import say
from bot.platforms.teams.outbound import TeamsPlatform, activity_of
from bot.platforms.teams.payloads import Consent
from storage import teams
from storage.engine import Store

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)  # longer than an upload may take
TRIES = 3  # to say that it is there


class Documents:
    """Brings them where their people allowed them to. Nothing here is in a transaction while a drive is waited for."""

    def __init__(
        self,
        platform: TeamsPlatform,
        store: Store,
        http: Callable[[], aiohttp.ClientSession],
        hosts: KnownHosts,
        clock: Callable[[], datetime],
    ) -> None:
        self.platform, self.store, self.http, self.hosts, self.clock = platform, store, http, hosts, clock

    async def settle(self, place: Place, consent: Consent) -> None:
        """An answer from the direct conversation `place`. A second one, or a late one, does nothing twice."""
        async with self.store.transaction() as session:
            waiting = await teams.take_file(session, consent.file, place, self.clock(), LEASE)
            if waiting and not consent.allowed:
                await teams.answered_file(session, consent.file)
        if waiting is None:
            await self._say(place, "file.gone")
        elif consent.allowed and waiting.file:
            await self._bring(place, consent, waiting.file)
        elif not consent.allowed:
            await self._put_away(place, consent)

    async def _bring(self, place: Place, consent: Consent, file: File) -> None:
        loopback = self.hosts.loopback
        try:
            if not all(files.trusted(url, loopback) for url in (consent.upload_url, consent.content_url)):
                raise files.NotTaken("a strange host")
            await files.put(self.http, consent.upload_url, await asyncio.to_thread(content, file))
        except Exception as error:
            # Only its kind: the address of an upload is a key to it.
            log.warning("a document was not taken: %s", type(error).__name__)
            async with self.store.transaction() as session:
                await teams.release_file(session, consent.file)
            await self._say(place, "file.failed")
            return
        async with self.store.transaction() as session:
            await teams.answered_file(session, consent.file)
        await self._send(place, files.opened(consent))
        await self._put_away(place, consent)

    async def _put_away(self, place: Place, consent: Consent) -> None:
        """The card that asked: it cannot be answered any more."""
        if consent.asked_in:
            try:
                await self.platform.take_back(place, consent.asked_in)
            except Exception as error:
                log.info("a card that asked stays: %s", type(error).__name__)

    async def _say(self, place: Place, key: str) -> None:
        lang = await self.platform.language(place)
        await self._send(place, activity_of(Card(parts=(Text(say(lang, key)),))))

    async def _send(self, place: Place, activity: Activity) -> None:
        """Past the outbox, which knows only cards: as often as it is worth while."""
        for _ in range(TRIES):
            try:
                await self.platform.say(place, activity)
            except SlowDown as wait:
                await asyncio.sleep(min(wait.retry_after, 5.0))
            except Unreachable:
                return
            else:
                return
        log.warning("what became of a document could not be said")
