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


def _company(value: str) -> str:
    if not re.fullmatch(r"[^\s:,]{1,100}", value):
        raise ValueError(f"'{value}' is no name of a company; write one word without a colon, such as noordlicht")
    return value


Language = Literal["en", "sv", "nl"]
Clock = Annotated[time, BeforeValidator(_clock)]
Zone = Annotated[str, AfterValidator(_zone)]
Country = Annotated[str, AfterValidator(_country)]
Emoji = Annotated[str, AfterValidator(_emoji)]
Value = Annotated[str, AfterValidator(_value)]
Values = Annotated[tuple[Value, ...], Field(max_length=50), AfterValidator(_once)]  # Slack shows 100 options at most
Weekday = Annotated[str, AfterValidator(_weekday)]
Workspace = Annotated[str, AfterValidator(_workspace)]
Workspaces = Annotated[tuple[Workspace, ...], AfterValidator(_some)]
Company = Annotated[str, AfterValidator(_company)]
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
    not_yet: bool = False  # nobody is nudged, until an admin chooses in chat whom to begin with
    pilot: tuple[str, ...] = ()  # platform ids of the people the bot may speak to first; empty: everybody
    admins: tuple[str, ...] = ()  # platform ids of the people who may change the company's settings in chat
    managers: Literal["chat", "directory"] = "chat"  # who says who manages whom: the two, or the company's own list

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
    stale_goal: Annotated[int, Field(ge=1, le=365)] = 21  # days without a word after which a goal is asked about
    group: Annotated[int, Field(ge=3, le=10)] = 5  # people of whom a figure can be told


class Goals(Section):
    celebrate: Mapping[Workspace, str] = {}  # by workspace: the channel for achieved goals, if not that for recognition


LearningKind = Literal["job", "project", "team", "mentor", "coaching", "course", "rest"]


def _address(value: str) -> str:
    if value and not re.fullmatch(r"https?://\S+", value):
        raise ValueError(f"'{value[:60]}' is no address; write it like https://learn.example.com/writing")
    return value


class Offering(Section):
    """Something the company has for its people to learn from."""

    title: Annotated[str, Field(min_length=1, max_length=120)]
    kind: LearningKind = "course"
    link: Annotated[str, Field(max_length=300), AfterValidator(_address)] = ""
    about: Annotated[str, Field(max_length=300)] = ""


class Learning(Section):
    catalogue: Annotated[tuple[Offering, ...], Field(max_length=500)] = ()

    @field_validator("catalogue")
    @classmethod
    def _no_title_twice(cls, value: tuple[Offering, ...]) -> tuple[Offering, ...]:
        _once([each.title for each in value])
        return value


def _rising(values: Sequence[int]) -> Sequence[int]:
    if sorted({day for day in values if day > 0}) != list(values):
        raise ValueError("reminders come a rising number of working days after the question, such as 3 and 5")
    return values


class Feedback(Section):
    guests: bool = True  # guests can be given feedback, and asked for it
    remind: Annotated[tuple[int, ...], AfterValidator(_rising)] = (3, 5)  # working days after somebody was asked
    closes: Annotated[int, Field(ge=1, le=60)] = 20  # working days after which nobody is waited for

    @model_validator(mode="after")
    def _ends_last(self) -> "Feedback":
        if any(day >= self.closes for day in self.remind):
            raise ValueError(f"a reminder comes too late for a question that closes after {self.closes} working days")
        return self


def _some_or_none(value: int) -> int:
    if value == 1:
        raise ValueError("one is not enough for a check-in and a word from anybody; write 2 or more, or 0 for no bound")
    return value


class Messages(Section):
    # That we begin, or somebody else does, to one person; not what answers them. What is over waits.
    week: Annotated[Count, AfterValidator(_some_or_none)] = 3  # 0: no bound


class Review(Section):
    # What a company calls each step of its own scale, the lowest first, in one or more languages; none: nobody is
    # rated.
    scale: tuple[Annotated[Mapping[Language, str], Field(min_length=1)], ...] = ()

    @field_validator("scale")
    @classmethod
    def _has_steps(cls, value: tuple[Mapping[Language, str], ...]) -> tuple[Mapping[Language, str], ...]:
        if value and not 2 <= len(value) <= 7:
            raise ValueError("a scale has two to seven steps, or leave it out: then nobody is rated")
        if any(not words.strip() or len(words) > 60 for step in value for words in step.values()):
            raise ValueError("each step of a scale needs a few words, 60 characters at most")
        return value

    def step(self, number: int, lang: str, of: int) -> str:
        """What the company calls this step, counted from 1, if its scale still has as many as it had then."""
        if of != len(self.scale) or not 1 <= number <= of:
            return f"{number}/{of}"
        words = {str(tongue): text for tongue, text in self.scale[number - 1].items()}
        return words.get(lang) or next(iter(words.values()))


class Quiet(Section):
    """Whatever somebody's working hours are, nothing is sent between these two times, local to them."""

    start: Clock = time(20)
    end: Clock = time(7)

    def leaves(self, first: time, end: time) -> bool:
        """Whether anything of a working day is outside."""
        if self.start > self.end:  # over midnight
            return max(first, self.end) < min(end, self.start)
        return first < min(end, self.start) or max(first, self.end) < end or self.start == self.end


def _a_year(value: int) -> int:
    if 0 < value < 13:
        raise ValueError("has to outlast a year, or a yearly nudge would come twice; write 13 or more, or 0 for ever")
    return value


def _a_week(value: int) -> int:
    if 0 < value < 7:
        raise ValueError("a platform may repeat itself for days; write 7 or more, or 0 for ever")
    return value


class Retention(Section):
    """For how long each kind of record is kept, in months; 0: for ever. What is open is kept besides."""

    checkins: Count = 24  # with what was said about them
    reviews: Count = 36
    grow: Count = 24  # talks, and commitments once they are closed
    goals: Count = 60  # once they are closed
    kudos: Count = 60
    feedback: Count = 36
    growth: Count = 36  # learning actions, mentoring and aspirations once over, what was expected before
    audit: Count = 36
    rhythm: Annotated[Count, AfterValidator(_a_year)] = 24  # who was asked when, and was away when
    uninstalled: Count = 30  # days: all of a workspace that put us out
    traffic: Annotated[Count, AfterValidator(_a_week)] = 30  # days: what came in, and where what we said stands


RHYTHMS: Mapping[str, Mapping[str, Any]] = {
    "checkin": {"every": "month", "on": "first tuesday", "at": "09:30", "remind": (3, 5)},
    "review": {"every": "quarter", "on": "2 weeks before end", "at": "09:30", "remind": (3,)},
    # On days of their own: neither near the first Tuesday of a month nor near the end of a quarter.
    "aspirations": {"every": "half-year", "on": "day 50", "at": "09:30", "remind": (5,)},
    "expectations": {"every": "half-year", "on": "day 110", "at": "09:30", "remind": (5,), "whom": "managers"},
    "tips": {"every": "week", "on": "monday", "at": "09:30", "remind": (), "whom": "managers"},
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
    companies: Mapping[Company, Workspaces] = {}  # workspaces that belong together; any other is a company of its own
    quiet: Quiet = Quiet()
    messages: Messages = Messages()
    thresholds: Thresholds = Thresholds()
    retention: Retention = Retention()
    goals: Goals = Goals()
    feedback: Feedback = Feedback()
    review: Review = Review()
    learning: Learning = Learning()
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

    @field_validator("companies")
    @classmethod
    def _in_one_company(cls, value: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        seen = set[str]()
        for workspace in (each for those in value.values() for each in those):
            if workspace in seen:
                raise ValueError(f"'{workspace}' stands here twice; a workspace belongs to one company")
            seen.add(workspace)
        return value

    def company(self, workspace: str) -> str:
        """The company a workspace belongs to."""
        return next((name for name, those in self.companies.items() if workspace in those), workspace)

    @model_validator(mode="after")
    def _leave_room(self) -> "Settings":
        if not self.quiet.leaves(self.people.start, self.people.end):
            raise ValueError("quiet covers all working hours of people, so that nothing could ever be sent")
        return self
