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
