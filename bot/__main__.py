"""The command line. Everything heavy is imported by the command that needs it, so that help comes at once."""

import argparse
import sys
from pathlib import Path
from typing import Any

from bot import commands as do

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
        description="Kadens: check-ins, kudos, goals, feedback, GROW talks and reviews in Slack and Microsoft Teams.",
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
    _backup(commands)
    _restore(commands)
    _keys(commands)
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
    demo = _command(commands, "demo", do.run_demo, short, long, "kadens demo", "kadens demo --port 9000")
    demo.add_argument("--port", type=_port, default=8765, help="the port to listen on (default: 8765)")


def _serve(commands: Any) -> None:
    long = (
        "Runs Kadens for Slack, Teams or both, whichever .env configures, until it is told to stop (Ctrl+C, SIGTERM).\n"
        "It brings its database up to date first. /healthz says that it lives, /readyz that it can work."
    )
    short = "run it for your company"
    examples = ("kadens serve", "kadens serve --host 0.0.0.0 --port 8080")
    serve = _command(commands, "serve", do.run_serve, short, long, *examples)
    serve.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1, this machine)"
    )
    serve.add_argument("--port", type=_port, default=8080, help="the port to listen on (default: 8080)")


def _doctor(commands: Any) -> None:
    long = (
        "Looks at everything Kadens needs and says what is missing or wrong, a line each, and how to mend it.\n"
        "  ✓ fine   ! may be as you want it   ✗ has to be mended (the exit code is 1 then)"
    )
    _command(
        commands, "doctor", do.run_doctor, "say what is missing or wrong, and how to mend it", long, "kadens doctor"
    )


def _manifest(commands: Any) -> None:
    long = "Prints or writes what a platform wants to know of an app before it lets it in, made from this very code."
    manifest = _command(commands, "manifest", None, "what Slack or Teams wants to know of the app", long)
    platforms = manifest.add_subparsers(dest="platform", metavar="platform", required=True)
    slack = _command(
        platforms,
        "slack",
        do.run_slack,
        "print the app manifest for Slack",
        "Prints the manifest (JSON) to paste at api.slack.com/apps → Create New App → From a manifest.",
        "kadens manifest slack --url https://bot.example.com",
        "kadens manifest slack --socket-mode",
    )
    slack.add_argument("--url", type=_address, help="where Slack reaches this server, https://…")
    slack.add_argument("--socket-mode", action="store_true", help="for a server that Slack cannot reach")
    slack.add_argument("--many", action="store_true", help="for an app that any workspace can install")
    slack.add_argument("--org", action="store_true", help="the same, and whole organisations (Enterprise Grid) too")
    teams = _command(
        platforms,
        "teams",
        do.run_teams,
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
    top = _command(commands, "import", None, "read people, goals or a catalogue from a CSV file", long)
    what = top.add_subparsers(dest="what", metavar="what", required=True)
    goals = _command(
        what,
        "goals",
        do.run_import_goals,
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
        do.run_import_people,
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
    catalogue = _command(
        what,
        "catalogue",
        do.run_import_catalogue,
        "what people can choose from when they plan what to learn",
        "Adds to the company's catalogue of what can be learned, or changes it. Columns: title, kind (job, project,\n"
        "team, mentor, coaching, course or rest; a course if it is not said), link, about. Only title is needed. The\n"
        "same title is the same offering, also that of app.yaml; what is not in the file stays.",
        "kadens import catalogue catalogue.csv --dry-run",
        "kadens import catalogue catalogue.csv",
    )
    _import_arguments(catalogue)


def _people(commands: Any) -> None:
    people = _command(commands, "people", None, "join two accounts of one person", "Looks after who is who.")
    todo = people.add_subparsers(dest="todo", metavar="what", required=True)
    join = _command(
        todo,
        "join",
        do.run_join,
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
    export = _command(commands, "export", do.run_export, short, long, example)
    export.add_argument("account", help=ACCOUNT)
    export.add_argument("--out", type=Path, required=True, help="the folder to write them into")


def _erase(commands: Any) -> None:
    long = (
        "Erases a person at once, as /kadens erase does for themselves: what is theirs goes, what they gave to others\n"
        "stays with those without the name. It cannot be undone. Copies in your backups go when you let those go."
    )
    short = "erase a person, for good"
    examples = ("kadens erase U0123456789", "kadens erase ana@example.com --yes")
    erase = _command(commands, "erase", do.run_erase, short, long, *examples)
    erase.add_argument("account", help=ACCOUNT)
    erase.add_argument("--yes", action="store_true", help="do not ask first")
    erase.add_argument("--all", action="store_true", help="what they gave to others goes too: kudos, feedback, replies")


def _backup(commands: Any) -> None:
    long = (
        "Writes everything the database holds into one file, as it stands at one moment; Kadens may run meanwhile.\n"
        "The file fits SQLite and PostgreSQL alike. People's words stand in it: only you can read it, and you let it\n"
        "go when its time is over."
    )
    short = "write everything into one file"
    example = "kadens backup /var/backups/kadens/$(date +%F).backup"
    backup = _command(commands, "backup", do.run_backup, short, long, example)
    backup.add_argument("file", type=Path, help="the file; an older backup of that name is replaced")


def _restore(commands: Any) -> None:
    long = (
        "Puts a backup into the database that DATABASE_URL names, SQLite or PostgreSQL, wherever it came from: all of\n"
        "it or, if anything is wrong with it, nothing. All rows are counted and compared then. Stop Kadens before."
    )
    short = "put a backup into the database"
    examples = ("kadens restore monday.backup", "kadens restore monday.backup --replace")
    restore = _command(commands, "restore", do.run_restore, short, long, *examples)
    restore.add_argument("file", type=Path, help="what `kadens backup` wrote")
    restore.add_argument("--replace", action="store_true", help="what is in the database now goes, for good")


def _keys(commands: Any) -> None:
    long = "Looks after KADENS_KEYS, which seal the tokens of the workspaces that installed the Slack app."
    keys = _command(commands, "keys", None, "make and change the keys that tokens are sealed with", long)
    todo = keys.add_subparsers(dest="todo", metavar="what", required=True)
    _command(todo, "new", do.run_new_key, "make a key", "Prints a new key, to be put into .env as KADENS_KEYS.")
    rotate = _command(
        todo,
        "rotate",
        do.run_rotate_keys,
        "seal everything with the first key",
        "Seals every token anew with the first of KADENS_KEYS. Then the others can be taken out.",
    )
    text = "forget tokens that no key opens: those workspaces have to install the app anew"
    rotate.add_argument("--forget-lost", action="store_true", help=text)


def _db(commands: Any) -> None:
    long = "Changes the shape of the database that DATABASE_URL names. `kadens serve` upgrades by itself."
    db = _command(commands, "db", None, "look after the database's shape", long)
    todo = db.add_subparsers(dest="todo", metavar="what", required=True)
    _command(
        todo, "upgrade", do.run_upgrade, "bring it to this release", "Brings the database to this release's shape."
    )
    down = _command(
        todo,
        "downgrade",
        do.run_downgrade,
        "take it back to an earlier release",
        "Takes the database back to an earlier revision; what that one did not know is lost. Make a copy before.",
        "kadens db current",
        "kadens db downgrade 0001",
    )
    down.add_argument("revision", help="the revision to go back to, as `kadens db current` showed it; base: to nothing")
    _command(todo, "current", do.run_current, "say which revision it is at", "Says which revision the database is at.")


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; write a number from 1 to 65535")
    return int(text)


def _address(text: str) -> str:
    if not text.startswith("https://") or len(text) < 9:
        raise argparse.ArgumentTypeError(f"{text!r} is no address a platform would call; write https://…")
    return text


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
