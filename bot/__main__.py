"""The command line. Everything heavy is imported by the command that needs it, so that help comes at once."""

import argparse
import contextlib
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

EPILOG = """\
To begin:
  kadens demo                                   try it in a browser, without Slack or Teams
  kadens manifest slack --url https://bot.example.com
                                                what Slack asks for when you create the app
  kadens doctor                                 what is missing or wrong, and how to mend it
  kadens serve --host 0.0.0.0 --port 8080       run it for your company

Secrets stand in .env (see .env.example), everything else in app.yaml. Both are looked for in the current directory;
KADENS_CONFIG names another app.yaml.
"""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="kadens",
        description="Kadens: check-ins, kudos, GROW talks and quarterly reviews in Slack and Microsoft Teams.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", metavar="command", required=True)
    _demo(commands)
    _serve(commands)
    _doctor(commands)
    _manifest(commands)
    _import(commands)
    _people(commands)
    _export(commands)
    _erase(commands)
    _db(commands)
    return top


def _command(commands: Any, name: str, run: Any, short: str, long: str, *examples: str) -> argparse.ArgumentParser:
    found: argparse.ArgumentParser = commands.add_parser(
        name,
        help=short,
        description=long,
        epilog="\n".join(("Examples:", *(f"  {example}" for example in examples))) if examples else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if run:
        found.set_defaults(run=run)
    return found


def _demo(commands: Any) -> None:
    long = (
        "Opens a chat in your browser in which you can be any of a dozen example people, use every feature\n"
        "and move the clock. It needs no account, listens on this machine only, and forgets everything when it ends."
    )
    short = "try it in a browser, without Slack or Teams"
    demo = _command(commands, "demo", run_demo, short, long, "kadens demo", "kadens demo --port 9000")
    demo.add_argument("--port", type=_port, default=8765, help="the port to listen on (default: 8765)")


def _serve(commands: Any) -> None:
    long = (
        "Runs Kadens for Slack, Teams or both, whichever .env configures, until it is told to stop (Ctrl+C, SIGTERM).\n"
        "It brings its database up to date first. /healthz says that it lives, /readyz that it can work."
    )
    short = "run it for your company"
    examples = ("kadens serve", "kadens serve --host 0.0.0.0 --port 8080")
    serve = _command(commands, "serve", run_serve, short, long, *examples)
    serve.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1, this machine)"
    )
    serve.add_argument("--port", type=_port, default=8080, help="the port to listen on (default: 8080)")


def _doctor(commands: Any) -> None:
    long = (
        "Looks at everything Kadens needs and says what is missing or wrong, a line each, and how to mend it.\n"
        "  ✓ fine   ! may be as you want it   ✗ has to be mended (the exit code is 1 then)"
    )
    _command(commands, "doctor", run_doctor, "say what is missing or wrong, and how to mend it", long, "kadens doctor")


def _manifest(commands: Any) -> None:
    long = "Prints or writes what a platform wants to know of an app before it lets it in, made from this very code."
    manifest = _command(commands, "manifest", None, "what Slack or Teams wants to know of the app", long)
    platforms = manifest.add_subparsers(dest="platform", metavar="platform", required=True)
    slack = _command(
        platforms,
        "slack",
        run_slack,
        "print the app manifest for Slack",
        "Prints the manifest (JSON) to paste at api.slack.com/apps → Create New App → From a manifest.",
        "kadens manifest slack --url https://bot.example.com",
        "kadens manifest slack --socket-mode",
    )
    slack.add_argument("--url", type=_address, help="where Slack reaches this server, https://…")
    slack.add_argument("--socket-mode", action="store_true", help="for a server that Slack cannot reach")
    teams = _command(
        platforms,
        "teams",
        run_teams,
        "write the app package for Teams",
        "Writes the package (zip) to upload in the Teams admin centre. TEAMS_APP_ID must stand in .env.",
        "kadens manifest teams --url https://bot.example.com",
        "kadens manifest teams --url https://bot.example.com --out kadens-test.zip",
    )
    teams.add_argument("--url", type=_address, required=True, help="where Teams reaches this server, https://…")
    teams.add_argument("--out", type=Path, default=Path("kadens-teams.zip"), help="the file (default: %(default)s)")


def _import(commands: Any) -> None:
    long = (
        "Reads a CSV file from a spreadsheet: all of it or, if anything is wrong with it, nothing. Every problem\n"
        "is told by its line. The same file twice changes nothing. The exit code is 1 where there were problems."
    )
    top = _command(commands, "import", None, "read people or goals from a CSV file", long)
    what = top.add_subparsers(dest="what", metavar="what", required=True)
    goals = _command(
        what,
        "goals",
        run_import_goals,
        "goals of the company and its teams",
        "Sets or changes the goals of the company and its teams. Columns: level (company or team), team, title, why,\n"
        "kind (measure, objective or milestone), start, target, unit, due, parent (the title of a company goal),\n"
        "owner (e-mail or account of who looks after it). level and title are needed, the others may be left out.",
        "kadens import goals goals.csv --dry-run",
        "kadens import goals goals.csv",
    )
    _import_arguments(goals)
    people = _command(
        what,
        "people",
        run_import_people,
        "who manages whom, teams, roles, countries, days and hours",
        "Says who people are in the company. They have to be known from Slack or Teams already. Columns:\n"
        "  email or account (and workspace, where several have it)   whom the line is about\n"
        "  name, team        as you write them\n"
        "  manager           e-mail address or account\n"
        "  role              manager, hr, admin, leader, or any that kudos.allowance in app.yaml names\n"
        "  country           for public holidays, such as NL or DE-BY\n"
        "  days, start, end  when they work: mon-thu, 08:30, 17:00\n"
        "  started           their first day: 2026-12-01\n"
        "Only columns that are there change anything. An empty cell leaves what there is, - clears it.",
        "kadens import people people.csv --dry-run",
        "kadens import people people.csv",
    )
    _import_arguments(people)


def _people(commands: Any) -> None:
    people = _command(commands, "people", None, "join two accounts of one person", "Looks after who is who.")
    todo = people.add_subparsers(dest="todo", metavar="what", required=True)
    join = _command(
        todo,
        "join",
        run_join,
        "make one person of two accounts",
        "Somebody who uses Slack and Teams is one person, with one history, and gets each nudge once. Where their\n"
        "e-mail address is the same on both, Kadens sees that by itself. Everything of the second becomes the\n"
        "first one's; that cannot be undone. Each is an e-mail address, an account, or workspace/account.",
        "kadens people join slack:T0123456789/U0123456789 29:1a-ana",
    )
    join.add_argument("kept", metavar="ACCOUNT", help="who stays")
    join.add_argument("gone", metavar="ACCOUNT", help="who becomes the same person")


def _import_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=Path, help="the CSV file, in UTF-8")
    command.add_argument("--dry-run", action="store_true", help="only say what would happen, and what is wrong")
    command.add_argument("--company", default="", help="which company it is about, where there are several")


ACCOUNT = "the platform's id of their account (U0123456789, or slack:T0123456789/U0123456789), or their e-mail"


def _export(commands: Any) -> None:
    long = (
        "Writes all that is kept about a person into two files, a page to read and the same as data (JSON), as\n"
        "/kadens my-data does for themselves."
    )
    short, example = "everything about a person, as two files", "kadens export U0123456789 --out for-ana"
    export = _command(commands, "export", run_export, short, long, example)
    export.add_argument("account", help=ACCOUNT)
    export.add_argument("--out", type=Path, required=True, help="the folder to write them into")


def _erase(commands: Any) -> None:
    long = (
        "Erases a person at once, as /kadens erase does for themselves: what is theirs goes, what they gave to others\n"
        "stays with those without the name. It cannot be undone. Copies in your backups go when you let those go."
    )
    short = "erase a person, for good"
    examples = ("kadens erase U0123456789", "kadens erase ana@example.com --yes")
    erase = _command(commands, "erase", run_erase, short, long, *examples)
    erase.add_argument("account", help=ACCOUNT)
    erase.add_argument("--yes", action="store_true", help="do not ask first")
    erase.add_argument("--all", action="store_true", help="what they gave to others goes too: kudos, feedback, replies")


def _db(commands: Any) -> None:
    long = "Changes the shape of the database that DATABASE_URL names. `kadens serve` upgrades by itself."
    db = _command(commands, "db", None, "look after the database's shape", long)
    todo = db.add_subparsers(dest="todo", metavar="what", required=True)
    _command(todo, "upgrade", run_upgrade, "bring it to this release", "Brings the database to this release's shape.")
    down = _command(
        todo,
        "downgrade",
        run_downgrade,
        "take it back to an earlier release",
        "Takes the database back to an earlier revision; what that one did not know is lost. Make a copy before.",
        "kadens db current",
        "kadens db downgrade 0001",
    )
    down.add_argument("revision", help="the revision to go back to, as `kadens db current` showed it; base: to nothing")
    _command(todo, "current", run_current, "say which revision it is at", "Says which revision the database is at.")


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; write a number from 1 to 65535")
    return int(text)


def _address(text: str) -> str:
    if not text.startswith("https://") or len(text) < 9:
        raise argparse.ArgumentTypeError(f"{text!r} is no address a platform would call; write https://…")
    return text


# The commands.


def run_demo(args: argparse.Namespace) -> int:
    from bot.demo import demo

    with contextlib.suppress(KeyboardInterrupt):  # the way to end it
        _loop(demo(args.port))
    return 0


def run_serve(args: argparse.Namespace) -> int:
    from bot import logs
    from bot.settings import secrets, settings

    found, company = secrets(), settings()
    from bot.web import serve  # takes a second, and mistakes are told before

    logs.set_up()
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
    try:
        found = manifest(Routes(*FEATURES), settings(), args.url or "", args.socket_mode)
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
    from bot.settings import Mistake, settings
    from bot.web import broken_database
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
    from bot.settings import Mistake
    from bot.web import broken_database

    try:
        return _loop(work)
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


def main(argv: list[str] | None = None) -> int:
    """The `kadens` command. 0: done. 1: doctor found something. 2: it could not be done; one sentence says why."""
    args = parser().parse_args(argv)
    try:
        return int(args.run(args))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1
    except OSError as error:
        sentence = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    except Exception as error:
        from bot.core.pages import BrokenPage
        from bot.settings import Mistake

        sentence = str(error) if isinstance(error, Mistake | BrokenPage) else _broken(error)
    print(sentence, file=sys.stderr)
    return 2


def _broken(error: Exception) -> str:
    """A mistake of ours, by kind and place: its own words may be somebody's."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" in {Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else ""
    return f"Kadens has a fault: {type(error).__name__}{place}. Please report it."


if __name__ == "__main__":
    sys.exit(main())
