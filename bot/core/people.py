"""Who and where: the few names every other room agrees on."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

Kind = Literal["direct", "public", "private"]
# The name of who was erased. Nobody can type it; the turn writes it out in its reader's language (cards.spelled).
SOMEBODY = "\ue003"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said. A direct conversation is named, on every platform, by the account of its person."""

    workspace: str  # "slack:T1": the platform's name, a colon, its own id
    conversation: str
    thread: str | None = None
    kind: Kind = field(default="private", compare=False)  # what we cannot tell counts as private

    @property
    def platform(self) -> str:
        return self.workspace.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody we know. `id` is ours, never a platform's; a stranger has none until the turn has introduced them."""

    id: str
    name: str
    workspace: str
    account: str  # the platform's own id of them, for mentions and as the address of their direct conversation
    lang: str = "en"
    zone: str = "UTC"
    company: str = ""
    calendar: str = ""  # Calendar.key: how their days run
    manager: str | None = None  # a Person.id
    team: str = ""
    role: str = ""
    bot: bool = False
    guest: bool = False
    gone: bool = False
    # How they like to be told things; "" is not said.
    takes_timing: str = ""  # direct, or with time to think
    takes_form: str = ""  # in writing, or in person
    takes_detail: str = ""  # in detail, or the headline
    unmet: bool = field(default=False, compare=False)  # we never told them who we are, nor did they ask
    first_kudos: bool = field(default=False, compare=False)  # they have had the line that explains kudos

    @property
    def home(self) -> Place:
        """Where a private word reaches them."""
        return Place(self.workspace, self.account, kind="direct")

    def day_of(self, at: datetime) -> date:
        """Their own day of this moment (aware)."""
        return at.astimezone(ZoneInfo(self.zone)).date()


def stranger(workspace: str, account: str, name: str = "", *, lang: str = "", bot: bool = False) -> Person:
    """Somebody as a payload names them. The turn replaces them by the person we keep, or keeps them from now on."""
    return Person("", name, workspace, account, lang=lang, bot=bot)
