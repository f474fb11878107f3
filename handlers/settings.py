"""One's own settings: language, days and hours, how one likes to be told things, and when one is left in peace."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import time
from typing import Any

from bot.core.beats import called, headed
from bot.core.cadences import next_days
from bot.core.calendar import WEEKDAYS, Calendar, country_of, period
from bot.core.cards import Button, Buttons, Card, Choice, Facts, Field, Form, Text, TextBox
from bot.core.company_form import looks_after
from bot.core.effects import Effect, OpenForm, Record, Refuse, Tell, Whisper
from bot.core.events import Action, Command, Event, Submission
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.typed import read_clock, read_zone
from bot.core.wording import LANGUAGES, speaks, weekday_name, wording, written
from storage import settings as store
from storage.absences import FOR_EVER
from storage.people import Changed
from storage.settings import Own

settings = Feature("settings")
say = wording("settings")
NAMES = {"en": "English", "sv": "svenska", "nl": "Nederlands"}
TAKES = {"timing": ("direct", "time"), "form": ("writing", "person"), "detail": ("detail", "headline")}
UNSAID = "unsaid"  # a choice needs a value


# Language alone, in a word.


@settings.command("kadens language")
def language(event: Command) -> Iterator[Effect]:
    yield from speak(event, event.text.strip().lower())


@settings.action("people.language")
def press_language(event: Action) -> Iterator[Effect]:
    yield from speak(event, event.value)


def speak(event: Event, lang: str) -> Iterator[Effect]:
    if lang in LANGUAGES:
        yield Record(Changed(event.actor.id, {"lang": lang, "lang_chosen": True}))
        yield Whisper(Card(parts=(Text(say(lang, "language_now")),)))
    else:
        buttons = tuple(Button(NAMES[each], "people.language", each) for each in LANGUAGES)
        yield Whisper(Card(parts=(Text(say(event.actor, "language_which")), Buttons(buttons))))


# The card.


@settings.command("kadens settings", gather=store.own)
@settings.action("people.settings", gather=store.own)
def show(event: Command | Action, own: Own) -> Iterator[Effect]:
    shown = card(event, event.actor, own)
    yield Tell(event.actor, shown) if isinstance(event, Action) else Whisper(shown)


def card(event: Event, actor: Person, own: Own) -> Card:
    calendar = Calendar.parse(actor.calendar)
    facts = [
        ("language", NAMES[speaks(actor)]),
        ("zone", actor.zone),
        ("days", written([weekday_name(number, speaks(actor)) for number in calendar.days], speaks(actor))),
        ("hours", say(actor, "from_to", start=calendar.start, end=calendar.end)),
        ("takes", written([say(actor, f"ways.{way}") for way in ways(actor)], speaks(actor)) or say(actor, "unsaid")),
        ("manager", own.manager.name if own.manager else say(actor, "nobody")),
        ("away", away_days(actor, own)),
    ]
    if event.settings.kudos.leaderboard:
        facts.append(("board", say(actor, "hidden" if own.off_board else "shown")))
    told = [(say(actor, key), value) for key, value in facts]
    told += [(headed(actor, name), coming(event, actor, own, name)) for name in own.mine.rhythms]
    return Card(say(actor, "title"), (Facts(tuple(told)), Buttons(tuple(buttons(event, actor, own)))))


def ways(actor: Person) -> list[str]:
    return [way for way in (actor.takes_timing, actor.takes_form, actor.takes_detail) if way]


def away_days(actor: Person, own: Own) -> str:
    if own.away is None:
        return say(actor, "here")
    return say(actor, "away_days", first=own.away[0], last=own.away[1])


def coming(event: Event, actor: Person, own: Own, name: str) -> str:
    """When a rhythm comes next, or that it rests."""
    if last := own.resting.get(name):
        return say(actor, "rests") if last >= FOR_EVER else say(actor, "quiet", day=last)
    each = own.mine.rhythms[name]
    asked = (period(each.every, event.today),) if name in own.mine.states else ()
    [day] = next_days(each, "", Calendar.parse(actor.calendar), event.at, asked, 1)
    return say(actor, "next", day=day)


def buttons(event: Event, actor: Person, own: Own) -> Iterator[Button]:
    yield Button(say(actor, "change"), "settings.form", style="primary", opens=True)
    if own.away:
        yield Button(say(actor, "back"), "rhythm.back")
    else:
        yield Button(say(actor, "go_away"), "rhythm.away", opens=True)
    if own.mine.rhythms:
        yield Button(say(actor, "rest"), "rhythm.rest", opens=True)
    for name in own.resting:
        yield Button(say(actor, "resume", name=called(actor, name)), "rhythm.resume", name)
    if event.settings.people.managers == "chat":
        yield Button(say(actor, "name_manager"), "people.manager", opens=True)
    if looks_after(event):
        yield Button(say(actor, "company"), "admin.show")


# The form.


@settings.action("settings.form", gather=store.own)
def open_form(event: Action, own: Own) -> Iterator[Effect]:
    actor, calendar = event.actor, Calendar.parse(event.actor.calendar)
    week = tuple((day, weekday_name(number, speaks(actor))) for number, day in enumerate(WEEKDAYS))
    working = ",".join(WEEKDAYS[number] for number in calendar.days)
    fields: list[Field] = [
        Choice("lang", say(actor, "language"), tuple(NAMES.items()), speaks(actor)),
        TextBox("zone", say(actor, "zone"), actor.zone, 60, lines=False, hint=say(actor, "zone_hint")),
        Choice("days", say(actor, "days"), week, working, many=True),
        TextBox("start", say(actor, "start"), f"{calendar.start:%H:%M}", 5, lines=False),
        TextBox("end", say(actor, "end"), f"{calendar.end:%H:%M}", 5, lines=False, hint=say(actor, "hours_hint")),
    ]
    for what, takes in TAKES.items():
        options = (*((way, say(actor, f"ways.{way}")) for way in takes), (UNSAID, say(actor, "unsaid")))
        fields.append(Choice(what, say(actor, f"takes_{what}"), options, getattr(actor, f"takes_{what}") or UNSAID))
    if event.settings.kudos.leaderboard:
        places = tuple((place, say(actor, place)) for place in ("shown", "hidden"))
        fields.append(Choice("board", say(actor, "board"), places, "hidden" if own.off_board else "shown"))
    title, save, cancel = say(actor, "title"), say(actor, "save"), say(actor, "cancel")
    yield OpenForm(Form("settings.form", title, save, cancel, tuple(fields)))


@settings.submission("settings.form", gather=store.own)
def submit(event: Submission, own: Own) -> Iterator[Effect]:
    wish, wrong = read(event)
    if wrong:
        yield Refuse(wrong)
        return
    changes = values(event, own, wish)
    yield Record(Changed(event.actor.id, changes))
    actor = replace(event.actor, **{name: value for name, value in changes.items() if name in KNOWN})
    own = replace(own, off_board=changes.get("off_board", own.off_board))
    shown = card(event, actor, own)
    yield Tell(actor, replace(shown, parts=(Text(say(actor, "saved")), *shown.parts)))


KNOWN = ("lang", "zone", "calendar", "takes_timing", "takes_form", "takes_detail")  # of what changes, Person's


@dataclass(frozen=True, slots=True)
class Wish:
    lang: str
    zone: str
    days: tuple[int, ...]
    start: time
    end: time
    takes: Mapping[str, str]
    board: str


def read(event: Submission) -> tuple[Wish, dict[str, str]]:
    """What was filled in, and all that is wrong with it."""
    actor, answers, wrong = event.actor, event.answers, dict[str, str]()
    zone = read_zone(answers.get("zone", ""))
    days = tuple(WEEKDAYS.index(day) for day in answers.get("days", "").split(",") if day in WEEKDAYS)
    start, end = (read_clock(answers.get(name, "")) for name in ("start", "end"))
    if answers.get("lang") not in LANGUAGES:
        wrong["lang"] = say(actor, "no_language")
    if zone is None:
        wrong["zone"] = say(actor, "no_zone")
    if not days:
        wrong["days"] = say(actor, "no_days")
    wrong |= {name: say(actor, "no_time") for name, at in (("start", start), ("end", end)) if at is None}
    if start and end and start >= end:
        wrong["end"] = say(actor, "no_order")
    elif start is not None and end is not None and not event.settings.quiet.leaves(start, end):
        quiet = event.settings.quiet
        wrong["end"] = say(actor, "all_quiet", start=quiet.start, end=quiet.end)
    takes = {what: answers.get(what, "") if answers.get(what) in ways else "" for what, ways in TAKES.items()}
    found = (answers.get("lang", ""), zone or actor.zone, days, start or time(9), end or time(17))
    return Wish(*found, takes, answers.get("board", "")), wrong


def values(event: Submission, own: Own, wish: Wish) -> dict[str, Any]:
    """What is kept. Only what is another than before counts as chosen: for the rest the platform's word goes on."""
    actor, usual = event.actor, event.settings.people.calendar(wish.zone)
    found: dict[str, Any] = {f"takes_{what}": way for what, way in wish.takes.items()}
    country = own.country
    if wish.lang != actor.lang:
        found |= {"lang": wish.lang, "lang_chosen": True}
    if wish.zone != actor.zone:
        country = own.country if own.country_chosen else country_of(wish.zone) or own.country
        found |= {"zone": wish.zone, "zone_chosen": True, "country": country}
    calendar = Calendar(wish.zone, country, wish.days, wish.start, wish.end)
    same = (calendar.days, calendar.start, calendar.end) == (usual.days, usual.start, usual.end)
    found |= {"calendar": calendar.key, "hours": "" if same else calendar.key.split("|", 2)[2]}
    if wish.board in ("shown", "hidden") and event.settings.kudos.leaderboard:
        found["off_board"] = wish.board == "hidden"
    return found
