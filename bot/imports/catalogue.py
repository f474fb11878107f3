"""What a company offers to learn from, from a file: all that is wrong at once, then all or nothing, and never twice."""

from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches

from bot.core.learning import KINDS, Kind, Offering
from bot.imports import Outcome, Problem, Row, company_of, sheet
from storage import catalogue, imports
from storage.engine import Store

COLUMNS = ("title", "kind", "link", "about")
SIZES = {"title": 120, "link": 300, "about": 300}  # characters, as in app.yaml


async def load(store: Store, body: bytes, at: datetime, company: str = "", dry: bool = False) -> Outcome:
    """Read the file into the store; `dry` only says what would happen. With any problem nothing is written.

    Raises NoCompany where it cannot be told whose catalogue this is.
    """
    async with store.transaction() as session:
        company = company_of(await imports.companies(session), company)
        read = sheet(body, COLUMNS, ("title",))
        known = {each.id: each for each in await catalogue.kept(session, company)}
        outcome, found, seen = Outcome(problems=list(read.problems)), list[Offering](), dict[str, int]()
        for row in read.rows if "title" in read.columns else ():
            outcome.problems += wrong(row)
            each = Offering(_line(row["title"]), _kind(row), row["link"], _line(row["about"]))
            if each.title and (line := seen.setdefault(each.id, row.line)) != row.line:
                outcome.problems.append(row.problem("title", f"is the same offering as on line {line}"))
            before = known.get(each.id)
            outcome.added += before is None
            outcome.changed += before not in (None, each)
            outcome.same += before == each
            found.append(each)
        if not (outcome.problems or dry):
            await catalogue.Listed(company, tuple(found)).save(session)
    return outcome


def wrong(row: Row) -> Iterator[Problem]:
    if not row["title"]:
        yield row.problem("title", "is empty")
    for column, most in SIZES.items():
        if len(row[column]) > most:
            yield row.problem(column, f"has {len(row[column])} characters; {most} are the most")
    if row["kind"] and row["kind"].lower() not in KINDS:
        near = get_close_matches(row["kind"].lower(), KINDS, 1)
        hint = f"did you mean {near[0]}?" if near else f"write one of {', '.join(KINDS)}"
        yield row.problem("kind", f"“{row['kind'][:40]}” is no kind; {hint}")
    if row["link"] and not row["link"].startswith(("https://", "http://")):
        yield row.problem("link", "is no address; write it like https://learn.example.com/writing")


def _line(text: str) -> str:
    return " ".join(text.split())


def _kind(row: Row) -> Kind:
    return next((kind for kind in KINDS if kind == row["kind"].lower()), "course")
