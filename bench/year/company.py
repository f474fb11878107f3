"""Who works there: teams of ten over two platforms and many zones, who comes, who leaves, and who is away when."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from bench.year.calendars import CALENDARS, DAY, next_there
from bot.core.calendar import Calendar
from bot.core.people import Person, stranger
from storage import people as folk
from storage.engine import Store
from storage.people import Changed

TEAM = 10
WORKSPACES = ("slack:T1", "teams:t1")


@dataclass
class Human:
    id: str
    number: int
    workspace: str
    calendar: Calendar
    role: str
    manager: str | None
    team: str
    started: date | None = None
    left: date | None = None  # from that day on they are gone
    away: list[tuple[date, date]] = field(default_factory=list)
    goals: list[str] = field(default_factory=list)

    @property
    def account(self) -> str:
        return f"U{self.number}"

    @property
    def payload(self) -> Person:
        """As a platform names them."""
        return stranger(self.workspace, self.account)

    def here(self, day: date) -> bool:
        return (self.started or date.min) <= day < (self.left or date.max)


def company(number: int, first: date, days: int, chance: random.Random) -> list[Human]:
    """`number` people, of whom a twentieth come and another twentieth go in the course of the `days`."""
    found = list[Human]()
    for n in range(number):
        team, place = divmod(n, TEAM)
        leads = place == 0
        boss = team // TEAM * TEAM * TEAM if leads else team * TEAM
        manager = f"p{boss}" if boss != n else None
        role = "hr" if n % 200 == 1 else ("manager" if leads else "")
        workspace = WORKSPACES[team // TEAM % 2]
        one = Human(f"p{n}", n, workspace, chance.choice(CALENDARS), role, manager, f"Team {team}")
        if not leads and n % 20 == 7:
            one.started = first + chance.randrange(10, days) * DAY
        if not leads and n % 20 == 13:
            one.left = first + chance.randrange(10, days) * DAY
        _leaves(one, first, days, chance)
        found.append(one)
    return found


def _leaves(one: Human, first: date, days: int, chance: random.Random) -> None:
    """Two holidays, and now and then a day or two in bed. No two of them touch."""
    at = first + chance.randrange(20, 60) * DAY
    while at < first + (days - 5) * DAY:
        length = chance.choice((1, 2, 5, 9, 16, 23))
        one.away.append((at, at + (length - 1) * DAY))
        at += (length + chance.randrange(60, 130)) * DAY
    if one.number % 50 == 3:  # and a long one, over whole periods
        begins = first + chance.randrange(days // 4, days // 2) * DAY
        long = (begins, begins + timedelta(days=70))
        one.away = sorted([*(each for each in one.away if each[1] < long[0] or each[0] > long[1]), long])


async def hired(store: Store, those: list[Human]) -> None:
    """As the directory brings them."""
    rows = [
        {
            "id": one.id, "company": store.settings.company(one.workspace),
            "workspace": one.workspace, "account": one.account,
            "name": f"Person {one.number}", "lang": ("en", "sv", "nl")[one.number % 3], "zone": one.calendar.zone,
            "country": one.calendar.country, "calendar": one.calendar.key, "hours": one.calendar.key.split("|", 2)[2],
            "manager": one.manager, "team": one.team, "role": one.role, "started": one.started,
        }
        for one in those
    ]  # fmt: skip
    accounts = [{"workspace": one.workspace, "account": one.account, "person": one.id} for one in those]
    if rows:
        async with store.transaction() as session:
            await session.run(folk.people.insert(), rows)
            await session.run(folk.accounts.insert(), accounts)


async def gone(store: Store, one: Human) -> None:
    async with store.transaction() as session:
        await Changed(one.id, {"gone": True}).save(session)


def told_on(one: Human, leave: tuple[date, date], since: date) -> date:
    """The day on whose morning they say that they will be away: some days before it; of an illness, that day. Not
    before their own second day, nor before the day after `since`."""
    first, last = leave
    day = next_there(one.calendar, first) if (last - first).days < 2 else first - 5 * DAY
    return max(day, (one.started or since) + DAY)
