"""A team's own rhythm: its manager chooses the day, the hour and how often, and sees the next days before it holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast, get_args

from bot.core.beats import day, days, headed, told
from bot.core.cadences import Beat, changed, current, next_days, stages, written
from bot.core.calendar import Calendar, Every, Rhythm, period
from bot.core.cards import Button, Buttons, Card, Choice, Form, Heading, Note, Part, Text, TextBox
from bot.core.effects import Effect, OpenForm, Record, Refuse, Tell, Whisper
from bot.core.events import Action, Command, Event, Submission
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.typed import read_clock
from bot.core.wording import named, speaks, wording
from storage import cadences as store
from storage.cadences import Chosen, Team
from storage.settings import Logged

cadence = Feature("cadence")
say = wording("cadence")
OFTEN: tuple[Every, ...] = ("week", "month", "quarter")  # that a check-in can have; other rhythms keep the company's
SHOWN = 3  # days before it holds


@cadence.command("kadens team", gather=store.team)
def show(event: Command, team: Team) -> Iterator[Effect]:
    yield Whisper(card(event, team))


@cadence.action("cadence.show", gather=store.team)
def press_show(event: Action, team: Team) -> Iterator[Effect]:
    yield Tell(event.actor, card(event, team))


def card(event: Event, team: Team) -> Card:
    actor, parts = event.actor, list[Part]()
    if not team.size:
        return Card(parts=(Text(say(actor, "no_team")),))
    for name, course in team.running.items():
        this = named(period(course.rhythm.every, event.today), speaks(actor))
        done = team.counts.get(name, {}).get("answered", 0)
        parts += [Heading(headed(actor, name)), Text(told(actor, course.rhythm))]
        parts.append(Note(say(actor, "answered", period=this, done=done, all=team.size)))
        _, then = current(team.said, name, event.today)
        if then:
            new = Wish(team.company.rhythms[name], then.beat).rhythm
            parts.append(Note(say(actor, "coming", day=then.since, rhythm=told(actor, new))))
        parts.append(Buttons(tuple(choices(actor, team, name))))
    return Card(say(actor, "title"), (*parts, Note(say(actor, "note"))))


def choices(actor: Person, team: Team, name: str) -> Iterator[Button]:
    running = team.running[name].rhythm
    if name == "checkin":
        for every in dict.fromkeys((*OFTEN, running.every)):
            yield Button(
                say(actor, f"often.{every}"),
                "cadence.form",
                f"{name}|{every}",
                "primary" if every == running.every else "plain",
                opens=True,
            )
    else:
        yield Button(say(actor, "change"), "cadence.form", name, opens=True)
    if name in stages(team.said):
        yield Button(say(actor, "back"), "cadence.back", name)


# Choosing.


@dataclass(frozen=True, slots=True)
class Wish:
    """What a button or a form asks for. Without a beat, what the company has."""

    company: Rhythm
    beat: Beat | None

    @property
    def rhythm(self) -> Rhythm:
        return self.beat.over(self.company) if self.beat else self.company

    @property
    def value(self) -> str:
        name, beat = self.company.name, self.beat
        return f"{name}|{self.rhythm.every}|{beat.on}|{beat.at:%H:%M}" if beat else f"{name}|||"


def wished(team: Team, value: str) -> Wish | None:
    """None for what no button of ours says: a value may be forged, or older than the company's rhythms."""
    name, every, on, at, *_ = (*value.split("|"), "", "", "", "")
    if not team.size or name not in team.running:
        return None
    company, running = team.company.rhythms[name], team.running[name].rhythm
    if value == f"{name}|||":
        return Wish(company, None)
    often = cast(Every, every) if every in get_args(Every) else running.every
    if name != "checkin" and often != company.every:
        return None
    hour = read_clock(at) if at else running.at
    beat = Beat(on or usual(running, often), hour or running.at, often if name == "checkin" else None)
    try:
        beat.over(company)
    except ValueError:
        return None
    return Wish(company, beat)


def usual(running: Rhythm, every: Every) -> str:
    """The day that is offered first: the one there is, where it is one of this cadence too."""
    if running.every == every:
        return running.on
    return "tuesday" if every == "week" else "first tuesday"


@cadence.action("cadence.form", gather=store.team)
def open_form(event: Action, team: Team) -> Iterator[Effect]:
    if wish := wished(team, event.value):
        yield OpenForm(form(event.actor, wish))
    else:
        yield Whisper(gone(event.actor, team))


def form(actor: Person, wish: Wish) -> Form:
    every, at, now = wish.rhythm.every, wish.rhythm.at, " ".join(wish.rhythm.on.lower().split())
    offered = {now: day(actor, every, now), **dict(days(actor, every, Calendar.parse(actor.calendar).days))}
    fields = (
        Choice("on", say(actor, f"which.{every}"), tuple(offered.items()), now),
        TextBox("at", say(actor, "hour"), f"{at:%H:%M}", 5, lines=False, hint=say(actor, "hour_hint")),
    )
    title, submit, cancel = say(actor, "form_title"), say(actor, "look"), say(actor, "cancel")
    return Form("cadence.form", title, submit, cancel, fields, f"{wish.company.name}|{every}")


@cadence.submission("cadence.form", gather=store.team)
def submit(event: Submission, team: Team) -> Iterator[Effect]:
    actor, answers = event.actor, event.answers
    at = read_clock(answers.get("at", ""))
    wish = wished(team, f"{event.value}|{answers.get('on', '')}|{f'{at:%H:%M}' if at else ''}")
    wrong = {} if wish else {"on": say(actor, "no_day")}
    if at is None:
        wrong["at"] = say(actor, "no_hour")
    if wrong or wish is None:
        yield Refuse(wrong)
    else:
        yield Whisper(preview(event, team, wish))


@cadence.action("cadence.back", gather=store.team)
def back(event: Action, team: Team) -> Iterator[Effect]:
    wish = wished(team, f"{event.value}|||")
    yield Whisper(preview(event, team, wish) if wish else gone(event.actor, team))


def preview(event: Event, team: Team, wish: Wish) -> Card:
    """Nothing is kept yet: the manager sees what would be."""
    actor, name = event.actor, wish.company.name
    save = Button(say(actor, "save"), "cadence.save", wish.value, "primary")
    change = Button(say(actor, "other"), "cadence.form", wish.value if wish.beat else name, opens=True)
    parts = (Text(told(actor, wish.rhythm)), *ahead(event, team, wish), Buttons((save, change)))
    return Card(say(actor, "preview", name=headed(actor, name)), parts)


def ahead(event: Event, team: Team, wish: Wish) -> tuple[Part, ...]:
    """The next days by the manager's own calendar, and from when on it is so."""
    actor, company = event.actor, wish.company
    name, this = company.name, period(team.running[company.name].rhythm.every, event.today)
    text = changed(team.said, company, wish.beat, team.latest)
    asked = (this,) if team.asked(name) >= team.size else ()
    coming = next_days(company, text, Calendar.parse(actor.calendar), event.at, asked, SHOWN)
    _, then = current(text, name, team.latest)
    if then:
        note = say(actor, "begins", day=then.since)
    else:
        note = say(actor, "holds_next" if team.asked(name) else "holds_now")
    return Text(say(actor, "next_days", days=coming)), Note(note)


# Keeping it.


@cadence.action("cadence.save", gather=store.team)
def save(event: Action, team: Team) -> Iterator[Effect]:
    actor, wish = event.actor, wished(team, event.value)
    if wish is None:
        yield Whisper(gone(actor, team))
        return
    name = wish.company.name
    text = changed(team.said, wish.company, wish.beat, team.latest)
    if text != team.said:
        yield Record(Chosen(event, text))
        yield Record(Logged(event, f"team.{name}", before(team.said, name), before(text, name)))
    note = ahead(event, team, wish)
    yield Whisper(Card(say(actor, "saved", name=headed(actor, name)), (Text(told(actor, wish.rhythm)), *note)))


def before(text: str, name: str) -> str:
    """What is kept of one rhythm, for the log."""
    return written({name: stages(text)[name]}) if name in stages(text) else ""


def gone(actor: Person, team: Team) -> Card:
    return Card(parts=(Text(say(actor, "stale" if team.size else "no_team")),))
