"""What a company offers to learn from: named in app.yaml, or read from a file."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import Field, SQLModel

from bot.core.events import Event
from bot.core.learning import Offering
from storage.engine import Session, table

MANY = 1000  # offerings of a company that are looked through


class CatalogueRow(SQLModel, table=True):
    __tablename__ = "catalogue"
    company: str = Field(primary_key=True)
    id: str = Field(primary_key=True)  # of its title: the same title is the same offering
    title: str
    kind: str
    link: str = ""
    about: str = ""


catalogue = table(CatalogueRow)


@dataclass(frozen=True, slots=True)
class Listed:
    """These are in the company's catalogue from now on; one of the same title reads like this."""

    company: str
    offerings: tuple[Offering, ...]

    async def save(self, session: Session) -> None:
        for each in self.offerings:
            said = {"title": each.title, "kind": each.kind, "link": each.link, "about": each.about}
            insert = session.insert(catalogue).values(company=self.company, id=each.id, **said)
            await session.run(insert.on_conflict_do_update(index_elements=["company", "id"], set_=said))


async def kept(session: Session, company: str) -> list[Offering]:
    """Those from files."""
    here = select(catalogue).where(catalogue.c.company == company).order_by(catalogue.c.title, catalogue.c.id)
    return [_offering(row) for row in await session.all(here.limit(MANY))]


async def offered(session: Session, event: Event) -> tuple[Offering, ...]:
    """All of the actor's company, by title. A line in a file says more than the same title in app.yaml."""
    if event.actor.guest or event.actor.bot:
        return ()
    named = (Offering(each.title, each.kind, each.link, each.about) for each in event.settings.learning.catalogue)
    found: Iterable[Offering] = (*named, *await kept(session, event.actor.company))
    return tuple(sorted({each.id: each for each in found}.values(), key=lambda each: each.title.casefold()))


def _offering(row: Any) -> Offering:
    return Offering(row.title, row.kind, row.link, row.about)
