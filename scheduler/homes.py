"""Homes kept up to date: what changed in them since they were drawn is drawn anew, a batch of them each beat."""

import logging
import traceback
from collections.abc import Callable
from datetime import datetime

from bot.core.events import Opened
from bot.turn import Turns
from storage import homes
from storage.engine import Store

log = logging.getLogger(__name__)

BATCH = 50  # homes drawn in a beat: the rest of it is for whoever else waits to write


async def renew(turns: Turns, store: Store, now: datetime, going: Callable[[], bool] = lambda: True) -> int:
    """Draw the homes that are no longer so, as long as it is `going`; `now` aware. Returns how many turns were taken.

    Any number of replicas may do this at once: whoever is second finds the event already seen. Whatever happens many
    times between two beats is drawn once.
    """
    async with store.reading() as session:
        stale = await homes.stale(session, now, BATCH)
    drawn = list[Opened]()
    for event in stale:
        if not going():
            break
        if await _draw(turns, store, event):
            drawn.append(event)
    if drawn:
        async with store.transaction() as session:
            await homes.drawn(session, drawn)
    return len(drawn)


async def _draw(turns: Turns, store: Store, event: Opened) -> bool:
    try:
        await turns.take(event)
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        # Not the error's own text: it may quote what somebody said.
        log.error("%s: %s in %s, line %s", event.id, type(error).__name__, frame.filename, frame.lineno)
        async with store.transaction() as session:
            await homes.stumbled(session, event)
        return False
    return True
