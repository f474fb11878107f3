"""From the outbox into the playground's chat."""

from collections.abc import Callable
from datetime import datetime

from bot.core.cards import Card
from bot.core.sending import Can, Outgoing, Unreachable
from bot.platforms.playground.chat import Chat, NoSuchMessage
from bot.platforms.playground.people import BOT, CHANNELS, MEMBERS

CAN = Can(threads_in_direct=True, whispers=True, looks_back=True)


class PlaygroundPlatform:
    can = CAN

    def __init__(self, chat: Chat, clock: Callable[[], datetime]) -> None:
        self.chat, self.clock = chat, clock
        self._sent: dict[str, str] = {}  # by key, so that an unknown outcome can be looked up

    async def send(self, message: Outgoing) -> str:
        """Raises Unreachable for a conversation, or a message to change, that is not there."""
        conversation = message.place.conversation
        if conversation not in CHANNELS and conversation not in MEMBERS:
            raise Unreachable("no such conversation")
        try:
            self._sent[message.key] = id = self._do(message, message.card or Card())
        except NoSuchMessage as gone:
            raise Unreachable("no such message") from gone
        return id

    def _do(self, message: Outgoing, card: Card) -> str:
        where, target = message.place, message.target or ""
        match message.verb:
            case "post" | "file":
                thread, only_for, file = where.thread, message.only_for, message.file
                said = self.chat.post(
                    where.conversation, BOT, self.clock(), card=card, file=file, thread=thread, only_for=only_for
                )
                return said.id
            case "update":
                self.chat.redraw(target, card)
            case "delete":
                self.chat.delete(target)
            case "home":
                self.chat.show_home(where.conversation, card)
        return target or f"home/{where.conversation}"

    async def find(self, message: Outgoing) -> str | None:
        return self._sent.get(message.key)
