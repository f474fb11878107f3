"""What the operator does for a person who asks: hand over what is kept about them, or erase it."""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.core.cards import File
from bot.core.events import Due
from bot.core.features import Routes
from bot.core.people import Person
from bot.platforms.playground.outbound import CAN as PLAYGROUND
from bot.platforms.slack.outbound import SlackPlatform
from bot.platforms.teams.outbound import CAN as TEAMS
from bot.settings import Mistake
from bot.turn import Turns
from handlers import FEATURES
from handlers.export import files
from storage import export
from storage.engine import Store


async def everything(store: Store, account: str) -> tuple[File, File]:
    """The two files of `/kadens my-data`. Raises Mistake where nobody, or more than one person, is called so."""
    person = await find(store, account)
    async with store.reading() as session:
        return files(await export.of(session, person), datetime.now(UTC))


def write(folder: Path, documents: Iterable[File]) -> list[Path]:
    """Where they are now; readable for nobody else on this machine. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for file in documents:
        path = folder / file.name
        path.touch(mode=0o600)
        path.write_text(file.body, "utf-8")
        written.append(path)
    return written


async def find(store: Store, account: str) -> Person:
    """Who is called so: `slack:T1/U2`, or the account or e-mail alone. Raises Mistake."""
    async with store.reading() as session:
        found = await export.called(session, account)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Mistake(f"Nobody is known as {account!r}. Write the platform's id of their account, such as U0123456789.")
    several = ", ".join(sorted(f"{person.workspace}/{person.account}" for person in found))
    raise Mistake(f"{account!r} are {len(found)} people. Name one of them in full: {several}")


async def erase(store: Store, person: Person, words_too: bool) -> None:
    """As if they had pressed it themselves. What is to be said about it is said by the next serve."""
    cans = {"slack": SlackPlatform.can, "teams": TEAMS, "playground": PLAYGROUND}
    base: dict[str, Any] = {"actor": person, "place": person.home, "at": datetime.now(UTC)}
    id = f"erasure/{secrets.token_hex(8)}"  # not made of who it was
    due = Due(id=id, **base, rhythm="erasure", period="take" if words_too else "keep")
    await Turns(Routes(*FEATURES), store, cans).take(due)
