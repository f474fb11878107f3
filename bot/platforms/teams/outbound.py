"""What delivery asks of Teams: posts, changes, retractions and documents."""

import logging
from collections.abc import Callable
from datetime import datetime

from botbuilder.core import TurnContext
from botbuilder.schema import (
    Activity,
    ActivityTypes,
    Attachment,
    ChannelAccount,
    ConversationAccount,
    ConversationParameters,
    ConversationReference,
)

from bot.core.cards import Card, File
from bot.core.people import Place, stranger
from bot.core.sending import Can, Outgoing, Unreachable
from bot.platforms.teams import files, render
from bot.platforms.teams.connector import Connector, Gone
from storage import people, teams
from storage.engine import Store
from storage.teams import Reference

log = logging.getLogger(__name__)

DEFAULT_SERVICE_URL = "https://smba.trafficmanager.net/teams/"
# 7 messages in a second, 8 in two, 60 in thirty and 1,800 an hour are allowed in one conversation; a fifth of a second
# apart keeps the bursts out, and a longer run is told to wait by the platform itself.
CAN = Can(threads_in_direct=False, whispers=False, looks_back=False, home=False, pace=0.2)


def activity_of(card: Card) -> Activity:
    """A card as a message. The summary is what a notification shows."""
    attachment = Attachment(content_type=render.CONTENT, content=render.message(card))
    return Activity(type=ActivityTypes.message, summary=render.summary(card) or None, attachments=[attachment])


class TeamsPlatform:
    """What delivery needs of Teams."""

    can = CAN

    def __init__(self, connector: Connector, store: Store, app_id: str, clock: Callable[[], datetime]) -> None:
        self.connector, self.store, self.app_id, self.clock = connector, store, app_id, clock

    async def find(self, message: Outgoing) -> str | None:
        return None  # Teams cannot tell what became of a message

    async def send(self, message: Outgoing) -> str:
        """Raises SlowDown, Unreachable, Refused, or what the network said."""
        place = message.place
        reference, fresh = await self._reference(place)
        try:
            return await self._deliver(message, reference)
        except Gone:
            # Whoever clears a chat's history takes the conversation away, not the bot: a new one can be opened.
            if fresh or place.kind != "direct" or message.verb in ("update", "delete"):
                raise
            return await self._deliver(message, await self._first(place, reference.service_url))

    async def say(self, place: Place, activity: Activity) -> str:
        """Something that is no card, past the outbox. Raises what `send` does."""
        reference, _ = await self._reference(place)
        return await self._say(activity, place, reference)

    async def take_back(self, place: Place, message: str) -> None:
        """Raises what `send` does."""
        reference, _ = await self._reference(place)
        await self._delete(message, place, reference)

    async def language(self, place: Place) -> str:
        """Of the person whose direct conversation this is."""
        async with self.store.reading() as session:
            known = await people.introduced(session, [stranger(place.workspace, place.conversation)])
        return next((someone.lang for someone in known.values()), "")

    async def _reference(self, place: Place) -> tuple[Reference, bool]:
        """Where to write to, and whether it was only made for this."""
        async with self.store.reading() as session:
            known = await teams.reference(session, place.workspace, place.conversation)
            service_url = known.service_url if known else await teams.service_url(session, place.workspace)
        if known and known.gone:
            raise Unreachable("the bot was taken out")
        if known and known.address:
            return known, False
        return await self._first(place, service_url), True

    async def _first(self, place: Place, service_url: str | None) -> Reference:
        """Where to write to somebody who has not written to us; for a place that is no person's, its own name."""
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
        async with self.store.transaction() as session:
            await teams.keep(session, made, self.clock())
        return made

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
            await teams.keep_file(session, id, place, file, self.clock())
        return await self._say(files.asking(file, card, id, lang), place, reference)

    async def _say(self, activity: Activity, place: Place, reference: Reference) -> str:
        sent: list[str] = []

        async def say(context: TurnContext) -> None:
            found = await context.send_activity(activity)
            sent.append(found.id)

        await self.connector.continue_conversation(self._where(place, reference), say)
        return sent[0]

    async def _update(self, card: Card | None, target: str | None, place: Place, reference: Reference) -> str:
        if card is None or target is None:
            raise ValueError("a message that changes needs its card and its id")
        activity = activity_of(card)
        activity.id = target

        async def change(context: TurnContext) -> None:
            await context.update_activity(activity)

        await self.connector.continue_conversation(self._where(place, reference), change)
        return target

    async def _delete(self, target: str, place: Place, reference: Reference) -> str:
        async def retract(context: TurnContext) -> None:
            await context.delete_activity(target)

        try:
            await self.connector.continue_conversation(self._where(place, reference), retract)
        except Gone:
            log.info("a message to be taken back was gone already")
        return target

    def _where(self, place: Place, reference: Reference) -> ConversationReference:
        """A thread is part of a channel's address; other conversations have none."""
        channel = reference.threads or reference.address.endswith(("@thread.tacv2", "@thread.skype"))
        threaded = channel and place.kind != "direct" and place.thread
        address = f"{reference.address};messageid={place.thread}" if threaded else reference.address
        return ConversationReference(
            bot=ChannelAccount(id=f"28:{self.app_id}"),
            conversation=ConversationAccount(id=address),
            channel_id="msteams",
            service_url=reference.service_url,
        )
