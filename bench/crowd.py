"""A database with as many people as one likes and what they leave behind in a few months: made by one statement a
table, where it is kept. SQLite, and PostgreSQL. Person 0 is looked at: a manager with thirty reports."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as hour

from sqlalchemy import text

from bot.core.cadences import Beat, Stage, written
from bot.core.calendar import Calendar, Every
from bot.core.settings import Settings
from storage.engine import Session, Store
from storage.schema import metadata

NOW = datetime(2026, 12, 1, 10, tzinfo=UTC)  # a first Tuesday: the check-in is due where it is ten to three
BLOCK = 1000  # people of a company; in the largest a tenth of all, if that is more
TEAMS = 500
ZONES = (
    *("Europe/Amsterdam", "Europe/Stockholm", "Europe/Lisbon", "Europe/Helsinki", "Europe/London", "Europe/Madrid"),
    *("Europe/Berlin", "Europe/Paris", "Europe/Rome", "Europe/Warsaw", "Europe/Athens", "Africa/Johannesburg"),
    *("Africa/Lagos", "Africa/Cairo", "Europe/Vienna", "Europe/Zurich", "Europe/Dublin", "Europe/Oslo"),
    *("Asia/Dubai", "Asia/Kolkata"),
)
HOURS = ("01234|09:00|17:00", "01234|08:00|16:30", "0123|09:00|18:00")  # the last two of one in ten each
CHOSEN: tuple[tuple[Every, str], ...] = (
    ("week", "tuesday"),
    ("month", "day 1"),
    ("month", "first tuesday"),
    ("quarter", "last workday"),
    ("week", "last workday"),
)


@dataclass(frozen=True)
class Crowd:
    """So many people, in this dialect of SQL."""

    people: int
    sqlite: bool = True
    history: bool = True  # what they left behind; without it there are people only

    @property
    def large(self) -> int:
        return max(BLOCK, self.people // 10)

    def base(self, number: int) -> int:
        """The first of somebody's company."""
        return 0 if number < self.large else number // BLOCK * BLOCK

    def beside(self, number: int) -> int:
        """Somebody of the same company who is there."""
        base, size = self.base(number), BLOCK if self.base(number) else self.large
        following = (base + (number - base + n) % size for n in range(1, size))
        return next(each for each in following if not self.away(each))

    def away(self, number: int) -> bool:
        """Who has left, guests and bots."""
        return number % 33 == 32 or number % 101 == 100 or number % 997 == 996

    def id(self, i: str = "i") -> str:
        """Without any order, as real ones are."""
        mixed = f"({i}) * 2654435761 % 4294967296"
        if self.sqlite:
            return f"printf('%08x%08x', {mixed}, {i})"
        return f"lpad(to_hex(({mixed})::bigint), 8, '0') || lpad(to_hex(({i})::bigint), 8, '0')"

    def ago(self, hours: str) -> str:
        if self.sqlite:
            return f"strftime('%Y-%m-%d %H:%M:%f000', '{NOW:%Y-%m-%d %H:%M:%S}', -({hours}) || ' hours')"
        return f"timestamp '{NOW:%Y-%m-%d %H:%M:%S}' - ({hours}) * interval '1 hour'"

    def flag(self, condition: str) -> str:
        return f"({condition})" if not self.sqlite else f"(CASE WHEN {condition} THEN 1 ELSE 0 END)"

    def tables(self, settings: Settings) -> Iterator[tuple[str, int, dict[str, str]]]:
        """Table, how many rows, and what each column is by the row's number `i`."""
        yield from self._people(settings)
        if self.history:
            yield from self._said()
            yield from self._goals()
            yield from self._quarter()
            yield from self._traffic()

    def _people(self, settings: Settings) -> Iterator[tuple[str, int, dict[str, str]]]:
        base = f"(CASE WHEN i < {self.large} THEN 0 ELSE i / {BLOCK} * {BLOCK} END)"
        place = {"workspace": f"'slack:T' || {base}", "account": "'U' || i"}
        zone = _cases("i % 20", [f"'{zone}'" for zone in ZONES])
        keys = [settings.people.calendar(zone).key for zone in ZONES]
        hours = [[_with(key, each) for key in keys] for each in HOURS]
        own = [_cases("i / 20 % 10", [f"'{c}'", f"'{b}'"], f"'{a}'") for a, b, c in zip(*hours, strict=True)]
        calendar = _cases("i % 20", own)
        yield "people", self.people, {
            **place, "id": self.id(), "company": place["workspace"], "name": "'Person ' || i", "lang": "'en'",
            "zone": zone, "calendar": calendar, "manager": self._above(),
            "gone": self.flag("i % 33 = 32"), "guest": self.flag("i % 101 = 100"), "bot": self.flag("i % 997 = 996"),
            "started": f"CASE WHEN i % 211 = 210 THEN {self._day('2026-11-28')} END", "profiled_at": self.ago("1000"),
            "team": "'Team ' || (i / 10 % 97)",
        }  # fmt: skip
        yield "accounts", self.people, {**place, "person": self.id(), "email": "'p' || i || '@example.org'"}
        away = {"person": self.id("i * 37"), "rhythm": "'*'"}
        lasts = [self._day(day) for day in ("2026-11-27", "2026-12-04", "2027-01-05")]
        since, until = self._day("2026-11-20"), _cases("i % 3", lasts)
        yield "absences", self.people // 37, {**away, "id": "'away:' || i", "first": since, "last": until}

    def _day(self, day: str) -> str:
        return f"'{day}'" if self.sqlite else f"date '{day}'"

    def _said(self) -> Iterator[tuple[str, int, dict[str, str]]]:
        people, place = self.people, {"workspace": "'slack:T0'", "conversation": "'C1'"}
        said = {"words": "'thanks for number ' || i", "day": self._day("2026-11-01"), "kind": "'public'"}
        near = f"(i / {BLOCK} * {BLOCK} + i * 7919 % {BLOCK}) % {people}"
        anybody = self.id(f"(i % {people})"), self.id(near)
        for name, rows, giver, receiver, at in (
            ("kudos", 2 * people, *anybody, "i % 20000"),
            ("own", 500, self.id("(40 + i)"), self.id("0"), "i"),
        ):
            between = {"giving": f"'{name}:' || i", "giver": giver, "receiver": receiver, "at": self.ago(at)}
            yield "kudos", rows, {**place, **said, **between}
        told = """'[{"question":"well","asked":"?","reply":"it went well","message":""}]'"""
        about = {"dialogue": "'checkin'", "seeds": "'{}'", "given": told, "state": "'finished'"}
        for name, rows, person, ago in (
            ("talk", people, self.id(), "720"),
            ("mine", 24, self.id("0"), "i * 720 + 1500"),
        ):
            mine, month = {"id": f"'{name}:' || i", "person": person}, self.ago(ago)
            period = "'2026-10'" if name == "talk" else self._month("(i + 3)")
            yield "dialogues", rows, {**mine, **about, "subject": period, "began": month, "touched": month}
            yield "checkins", rows, {**mine, "period": period, "at": month}
        words = dict.fromkeys(("situation", "behaviour", "impact"), "'in the meeting of day ' || i")
        between = {"giver": anybody[0], "receiver": anybody[1], "seen_by": "'receiver'"}
        yield "feedback", people, {"id": "'feedback:' || i", **between, **words, "at": self.ago("i % 9000")}

    def _month(self, back: str) -> str:
        year, month = f"2026 - ({back}) / 12", f"12 - ({back}) % 12"
        if self.sqlite:
            return f"printf('%d-%02d', {year}, {month})"
        return f"({year})::text || '-' || lpad(({month})::text, 2, '0')"

    def _goals(self) -> Iterator[tuple[str, int, dict[str, str]]]:
        who = f"(CASE WHEN i < 20 THEN 0 ELSE i * 31 % {self.people} END)"
        base = f"(CASE WHEN {who} < {self.large} THEN 0 ELSE {who} / {BLOCK} * {BLOCK} END)"
        goal = {"id": "'goal:' || i", "company": f"'slack:T' || {base}", "person": self.id(who), "set_by": self.id("0")}
        what = {"title": "'Goal ' || i", "level": "'personal'", "kind": "'measure'", "visibility": "'team'"}
        how = {"start": "0", "target": "100", "value": "60", "state": "'open'", "word": "'going well'"}
        when = {"word_at": self.ago("i % 900"), "at": self.ago("i % 2000")}
        yield "goals", self.people // 5, {**goal, **what, **how, **when}
        word = {
            "id": "'update:' || i",
            "goal": "'goal:' || (i % 20)",
            "author": self.id("0"),
            "story": "'a word ' || i",
        }
        yield "goal_updates", 200, {**word, "at": self.ago("i")}
        point = {"id": "'point:' || i", "person": self.id("(1 + i)"), "manager": self.id("0"), "words": "'about ' || i"}
        yield "agenda", 30, {**point, "source": "'s' || i", "at": self.ago("i")}

    def _quarter(self) -> Iterator[tuple[str, int, dict[str, str]]]:
        """What everybody has with whoever manages them, and what some are learning, and promised."""
        people, boss = self.people, f"coalesce({self._above()}, {self.id()})"
        own, pair = {"person": self.id()}, {"one": boss, "other": self.id()}
        later = _cases("i % 3", [self._day(day) for day in ("2026-12-03", "2026-12-10", "2027-01-05")])
        yield "expectations", people, {
            **own, "id": "'expectations:' || i", "author": boss, "words": "'what number ' || i || ' is there for'",
            "at": self.ago("i % 4000 + 200"), "seen_at": f"CASE WHEN i % 5 > 0 THEN {self.ago('100')} END",
        }  # fmt: skip
        yield "aspirations", people, {
            **own, "id": "'aspiration:' || i", "words": "'number ' || i || ' leads a team'", "state": "'open'",
            "at": self.ago("i % 4000"),
        }  # fmt: skip
        for state, rows in (("open", people // 2), ("done", people)):
            yield "learning", rows, {
                **own, "id": f"'learning:{state}' || i", "kind": "'course'", "words": "'course ' || i", "day": later,
                "state": f"'{state}'", "at": self.ago("i % 4000"),
            }  # fmt: skip
        for name, state, ago in (("talk", "agreed", "1300"), ("now", "preparing", "300")):
            period = "'2026-Q3'" if name == "talk" else "'2026-Q4'"
            yield "summaries", people if name == "talk" else people // 3, {
                **own, "id": f"'{name}:' || i", "manager": boss, "period": period, "state": f"'{state}'",
                "at": self.ago(ago), "reflected_at": self.ago(ago), "words": "'what number ' || i || ' agreed'",
            }  # fmt: skip
        yield "oneonones", people, {
            **pair, "id": "'pair:' || i", "first": self._day("2026-09-01"), "weeks": "2", "zone": "'Europe/Amsterdam'",
            "hour": self._hour(), "state": "'agreed'", "proposed_at": self.ago("2200"),
        }  # fmt: skip
        for state, day, ago in (("held", "2026-11-24", "170"), ("planned", "2026-12-08", "-170")):
            yield "meetings", people, {
                **pair, "id": f"'meeting:{state}' || i", "pair": "'pair:' || i", "day": self._day(day),
                "at": self.ago(ago), "state": f"'{state}'",
            }  # fmt: skip
        yield "promises", people, {
            **own, "id": "'promise:' || i", "other": boss, "words": "'I will see to ' || i", "source": "'pair:' || i",
            "at": self.ago("170"), "state": "CASE WHEN i % 3 = 0 THEN 'open' ELSE 'done' END",
        }  # fmt: skip
        yield "mentorings", people // 50, {
            "id": "'mentoring:' || i", "offer": "'offer:' || i", "mentor": self.id("i * 50"), "topic": "'writing'",
            "mentee": self.id("i * 50 + 1"), "at": self.ago("500"), "state": "'accepted'",
        }  # fmt: skip
        yield "improvements", people // 100, {
            "id": "'improvement:' || i", "person": self.id("i * 100 + 3"), "manager": self.id("i * 100"),
            "ends": self._day("2027-01-05"), "at": self.ago("500"), "state": "'running'", "round": "1",
        }  # fmt: skip
        yield "followups", people, {**own, "rhythm": "'learning'", "about": "'learning:open' || i", "day": later}
        yield "attention", people, {**own, "week": "'2026-W48'", "told": "i % 3"}
        yield "held", people // 20, {
            "key": "'held:' || i", "person": self.id("i * 20"), "card": "'{}'", "at": self.ago("50"),
        }  # fmt: skip

    def _above(self) -> str:
        """Whoever manages number `i`; nobody is above the first of a company."""
        base = f"(CASE WHEN i < {self.large} THEN 0 ELSE i / {BLOCK} * {BLOCK} END)"
        above = f"(CASE WHEN i - {base} <= 30 THEN {base} ELSE {base} + (i - {base}) / 10 END)"
        return f"CASE WHEN i <> {base} THEN {self.id(above)} END"

    def _hour(self) -> str:
        return "'10:00:00.000000'" if self.sqlite else "time '10:00'"

    def _traffic(self) -> Iterator[tuple[str, int, dict[str, str]]]:
        nudge = {"person": self.id(), "rhythm": "'checkin'", "step": "0", "state": "'answered'"}
        for month, ago in (("2026-10", "1350"), ("2026-11", "670")):
            yield "nudges", self.people, {**nudge, "period": f"'{month}'", "due_at": self.ago(ago)}
        yield "events", self.people, {"id": "'event:' || i", "at": self.ago("i % 700")}
        sent = {"key": "'event:' || i", "verb": "'post'", "kind": "'direct'", "tries": "1", "sent_as": "'17.' || i"}
        place = {"workspace": f"'slack:T' || (i / {BLOCK})", "conversation": f"'U' || i % {self.people}"}
        when = {"not_before": self.ago("i % 700"), "sent_at": self.ago("i % 700")}
        yield "outbox", self.people, {**sent, **place, **when}
        yield "homes", max(self.people // 10, 1), {
            "person": self.id(), "workspace": "'slack:T0'", "account": "'U' || i", "shown_at": self.ago("i % 400"),
        }  # fmt: skip


def _cases(by: str, values: list[str], other: str = "") -> str:
    whens = " ".join(f"WHEN {n} THEN {value}" for n, value in enumerate(values))
    return f"(CASE {by} {whens}{f' ELSE {other}' if other else ''} END)"


def _with(key: str, hours: str) -> str:
    zone, country, *_ = key.split("|")
    return Calendar.parse(f"{zone}|{country}|{hours}").key


async def fill(store: Store, crowd: Crowd, teams: int = TEAMS) -> None:
    """Into an empty database of the newest shape. `teams`: so many managers have chosen a rhythm for theirs."""
    async with store.engine.connect() as connection:
        if crowd.sqlite:
            raw = (await connection.get_raw_connection()).driver_connection
            for pragma in ("synchronous = OFF", "cache_size = -400000", "foreign_keys = OFF", "secure_delete = OFF"):
                await raw.execute(f"PRAGMA {pragma}")  # type: ignore[union-attr]
        else:
            await connection.execute(text("SET session_replication_role = replica"))
        session = Session(connection, store.settings)
        filled = {table for table, *_ in crowd.tables(store.settings)}
        indexes = [index for table in sorted(filled) for index in metadata().tables[table].indexes]
        for index in indexes:  # made afterwards, in order: much faster than one row after the other
            await connection.run_sync(index.drop)
        for table, rows, columns in crowd.tables(store.settings):
            await session.run(text(_insert(crowd, table, rows, columns)))
        await _cadences(session, crowd, teams)
        for index in indexes:
            await connection.run_sync(index.create)
        await connection.commit()
        await connection.invalidate()  # as it was set up here it is nobody else's


def _insert(crowd: Crowd, table: str, rows: int, columns: dict[str, str]) -> str:
    given = {**_blanks(crowd, table), **columns}
    names = ", ".join(f'"{name}"' for name in given)
    many = f"n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {rows})"
    if not crowd.sqlite:
        many = f"n(i) AS (SELECT generate_series(0::bigint, {rows - 1}))"
    # A colon in a value is no parameter.
    values = f"SELECT {', '.join(given.values())} FROM n".replace(":", "\\:").replace("\\:\\:", "::")
    recursive = "RECURSIVE " if crowd.sqlite else ""
    return f"INSERT INTO {table} ({names}) WITH {recursive}{many} {values}"


def _blanks(crowd: Crowd, table: str) -> dict[str, str]:
    """For each column that must not be empty, the emptiest there is."""
    blank = {"Boolean": crowd.flag("1 = 0"), "Integer": "0", "Float": "0"}
    columns = [column for column in metadata().tables[table].columns if not column.nullable]
    return {
        column.name: blank.get(type(column.type).__name__, "''")
        for column in columns
        if not (column.primary_key and type(column.type).__name__ == "Integer" and column.name == "id")
    }


async def _cadences(session: Session, crowd: Crowd, teams: int) -> None:
    beats = [Beat(on, hour(9), every) for every, on in CHOSEN]
    said = [written({"checkin": (Stage(date.min, beat),)}) for beat in beats]
    cadences = metadata().tables["cadences"]
    managers = range(min(crowd.people, crowd.large) // 10)  # of the largest company
    leaders = random.Random(7).sample(managers, min(teams, len(managers) // 2))
    if leaders:
        rows = [{"manager": identity(n), "said": said[n % len(said)], "at": NOW} for n in leaders]
        await session.run(cadences.insert(), rows)


def identity(i: int) -> str:
    """Crowd.id, of one."""
    return f"{i * 2654435761 % 4294967296:08x}{i:08x}"
