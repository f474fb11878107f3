"""The example company: a dozen people of three teams, two time zones and three languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core.people import Person, stranger
from storage.directory import learn
from storage.engine import Session, Store
from storage.people import Changed, Profile, introduced
from storage.places import Channel, keep_group

WORKSPACE = "playground:demo"
COMPANY = "Noordlicht"
BOT = "kadens"  # an account like any other, so that its messages have an author
CHANNELS: Mapping[str, str] = {"general": "All of Noordlicht", "design": "Where the product gets its shape"}
RECOGNITION = "general"


@dataclass(frozen=True, slots=True)
class Member:
    account: str
    name: str
    title: str
    team: str
    lang: str
    zone: str
    country: str
    manager: str | None = None  # an account
    role: str = ""

    @property
    def initials(self) -> str:
        words = self.name.split()
        return words[0][0] + words[-1][0]

    @property
    def stranger(self) -> Person:
        return stranger(WORKSPACE, self.account, self.name, lang=self.lang)

    @property
    def city(self) -> str:
        return self.zone.rpartition("/")[2].replace("_", " ")


NL = ("nl", "Europe/Amsterdam", "NL")
EN = ("en", "Europe/Amsterdam", "NL")
SV = ("sv", "Europe/Stockholm", "SE")
US = ("en", "America/New_York", "US")

MEMBERS: Mapping[str, Member] = {
    member.account: member
    for member in (
        Member("sanne", "Sanne de Vries", "Head of Design", "Design", *NL, "grace", "manager"),
        Member("mila", "Mila Jansen", "Product designer", "Design", *EN, "sanne"),
        Member("noah", "Noah Bennett", "UX researcher", "Design", *US, "sanne"),
        Member("astrid", "Astrid Lindqvist", "Brand designer", "Design", *SV, "sanne"),
        Member("erik", "Erik Sandberg", "Head of Engineering", "Engineering", *SV, "grace", "manager"),
        Member("priya", "Priya Raman", "Backend engineer", "Engineering", *EN, "erik"),
        Member("jonas", "Jonas Nyberg", "Platform engineer", "Engineering", *SV, "erik"),
        Member("daan", "Daan Visser", "Frontend engineer", "Engineering", *NL, "erik"),
        Member("grace", "Grace Coleman", "Director, Customer Care", "Care", *US, None, "manager"),
        Member("maya", "Maya Torres", "Customer success", "Care", *US, "grace"),
        Member("femke", "Femke Bakker", "Support lead", "Care", *NL, "grace"),
        Member("helen", "Helen Okafor", "People lead", "Care", *EN, "grace", "hr"),
    )
}
TEAMS = tuple(dict.fromkeys(member.team for member in MEMBERS.values()))
GROUPS: Mapping[str, tuple[str, ...]] = {
    f"{team.lower()}-team": tuple(member.account for member in MEMBERS.values() if member.team == team)
    for team in TEAMS
}


def name_of(account: str) -> str:
    return "Kadens" if account == BOT else MEMBERS[account].name


def person_of(account: str) -> Person:
    """Whoever is behind this account, as inbound names them."""
    if account == BOT:
        return stranger(WORKSPACE, BOT, "Kadens", bot=True)
    return MEMBERS[account].stranger


async def settle(store: Store, at: datetime) -> None:
    """Make the company known to the bot, as a platform's directory would have told it."""
    async with store.transaction() as session:
        await learn(session, [_profile(member) for member in MEMBERS.values()], at)
        await _put_in_teams(session)
        for group, members in GROUPS.items():
            await keep_group(session, WORKSPACE, group, group, members)
        for channel in CHANNELS:
            await Channel(WORKSPACE, channel, "public").save(session)


def _profile(member: Member) -> Profile:
    return Profile(WORKSPACE, member.account, member.name, member.zone, member.lang, member.country)


async def _put_in_teams(session: Session) -> None:
    known = await introduced(session, [member.stranger for member in MEMBERS.values()])
    ids = {person.account: person.id for person in known.values()}
    for member in MEMBERS.values():
        # They have worked with us for months: nobody has to be told who we are.
        values = {"team": member.team, "role": member.role, "manager": ids.get(member.manager or ""), "unmet": False}
        await Changed(ids[member.account], values).save(session)
