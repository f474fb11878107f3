"""What app.yaml says: everything that is not secret, and its defaults."""

import re
from collections.abc import Mapping, Sequence
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from bot.core.calendar import WEEKDAYS, Calendar, Rhythm, known_country

CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")


def _clock(value: Any) -> Any:
    """09:30, also as 9:30; nothing else that could be read as a time, such as 570."""
    if not isinstance(value, str):
        return value
    if not CLOCK.fullmatch(value):
        raise ValueError("write a time of day such as 09:30")
    return value.zfill(5)


def _zone(value: str) -> str:
    return Calendar(value).zone


def _country(value: str) -> str:
    country = Calendar("UTC", value).country
    if not known_country(country):
        raise ValueError(f"'{value}' is no country or region we know holidays of; write for example 'NL' or 'DE-BY'")
    return country


def _emoji(value: str) -> str:
    """Its name as the platform writes it, also between colons."""
    name = value.strip(":").lower()
    if not re.fullmatch(r"[^\s:,]{1,100}", name):
        raise ValueError(f"'{value}' is no emoji; write its name, such as raised_hands")
    return name


def _prefix(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9_-]{0,20}", value):
        raise ValueError(f"'{value}' can stand before no command; write small letters, digits, - and _, such as acme-")
    return value


def _value(value: str) -> str:
    name = value.removeprefix("#")
    if not re.fullmatch(r"[^\s#@,.;:!<>]{1,40}", name):
        raise ValueError(f"'{value}' cannot be tagged; write one word such as courage, or customer-first")
    return name


def _weekday(value: str) -> str:
    if value.lower() not in WEEKDAYS:
        raise ValueError(f"'{value}' is no day of the week; write for example monday")
    return value.lower()


def _workspace(value: str) -> str:
    if not re.fullmatch(r"(slack|teams|playground):\S+", value):
        raise ValueError(f"'{value}' is no workspace; write for example 'slack:T0123456', in quotes")
    return value


def _some(values: Sequence[str]) -> Sequence[str]:
    if not values:
        raise ValueError("needs at least one entry")
    return values


def _once(values: Sequence[str]) -> Sequence[str]:
    seen = set[str]()
    for value in values:
        if value.lower() in seen:
            raise ValueError(f"'{value}' stands here twice")
        seen.add(value.lower())
    return values


Language = Literal["en", "sv", "nl"]
Clock = Annotated[time, BeforeValidator(_clock)]
Zone = Annotated[str, AfterValidator(_zone)]
Country = Annotated[str, AfterValidator(_country)]
Emoji = Annotated[str, AfterValidator(_emoji)]
Value = Annotated[str, AfterValidator(_value)]
Values = Annotated[tuple[Value, ...], Field(max_length=50), AfterValidator(_once)]  # Slack shows 100 options at most
Weekday = Annotated[str, AfterValidator(_weekday)]
Workspace = Annotated[str, AfterValidator(_workspace)]
Count = Annotated[int, Field(ge=0)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Languages(Section):
    default: Language = "en"  # of places, and of people whose platform does not tell
    channels: Mapping[str, Language] = {}  # by the platform's id of the channel

    def of(self, conversation: str) -> str:
        """The language of a place, which has many readers."""
        return self.channels.get(conversation, self.default)


class Kudos(Section):
    emojis: Annotated[tuple[Emoji, ...], AfterValidator(_once)] = ("raised_hands", "clap", "tada", "heart")
    allowance: Mapping[str, Count] = {"default": 5}  # a day, by role; each receiver counts
    guests: bool = True  # guests can receive kudos
    recognition: Mapping[Workspace, str] = {}  # by workspace ("slack:T1"): the id of the recognition channel
    leaderboard: bool = False

    @field_validator("allowance")
    @classmethod
    def _has_a_default(cls, value: Mapping[str, int]) -> Mapping[str, int]:
        if "default" not in value:
            raise ValueError("needs a line 'default: 5' for everybody without a role of their own")
        return value

    def a_day(self, role: str) -> int:
        return self.allowance.get(role, self.allowance["default"])


class TeamQuestions(Section):
    """What a team is asked besides, each question in one or more languages, and which of ours it is not asked."""

    ask: tuple[Annotated[Mapping[Language, str], Field(min_length=1)], ...] = ()
    without: tuple[str, ...] = ()


class Checkin(Section):
    teams: Mapping[str, TeamQuestions] = {}  # by the team's name


class People(Section):
    zone: Zone = "Europe/Amsterdam"  # of people whose platform does not tell
    country: Country = ""  # for public holidays, such as NL or DE-BY; empty: none
    days: Annotated[tuple[Weekday, ...], AfterValidator(_some), AfterValidator(_once)] = WEEKDAYS[:5]
    start: Clock = time(9)
    end: Clock = time(17)
    first_days: Count = 7  # a newcomer is left in peace for so many days
    pilot: tuple[str, ...] = ()  # platform ids of the people the bot may speak to first; empty: everybody

    @model_validator(mode="after")
    def _have_hours(self) -> "People":
        if self.start >= self.end:
            raise ValueError(f"the working day begins at '{self.start:%H:%M}' and must end later on the same day")
        return self

    def calendar(self, zone: str = "", country: str = "") -> Calendar:
        days = tuple(WEEKDAYS.index(day) for day in self.days)
        return Calendar(zone or self.zone, country or self.country, days, self.start, self.end)


class Thresholds(Section):
    sure: Annotated[int, Field(ge=1, le=10)] = 8  # GROW: a will below this asks for a smaller step


class Quiet(Section):
    """Whatever somebody's working hours are, nothing is sent between these two times, local to them."""

    start: Clock = time(20)
    end: Clock = time(7)

    def leaves(self, first: time, end: time) -> bool:
        """Whether anything of a working day is outside."""
        if self.start > self.end:  # over midnight
            return max(first, self.end) < min(end, self.start)
        return first < min(end, self.start) or max(first, self.end) < end or self.start == self.end


RHYTHMS: Mapping[str, Mapping[str, Any]] = {
    "checkin": {"every": "month", "on": "first tuesday", "at": "09:30", "remind": (3, 5)},
    "review": {"every": "quarter", "on": "2 weeks before end", "at": "09:30", "remind": (3,)},
}


def _rhythm(name: str) -> str:
    if name not in RHYTHMS:
        raise ValueError(f"'{name}' is no rhythm; there are {', '.join(RHYTHMS)}")
    return name


Named = Annotated[str, AfterValidator(_rhythm)]


class Settings(Section):
    prefix: Annotated[str, AfterValidator(_prefix)] = ""  # before every slash command
    languages: Languages = Languages()
    values: Values = ("courage", "craft", "care", "together")
    kudos: Kudos = Kudos()
    checkin: Checkin = Checkin()
    people: People = People()
    quiet: Quiet = Quiet()
    thresholds: Thresholds = Thresholds()
    rhythms: Mapping[Named, Rhythm] = Field(default_factory=dict, validate_default=True)
    followup: Clock = time(9, 30)  # when a commitment's day is followed up, local

    @field_validator("rhythms", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """The defaults under what is given; a rhythm's key is its name."""
        if not isinstance(value, Mapping):
            return value
        merged = dict[str, Any]()
        for name in (*RHYTHMS, *(name for name in value if name not in RHYTHMS)):
            given = value.get(name, {})
            if isinstance(given, Mapping):
                default = RHYTHMS.get(name, RHYTHMS["checkin"])  # of one nobody knows only the name is wrong
                if "name" in given:
                    raise ValueError(f"{name} is its name already; take the line 'name' out")
                given = {"name": name, **default, **given}
                at = given["at"]
                if isinstance(at, str) and CLOCK.fullmatch(at):
                    given["at"] = at.zfill(5)
            merged[name] = given
        return merged

    @model_validator(mode="after")
    def _leave_room(self) -> "Settings":
        if not self.quiet.leaves(self.people.start, self.people.end):
            raise ValueError("quiet covers all working hours of people, so that nothing could ever be sent")
        return self
