"""Files and pictures, brought to Slack before they are shown.

docs.slack.dev/messaging/working-with-files: an address is asked for, the bytes go there, and `completeUploadExternal`
makes them a file; shared with a conversation, or without one known to us alone, to be shown in a block.
"""

import asyncio
import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from bot.core.cards import Card, Chart
from bot.core.pictures import drawn
from bot.platforms.slack.api import Api, Refused

log = logging.getLogger(__name__)

AT_MOST = 4.0  # seconds for the pictures of a message: it goes without them sooner than late
KEPT = 500  # pictures whose ids are remembered
Pictures = Mapping[Chart, str]  # the ids of their files


async def uploaded(api: Api, name: str, content: bytes, **shared: Any) -> str:
    """The id of a new file. `shared`: where it is shown, as arguments of files.completeUploadExternal.

    Raises what Api raises.
    """
    asked = await api.form("files.getUploadURLExternal", filename=name, length=len(content))
    id = str(asked.get("file_id") or "")
    if not id:
        raise Refused("files.getUploadURLExternal", "no_file_id")
    await api.deliver(str(asked.get("upload_url") or ""), content)
    files = json.dumps([{"id": id, "title": name}])
    await api.form("files.completeUploadExternal", files=files, **shared)
    return id


class Gallery:
    """Pictures that Slack has already. Forgotten with the process: bringing one there again does no harm."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._ids = OrderedDict[str, str]()  # by digest

    async def of(self, card: Card) -> Pictures:
        """The card's charts as files. Those that Slack does not take in time are left out: their words will do."""
        charts = list(dict.fromkeys(part for part in card.parts if isinstance(part, Chart)))
        found = dict[Chart, str]()
        try:
            async with asyncio.timeout(AT_MOST if charts else None):
                for chart in charts:
                    found[chart] = await self._id(chart)
        except Exception as error:
            # A picture is never worth a message: missing scopes, a full workspace, a slow line.
            log.warning("slack does not take a picture now: %s", error or type(error).__name__)
        return found

    async def _id(self, chart: Chart) -> str:
        picture = drawn(chart)
        digest = hashlib.sha256(picture).hexdigest()
        if digest not in self._ids:
            self._ids[digest] = await uploaded(self.api, "chart.png", picture)
            if len(self._ids) > KEPT:
                self._ids.popitem(last=False)
        return self._ids[digest]

    def forget(self, pictures: Pictures) -> None:
        """Slack does not show these: somebody deleted them, say. The next time they are brought anew."""
        gone = set(pictures.values())
        for digest in [digest for digest, id in self._ids.items() if id in gone]:
            del self._ids[digest]
