"""The remembering platform: renders as a real one would, sends nowhere, forgets nothing. The only fake there is."""

from collections.abc import Callable, Mapping

from bot.core.cards import Card
from bot.core.sending import Can, Outgoing, Unreachable

ALL = Can(threads_in_direct=True, whispers=True, looks_back=True)


class Lost(Exception):
    """A trouble to be told: the message arrives, its answer does not, so that nobody knows how the send ended."""


class Memory:
    """`render`, where given, is a platform's own, so that what it cannot show fails here too."""

    def __init__(self, can: Can = ALL, render: Callable[[Card], object] | None = None, first: str = "m") -> None:
        self.can, self.render, self.first = can, render, first
        self.sent = list[Outgoing]()  # everything, in the order in which it arrived
        self.ids = list[str]()  # of each of them
        self.troubles = list[Exception | None]()  # what happens to the next sends; None: nothing
        self.barred = dict[str, Exception]()  # by conversation: what happens there always
        self.asked = list[Outgoing]()  # what was looked up
        self.refused = 0  # times that somebody could not be reached

    async def send(self, message: Outgoing) -> str:
        trouble = self.troubles.pop(0) if self.troubles else self.barred.get(message.place.conversation)
        self.refused += isinstance(trouble, Unreachable)
        if trouble and not isinstance(trouble, Lost):
            raise trouble
        if message.card and self.render:
            self.render(message.card)
        id = message.target or f"{self.first}{len(self.sent) + 1}"
        self.sent.append(message)
        self.ids.append(id)
        if trouble:
            raise trouble
        return id

    async def find(self, message: Outgoing) -> str | None:
        self.asked.append(message)
        return next((id for id, sent in zip(self.ids, self.sent, strict=True) if sent.key == message.key), None)

    @property
    def shown(self) -> Mapping[str, Outgoing]:
        """What people see now, by message id: posts as they were last changed, without what was taken back."""
        found = dict[str, Outgoing]()
        for id, message in zip(self.ids, self.sent, strict=True):
            match message.verb:
                case "post" | "file":
                    found[id] = message
                case "update" if id in found:
                    before = found[id]
                    found[id] = Outgoing(before.key, before.place, message.card, "post", before.only_for)
                case "delete":
                    found.pop(id, None)
        return found

    @property
    def titles(self) -> list[str]:
        """The summary of every card, in the order of arrival."""
        return [message.card.summary for message in self.sent if message.card]
