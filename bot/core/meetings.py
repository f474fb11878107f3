"""How the rhythm of a one-to-one reads, and the forms in which it is chosen and one talk of it is moved."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time

from bot.core.calendar import Calendar
from bot.core.cards import Button, Buttons, Card, Choice, Day, Form, Note, PeoplePicker, Text, TextBox
from bot.core.oneonone import AHEAD, WEEKS, Beat, Meeting, days, in_hours, local
from bot.core.people import Person
from bot.core.wording import speaks, weekday_name, wording

say = wording("meetings")
USUAL = time(13, 30)


def rhythm(reader: Person, beat: Beat) -> str:
    """`every other Tuesday at 13:30`, by the reader's own clock."""
    at = local(reader, beat.moment(beat.first))
    return say(reader, f"rhythm_{beat.weeks}", weekday=weekday_name(at.weekday(), speaks(reader)), at=at.time())


def when(reader: Person, at: datetime | None) -> str:
    return say(reader, "when", at=local(reader, at)) if at else say(reader, "no_next")


def form(reader: Person, partner: Person | None, beat: Beat | None) -> Form:
    """To choose a rhythm; filled in with the one there is."""
    at = local(reader, beat.moment(beat.first)) if beat else None
    working = Calendar.parse(reader.calendar).days
    weekdays = tuple((str(n), weekday_name(n, speaks(reader)).capitalize()) for n in working)
    often = tuple((str(n), say(reader, f"often_{n}")) for n in WEEKS)
    day = str(at.weekday()) if at and at.weekday() in working else weekdays[0][0]
    clock = f"{at.time() if at else USUAL:%H:%M}"
    fields = (
        PeoplePicker("who", say(reader, "who"), (partner,) if partner else (), many=False),
        Choice("weekday", say(reader, "weekday"), weekdays, day),
        TextBox("at", say(reader, "at"), clock, 5, lines=False, hint=say(reader, "at_hint")),
        Choice("weeks", say(reader, "weeks"), often, str(beat.weeks if beat else 2)),
    )
    title, submit, cancel = say(reader, "rhythm_title"), say(reader, "look"), say(reader, "cancel")
    return Form("meetings.rhythm", title, submit, cancel, fields)


def check(actor: Person, partner: Person | None, beat: Beat | None, today: date) -> Mapping[str, str]:
    """All that is wrong with a wish, by field. Without a `beat` no time could be read."""
    wrong = dict[str, str]()
    if partner is None or partner.gone or any(each.bot or each.guest for each in (actor, partner)):
        wrong["who"] = say(actor, "refuse_who")
    elif partner.id == actor.id:
        wrong["who"] = say(actor, "refuse_self")
    if beat is None:
        wrong["at"] = say(actor, "refuse_hour")
    elif not wrong and partner:
        coming = ahead(actor, partner, beat, today)
        other = next((each for each in (actor, partner) if coming and not in_hours(each, beat, coming[0])), None)
        if other:
            wrong["at"] = say(actor, "refuse_hours", who=other.name)
        elif not coming:
            wrong["weekday"] = say(actor, "refuse_day")
    return wrong


def ahead(actor: Person, partner: Person, beat: Beat, today: date) -> list[date]:
    calendars = [Calendar.parse(each.calendar) for each in (actor, partner)]
    return [day for day, _ in zip(days(beat, calendars, today), range(AHEAD), strict=False)]


def next_days(reader: Person, partner: Person, beat: Beat, today: date) -> Text:
    """By the reader's own clock."""
    found = [local(reader, beat.moment(day)).date() for day in ahead(reader, partner, beat, today)]
    return Text(say(reader, "next_days", days=found))


def preview(actor: Person, partner: Person, beat: Beat, today: date) -> Card:
    """Nothing is kept yet, and nobody is asked."""
    value = f"{partner.id}|{beat}"
    parts = [Text(say(actor, "preview", who=partner.name, rhythm=rhythm(actor, beat)))]
    parts.append(next_days(actor, partner, beat, today))
    theirs = local(partner, beat.moment(beat.first)).time()
    note = [Note(say(actor, "other_zone", who=partner.name, at=theirs))] if theirs != local_time(actor, beat) else []
    row = Button(say(actor, "propose"), "meetings.propose", value, "primary")
    change = Button(say(actor, "other"), "meetings.rhythm", value, opens=True)
    return Card(say(actor, "rhythm_title"), (*parts, *note, Buttons((row, change))))


def local_time(person: Person, beat: Beat) -> time:
    return local(person, beat.moment(beat.first)).time()


# Once.


def move_form(reader: Person, meeting: Meeting) -> Form:
    at = local(reader, meeting.at)
    fields = (
        Day("day", say(reader, "move_day"), at.date()),
        TextBox("at", say(reader, "move_at"), f"{at:%H:%M}", 5, lines=False, hint=say(reader, "at_hint")),
    )
    title, submit, cancel = say(reader, "move_title"), say(reader, "save"), say(reader, "cancel")
    return Form("meetings.move", title, submit, cancel, fields, meeting.id)


def check_move(actor: Person, at: datetime | None, now: datetime, following: Sequence[datetime]) -> Mapping[str, str]:
    """What is wrong with another time for one talk. `following`: when the ones after it are."""
    if at is None:
        return {"at": say(actor, "refuse_hour")}
    if at <= now:
        return {"day": say(actor, "refuse_past")}
    if following and at >= following[0]:
        return {"day": say(actor, "refuse_next", day=local(actor, following[0]).date())}
    return {}
