"""Two accounts that an admin knows to be one person's."""

from datetime import datetime

from storage import directory, imports, merge
from storage.engine import Store
from storage.imports import Found, Kept


class CannotJoin(Exception):
    """These two cannot become one; says why, and what to do."""


async def join(store: Store, one: str, two: str, at: datetime) -> str:
    """Everything of the second one's is the first one's from now on. Returns a sentence that says so.

    Each is an e-mail address, an account, or "slack:T1/U1" where several workspaces have such an account. Raises
    CannotJoin.
    """
    async with store.transaction() as session:
        await directory.companies(session)
        found = await imports.found(session, (_split(name)[1] for name in (one, two)))
        kept, gone = _one(found, one), _one(found, two)
        if kept.id == gone.id:
            raise CannotJoin(f"{one} and {two} are one person already: {kept.name}.")
        if kept.company != gone.company:
            raise CannotJoin(
                f"{one} is of the company {kept.company} and {two} of {gone.company}. If they are one company, say so"
                " under companies in app.yaml."
            )
        await merge.merge(session, kept.id, gone.id, at, "cli")
    return f"{kept.name} ({one}) and {gone.name} ({two}) are one person now, with one history."


def _split(name: str) -> tuple[str, str]:
    workspace, slash, account = name.partition("/")
    return (workspace, account) if slash and ":" in workspace else ("", name)


def _one(found: Found, name: str) -> Kept:
    workspace, account = _split(name)
    those = found.those(account, workspace)
    if not those:
        raise CannotJoin(f"Nobody I know has {name!r}.")
    if len(those) > 1:
        raise CannotJoin(f"More than one person has {name!r}; write it with its workspace, such as slack:T1/{account}.")
    return those[0]
