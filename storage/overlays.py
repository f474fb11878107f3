"""What was said in chat over app.yaml: by the admins of a company, and by the managers of teams about their rhythm."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Field, SQLModel

from bot.core.overlays import said
from storage.engine import Session, table


class CompanyRow(SQLModel, table=True):
    __tablename__ = "company_settings"
    company: str = Field(primary_key=True)
    said: str  # JSON, by the path of a setting
    at: datetime
    by: str = Field(foreign_key="people.id")


class CadenceRow(SQLModel, table=True):
    __tablename__ = "cadences"
    manager: str = Field(primary_key=True, foreign_key="people.id")
    said: str = Field(index=True)  # JSON, see bot.core.cadences
    at: datetime


companies, cadences = table(CompanyRow), table(CadenceRow)


async def of_companies(session: Session) -> dict[str, str]:
    """What is kept for each company that has set something."""
    return {row.company: row.said for row in await session.all(select(companies.c.company, companies.c.said))}


async def any_cadence(session: Session) -> bool:
    """Whether any team has a rhythm of its own."""
    return await session.first(select(cadences.c.manager).limit(1)) is not None


async def set_in_chat(session: Session) -> list[str]:
    """The paths of all settings that app.yaml does not decide any more, for some company."""
    return sorted({path for kept in (await of_companies(session)).values() for path in said(kept)})
