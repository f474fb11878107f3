"""What delivery asks of Teams: posts, changes, retractions and documents."""

import asyncio
import logging

from botbuilder.core import TurnContext
from botbuilder.schema import (
    Activity,
    ActivityTypes,
    Attachment,
    ChannelAccount,
    ConversationAccount,
    ConversationReference,
)

from bot.core.cards import Card, File
from bot.core.people import Place, stranger
from bot.core.sending import Can, Limit, Outgoing, Unreachable
from bot.platforms.teams import files, render
from bot.platforms.teams.addresses import Addresses
from bot.platforms.teams.connector import Connector, Gone
from storage import people, teams
from storage.engine import Store
from storage.teams import Reference

log = logging.getLogger(__name__)

DISABLED = "BotDisabledByAdmin"  # a code of Teams': by those who look after the whole tenant
# learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit: in one conversation, and of an app in a tenant.
EACH = (Limit(7, 1), Limit(8, 2), Limit(60, 30), Limit(1800, 3600))
CAN = Can(threads_in_direct=False, whispers=False, looks_back=False, home=False, each=EACH, rate=50)


def activity_of(card: Card) -> Activity:
    """A card as a message. The summary is what a notification shows."""
    attachment = Attachment(content_type=render.CONTENT, content=render.message(card))
    return Activity(type=ActivityTypes.message, summary=render.summary(card) or None, attachments=[attachment])


class TeamsPlatform:
    """What delivery needs of Teams."""

    can = CAN

    def __init__(self, connector: Connector, store: Store, addresses: Addresses) -> None:
        self.connector, self.store, self.addresses = connector, store, addresses

    async def find(self, message: Outgoing) -> str | None:
        return None  # Teams cannot tell what became of a message

    async def send(self, message: Outgoing) -> str:
        """Raises SlowDown, Unreachable, Unfit, Refused, or what the network said."""
        try:
            return await self._sent(message)
        except Unreachable as why:
            self.addresses.lose(message.place)
            if why.reason.endswith(DISABLED):
                await self.addresses.closed(message.place.workspace)
            raise

    async def _sent(self, message: Outgoing) -> str:
        place = message.place
        reference, fresh = await self.addresses.find(place)
        try:
            return await self._deliver(message, reference)
        except Gone:
            # Whoever clears a chat's history takes the conversation away, not the bot: a new one can be opened.
            if fresh or place.kind != "direct" or message.verb in ("update", "delete"):
                raise
            return await self._deliver(message, await self.addresses.open(place, reference.service_url))

    async def say(self, place: Place, activity: Activity) -> str:
        """Something that is no card, past the outbox. Raises what `send` does."""
        reference, _ = await self.addresses.find(place)
        return await self._say(activity, place, reference)

    async def take_back(self, place: Place, message: str) -> None:
        """Raises what `send` does."""
        reference, _ = await self.addresses.find(place)
        await self._delete(message, place, reference)

    async def language(self, place: Place) -> str:
        """Of the person whose direct conversation this is."""
        async with self.store.reading() as session:
            known = await people.introduced(session, [stranger(place.workspace, place.conversation)])
        return next((someone.lang for someone in known.values()), "")

    async def _deliver(self, message: Outgoing, reference: Reference) -> str:
        match message.verb:
            case "delete" if message.target:
                return await self._delete(message.target, message.place, reference)
            case "update":
                return await self._update(message.card, message.target, message.place, reference)
            case "file" if message.file and message.card:
                return await self._offer(message, message.file, message.card, reference)
            case "post" | "home" if message.card:
                return await self._say(activity_of(message.card), message.place, reference)
            case _:
                raise ValueError("a message has what it needs")

    async def _offer(self, message: Outgoing, file: File, card: Card, reference: Reference) -> str:
        """Ask whether the document is wanted; documents.py has the rest. Where that cannot be, say so."""
        place, id = message.place, files.file_id(message.key)
        lang = await self.language(place)
        if not files.possible(reference.service_url):
            return await self._say(activity_of(files.impossible(card, lang)), place, reference)
        async with self.store.transaction() as session:
            await teams.keep_file(session, id, place, file, self.addresses.clock())
        asking = await asyncio.to_thread(files.asking, file, card, id, lang)  # a PDF is drawn to know its size
        return await self._say(asking, place, reference)

    async def _say(self, activity: Activity, place: Place, reference: Reference) -> str:
        # Not in a turn of its own: for that botbuilder copies the whole card, which takes longer than to make it.
        [sent] = await self.connector.send_activities(None, [self._addressed(activity, place, reference)])
        return str(sent.id)

    async def _update(self, card: Card | None, target: str | None, place: Place, reference: Reference) -> str:
        if card is None or target is None:
            raise ValueError("a message that changes needs its card and its id")
        activity = self._addressed(activity_of(card), place, reference)
        activity.id = target
        await self.connector.update_activity(None, activity)
        return target

    async def _delete(self, target: str, place: Place, reference: Reference) -> str:
        where = self._where(place, reference)
        where.activity_id = target
        try:
            await self.connector.delete_activity(None, where)
        except Gone:
            log.info("a message to be taken back was gone already")
        return target

    def _addressed(self, activity: Activity, place: Place, reference: Reference) -> Activity:
        return TurnContext.apply_conversation_reference(activity, self._where(place, reference))

    def _where(self, place: Place, reference: Reference) -> ConversationReference:
        """A thread is part of a channel's address; other conversations have none."""
        channel = reference.threads or reference.address.endswith(("@thread.tacv2", "@thread.skype"))
        threaded = channel and place.kind != "direct" and place.thread
        address = f"{reference.address};messageid={place.thread}" if threaded else reference.address
        return ConversationReference(
            bot=ChannelAccount(id=f"28:{self.addresses.app_id}"),
            conversation=ConversationAccount(id=address),
            channel_id="msteams",
            service_url=reference.service_url,
        )
