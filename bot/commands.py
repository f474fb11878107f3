"""What each command of the command line does. Everything heavy is imported by the one that needs it."""

import argparse
import contextlib
import sys
from collections.abc import Callable, Coroutine
from typing import Any


def run_demo(args: argparse.Namespace) -> int:
    from bot.demo import demo

    with contextlib.suppress(KeyboardInterrupt):  # the way to end it
        _loop(demo(args.port))
    return 0


def run_serve(args: argparse.Namespace) -> int:
    import gc

    gc.disable()  # until all is there: looking through it again and again while it grows takes a fifth of the start
    from bot import logs
    from bot.settings import secrets, settings

    found, company = secrets(), settings()
    from bot.web import serve  # takes a second, and mistakes are told before

    logs.set_up(form=found.kadens_log)
    _loop(serve(found, company, args.host, args.port))
    return 0


def run_doctor(_: argparse.Namespace) -> int:
    from bot.doctor import examine

    found: int = _loop(examine())
    return found


def run_slack(args: argparse.Namespace) -> int:
    import json

    from bot.core.features import Routes
    from bot.platforms.slack.manifest import NoWords, manifest
    from bot.settings import Mistake, settings
    from handlers import FEATURES

    if not (args.url or args.socket_mode):
        raise Mistake("Slack has to know where to send: add --url https://…, or --socket-mode.")
    many = args.many or args.org
    if many and not args.url:
        raise Mistake("Who installs the app comes back to a page of this server: add --url https://….")
    try:
        found = manifest(Routes(*FEATURES), settings(), args.url or "", args.socket_mode, many, args.org)
    except NoWords as error:
        raise Mistake(str(error)) from None
    print(json.dumps(found, indent=2, ensure_ascii=False))
    return 0


def run_teams(args: argparse.Namespace) -> int:
    from bot.core.features import Routes
    from bot.platforms.teams.manifest import package
    from bot.settings import Mistake, secrets, settings
    from handlers import FEATURES

    try:
        packed = package(Routes(*FEATURES), settings(), secrets().teams_app_id or "", args.url)
    except ValueError:
        raise Mistake("TEAMS_APP_ID is missing or no app id: copy it from the bot's page at Azure into .env.") from None
    args.out.write_bytes(packed)
    print(f"{args.out} is written; upload it in the Teams admin centre under Manage apps.")
    return 0


def run_import_goals(args: argparse.Namespace) -> int:
    from bot.imports.goals import load

    return _imported(args, "Goals", load)


def run_import_people(args: argparse.Namespace) -> int:
    from bot.imports.people import load

    return _imported(args, "People", load)


def run_import_catalogue(args: argparse.Namespace) -> int:
    from bot.imports.catalogue import load

    return _imported(args, "Catalogue", load)


def run_join(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from bot.joining import CannotJoin, join

    print(_stored(lambda store: join(store, args.kept, args.gone, datetime.now(UTC)), CannotJoin))
    return 0


def run_export(args: argparse.Namespace) -> int:
    from bot import records
    from bot.settings import Mistake

    for path in records.write(args.out, _stored(lambda store: records.everything(store, args.account), Mistake)):
        print(path)
    return 0


def run_erase(args: argparse.Namespace) -> int:
    from bot import records
    from bot.settings import Mistake

    person = _stored(lambda store: records.find(store, args.account), Mistake)
    if not args.yes and not _sure(f"Erase {person.name} ({person.workspace}/{person.account}) for good? Type erase: "):
        print("Nothing was erased.")
        return 1
    _stored(lambda store: records.erase(store, person, args.all), Mistake)
    print("It is done. Copies in your backups go when you let those go.")
    return 0


def _sure(question: str) -> bool:
    try:
        return input(question).strip().lower() == "erase"
    except EOFError:  # nobody is there to be asked
        return False


def _imported(args: argparse.Namespace, what: str, load: Callable[..., Coroutine[Any, Any, Any]]) -> int:
    """`load(store, body, at, company, dry)` reads the file and returns an Outcome; it may raise NoCompany."""
    from datetime import UTC, datetime

    from bot.imports import NoCompany

    body, at = args.file.read_bytes(), datetime.now(UTC)
    outcome = _stored(lambda store: load(store, body, at, args.company, args.dry_run), NoCompany)
    print(outcome.told(what, args.dry_run))
    return 1 if outcome.problems else 0


def _stored(work: Callable[[Any], Coroutine[Any, Any, Any]], told: type[Exception]) -> Any:
    """What `work(store)` gives on a database that is up to date; what it has `told` is said as it is."""
    from bot.databases import broken_database
    from bot.settings import Mistake, settings
    from storage import schema
    from storage.engine import Store

    company, url = settings(), _database()
    if _changed(url, schema.current(url)) != schema.head():
        raise Mistake("The database is not up to date: run kadens db upgrade first.")

    async def done() -> Any:
        store = Store(url, company)
        try:
            return await work(store)
        finally:
            await store.close()

    try:
        return _loop(done())
    except told as error:
        raise Mistake(str(error)) from None
    except Exception as error:
        raise Mistake(broken_database(url, error)) from None


def run_backup(args: argparse.Namespace) -> int:
    from bot.backup import backup

    url = _database()
    print(_changed(url, backup(url, args.file)))
    return 0


def run_restore(args: argparse.Namespace) -> int:
    from bot.backup import restore

    url = _database()
    print(_changed(url, restore(url, args.file, args.replace)))
    return 0


def run_upgrade(_: argparse.Namespace) -> int:
    from storage import schema

    url = _database()
    _changed(url, schema.upgrade(url))
    return run_current(_)


def run_downgrade(args: argparse.Namespace) -> int:
    from bot.settings import Mistake, shown
    from storage import schema

    url = _database()
    if not _changed(url, schema.current(url)):
        raise Mistake(f"The database {shown(url)} has no revision yet, so there is none to go back to.")
    try:
        _changed(url, schema.downgrade(url, args.revision))
    except Mistake:
        raise Mistake(f"The database cannot go back to {args.revision!r}: that is no earlier revision of it.") from None
    return run_current(args)


def run_new_key(_: argparse.Namespace) -> int:
    from bot.core.sealed import new_key

    print(new_key())
    return 0


def run_rotate_keys(args: argparse.Namespace) -> int:
    from bot.core.sealed import Sealer
    from bot.settings import Mistake, secrets
    from storage import slack
    from storage.engine import Store

    found = secrets()
    if not found.kadens_keys:
        raise Mistake("KADENS_KEYS is missing: `kadens keys new` makes a key")
    sealer = Sealer(found.kadens_keys)

    async def rotate() -> int:
        store = Store(found.database_url)
        try:
            async with store.transaction() as session:
                changed, lost = await slack.reseal(session, sealer)
                if args.forget_lost:
                    for workspace in lost:
                        await slack.forget(session, workspace)
        finally:
            await store.close()
        print(f"{changed} tokens are sealed anew")
        if lost and args.forget_lost:
            print(f"forgotten: {', '.join(lost)}; they have to install the app anew")
        elif lost:
            print(f"No key of KADENS_KEYS opens those of {', '.join(lost)}: put back the key they were sealed with")
        return int(bool(lost) and not args.forget_lost)

    return int(_changed(found.database_url, rotate()))


def run_current(_: argparse.Namespace) -> int:
    from storage import schema

    url = _database()
    found, head = _changed(url, schema.current(url)), schema.head()
    print(f"{found or 'nothing yet'}{'' if found == head else f'; this release wants {head}: kadens db upgrade'}")
    return 0


def _database() -> str:
    from bot.settings import secrets

    return secrets().database_url


def _changed(url: str, work: Coroutine[Any, Any, Any]) -> Any:
    from bot.databases import broken_database
    from bot.settings import Mistake

    try:
        return _loop(work)
    except Mistake:
        raise
    except Exception as error:
        raise Mistake(broken_database(url, error)) from None


def _loop(work: Coroutine[Any, Any, Any]) -> Any:
    """uvloop where there is one: twice as many requests a second."""
    import asyncio

    factory: Callable[[], Any] | None = None
    if sys.platform != "win32":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(work)
