"""What the first words in a workspace need to know: whether they are the first, and what was chosen there."""

from dataclasses import dataclass, field

from sqlalchemy import select

from bot.core.events import Event, Installed
from bot.core.people import Person
from storage import installations, settings
from storage import people as folk
from storage.engine import Session
from storage.people import people
from storage.settings import Company

ROLES = ("admin", "hr")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a company stands when somebody lets us in."""

    again: bool = False  # this very workspace knew us before
    beside: bool = False  # another workspace of the company has us already
    chosen: Company = field(default_factory=Company)  # what was set in chat
    admins: tuple[Person, ...] = ()  # who looks after the company, as far as we know them


async def standing(session: Session, event: Installed) -> Standing:
    company, workspace = event.actor.company, event.actor.workspace
    await session.hold(f"settings/{company}")  # of two at once the second is not the first
    ours = session.settings.companies.get(company, (workspace,))
    mine = {each for each in ours if await installations.find(session, each)}
    found = await settings.company(session, event)
    return Standing(workspace in mine, bool(mine - {workspace}), found, await _admins(session, event))


async def _admins(session: Session, event: Event) -> tuple[Person, ...]:
    here = (people.c.company == event.actor.company, people.c.gone.is_(False), people.c.bot.is_(False))
    chosen = people.c.role.in_(ROLES) | people.c.account.in_(event.settings.people.admins)
    rows = await session.all(select(people).where(*here, chosen).order_by(people.c.name))
    return tuple(map(folk.person, rows))
