"""One-to-ones: the list of a pair, its rhythm, the brief before each talk, the question after it, and who sees what."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.core.calendar import Calendar
from bot.core.cards import Choice, TextBox
from bot.core.effects import Answer, OpenForm, Refuse
from bot.core.events import Opened, Shortcut
from bot.core.oneonone import LIMIT, Beat, afterwards, before, days, in_hours, lines
from bot.core.people import Person
from bot.core.settings import RHYTHMS, Settings
from handlers.briefs import briefs
from handlers.checkin import checkin
from handlers.home import home
from handlers.meetings import meetings
from handlers.oneonone import oneonone
from handlers.sharing import sharing
from scheduler import nudges
from storage import dialogues
from storage.absences import Absence
from storage.followups import FollowUpRow
from storage.meetings import MeetingRow, OneOnOneRow, held
from storage.oneonone import AgendaRow, NoteRow, Promised, PromiseRow
from storage.people import Changed
from tests.conftest import Company, Desk, buttons, count, rows
from tests.dialogues.script import Script

NOW, DAY = datetime(2026, 4, 14, 12, tzinfo=UTC), timedelta(days=1)  # a Tuesday
STRIKES = (time(9), time(11, 30), time(12), time(13, 30), time(15, 30), time(16))
QUIET = Settings.model_validate({"rhythms": {name: {"whom": "nobody"} for name in RHYTHMS}})
UTCS = Calendar("UTC")
SWEDE = Calendar("Europe/Stockholm", "SE")


# Days and hours.


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def beat(first: date = date(2026, 4, 16), weeks: int = 1, at: time = time(13, 30), zone: str = "UTC") -> Beat:
    return Beat(first, weeks, at, zone)


@pytest.mark.parametrize(
    ("rhythm", "calendars", "after", "found"),
    [
        (beat(), (UTCS, UTCS), date(2026, 4, 14), ["2026-04-16", "2026-04-23", "2026-04-30"]),
        (beat(weeks=2), (UTCS, UTCS), date(2026, 4, 16), ["2026-04-30", "2026-05-14", "2026-05-28"]),
        (beat(weeks=4), (UTCS, UTCS), date(2026, 5, 1), ["2026-05-14", "2026-06-11", "2026-07-09"]),
        # Ascension Day in Sweden, 14 May, is followed by a Friday on which both work.
        (beat(weeks=2), (UTCS, SWEDE), date(2026, 5, 1), ["2026-05-15", "2026-05-28", "2026-06-11"]),
        # Who works on Mondays only meets on Mondays.
        (beat(), (UTCS, Calendar("UTC", days=(0,))), date(2026, 4, 14), ["2026-04-20", "2026-04-27", "2026-05-04"]),
        # What moved on within its week is not asked for again on its own day.
        (beat(), (UTCS, Calendar("UTC", days=(0,))), date(2026, 4, 20), ["2026-04-27", "2026-05-04", "2026-05-11"]),
        (beat(), (Calendar("UTC", days=(0, 1)), Calendar("UTC", days=(2, 3))), date(2026, 4, 14), []),
    ],
)
def test_the_days_on_which_both_work(
    rhythm: Beat, calendars: tuple[Calendar, ...], after: date, found: list[str]
) -> None:
    coming = days(rhythm, calendars, after)
    assert [str(day) for day, _ in zip(coming, range(3), strict=False)] == found


@pytest.mark.parametrize(
    ("calendar", "at", "brief", "question"),
    [
        (UTCS, utc(4, 16, 13, 30), ("2026-04-16", "11:30"), ("2026-04-16", "15:30")),
        # Two hours before nobody works yet: late on the working day before.
        (UTCS, utc(4, 16, 9, 30), ("2026-04-15", "17:00"), ("2026-04-16", "11:30")),
        (UTCS, utc(4, 20, 9, 30), ("2026-04-17", "17:00"), ("2026-04-20", "11:30")),
        # Two hours after nobody works any more.
        (UTCS, utc(4, 16, 15, 30), ("2026-04-16", "13:30"), ("2026-04-17", "09:00")),
        (UTCS, utc(4, 17, 16), ("2026-04-17", "14:00"), ("2026-04-20", "09:00")),
        # By one's own clock.
        (SWEDE, utc(4, 16, 13), ("2026-04-16", "13:00"), ("2026-04-17", "09:00")),
        (SWEDE, utc(5, 15, 7, 30), ("2026-05-13", "17:00"), ("2026-05-15", "11:30")),
        # Moved to a day off of theirs.
        (UTCS, utc(4, 18, 12), ("2026-04-17", "17:00"), ("2026-04-20", "09:00")),
    ],
)
def test_two_hours_before_and_after_in_working_hours(
    calendar: Calendar, at: datetime, brief: tuple[str, str], question: tuple[str, str]
) -> None:
    for found, wanted in ((before, brief), (afterwards, question)):
        day, hour = found(calendar, at)
        assert (str(day), f"{hour:%H:%M}") == wanted


def test_the_hour_stays_where_the_clock_changes() -> None:
    rhythm = beat(date(2026, 10, 20), at=time(13, 30), zone="Europe/Stockholm")
    assert [f"{rhythm.moment(date(2026, 10, day)):%H:%M}" for day in (20, 27)] == ["11:30", "12:30"]
    assert Beat.read(str(rhythm)) == rhythm


@pytest.mark.parametrize("text", ["", "2026-04-16|3|13:30|UTC", "2026-04-16|1|25:00|UTC", "x|1|13:30|UTC",
                                  "2026-04-16|1|13:30|Nowhere", "2026-04-16|1|13:30", "|||", "9999-12-31|1|13:30|UTC",
                                  "0001-01-01|1|13:30|Asia/Tokyo"])  # fmt: skip
def test_a_rhythm_that_no_button_says(text: str) -> None:
    assert Beat.read(text) is None


def test_what_was_agreed_is_a_thing_a_line() -> None:
    assert lines(" - write to Bo\n\n* call Cy \n• \nrest – a while") == ["write to Bo", "call Cy", "rest – a while"]


# On the real store.


class House:
    """Ana and her manager Max, Ben, who reports to Max too, and Cy, a colleague."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def furnished(self, **zones: str) -> "House":
        person = self.desk.person
        self.max = await person("Max", zones.get("max", "UTC"))
        self.ana = await person("Ana", zones.get("ana", "UTC"), manager="max")
        self.ben = await person("Ben", manager="max")
        self.cy = await person("Cy")
        self.eve = await person("Eve", workspace="slack:T2")
        return self

    async def agreed(self, weekday: str = "3", at: str = "13:30", weeks: str = "2") -> OneOnOneRow:
        """Ana proposes, Max agrees."""
        await self.wish(self.ana, self.max, weekday=weekday, at=at, weeks=weeks)
        await self.desk.deliver()
        await self.desk.press(self.ana, "Propose it")
        await self.desk.deliver()
        await self.desk.press(self.max, "Agree")
        await self.desk.deliver()
        [pair] = await rows(self.desk.store, OneOnOneRow, state="agreed")
        return pair  # type: ignore[no-any-return]

    async def wish(self, who: Person, whom: Person | None, **answers: str) -> Answer | None:
        wanted = {"weekday": "3", "at": "13:30", "weeks": "2"} | answers
        people = {"who": (whom,)} if whom else {}
        return await self.desk.submit(who, "meetings.rhythm", answers=wanted, people=people)

    async def until(self, at: datetime) -> None:
        """The clock goes on, and strikes when there may be something to say."""
        await self.desk.deliver()
        first = self.desk.now.date()
        for n in range((at.date() - first).days + 1):
            for hour in STRIKES:
                now = datetime.combine(first + n * DAY, hour, UTC)
                if self.desk.now < now <= at:
                    await self._strike(now)
        self.desk.now = at

    async def _strike(self, now: datetime) -> None:
        self.desk.now = now
        await nudges.plan(self.desk.store, now)
        await nudges.play(self.desk.turns, self.desk.store, now)
        await self.desk.deliver()

    async def point(self, who: Person, whom: Person, words: str) -> str:
        await self.desk.command(who, "oneonone", words, mentions=(whom,))
        [point] = await rows(self.desk.store, AgendaRow, words=words)
        return str(point.id)

    def last(self, who: Person) -> str:
        return str(self.desk.shown(who)[-1])


FEATURES = (checkin, sharing, oneonone, meetings, briefs, home)


@pytest.fixture
async def house(company: Company) -> House:
    return await House(company(*FEATURES, now=NOW, settings=QUIET)).furnished()


# The list.


async def test_a_point_is_on_the_list_of_both(house: House) -> None:
    desk = house.desk
    await desk.command(house.ana, "oneonone", "the new tools")
    [point] = await rows(desk.store, AgendaRow)
    assert (point.person, point.manager, point.words, point.author) == ("ana", "max", "the new tools", "ana")
    await desk.command(house.max, "oneonone", mentions=(house.ana,))
    await desk.deliver()
    assert "the new tools (Ana)" in house.last(house.max)


async def test_somebodys_manager_adds_to_the_same_list(house: House) -> None:
    await house.point(house.max, house.ana, "the plan for May")
    [point] = await rows(house.desk.store, AgendaRow)
    assert (point.person, point.manager, point.author) == ("ana", "max", "max")


async def test_with_several_to_talk_to_one_is_chosen(house: House) -> None:
    desk = house.desk
    asked = await desk.command(house.max, "oneonone", "the plan")
    assert isinstance(asked, OpenForm)
    who, words = asked.form.fields
    assert isinstance(who, Choice) and [value for value, _ in who.options] == ["ana", "ben"]
    assert isinstance(words, TextBox) and words.value == "the plan"
    refused = await desk.submit(house.max, "oneonone.point", answers={"who": "cy", "words": " "})
    assert isinstance(refused, Refuse) and refused.objections.keys() == {"who", "words"}
    assert await desk.submit(house.max, "oneonone.point", answers={"who": "ben", "words": "x" * LIMIT}) is None
    too_long = await desk.submit(house.max, "oneonone.point", answers={"who": "ben", "words": "x" * (LIMIT + 1)})
    assert isinstance(too_long, Refuse) and too_long.objections.keys() == {"words"}
    assert await count(desk.store, AgendaRow, person="ben") == 1


async def test_a_message_becomes_a_point(house: House) -> None:
    desk = house.desk
    for opens in (True, False):
        base = desk.base(house.ana, None, opens=opens)
        answer = await desk.take(
            Shortcut(**base, name="oneonone", text="We need | a test", author=house.ben, message="z")
        )
    assert answer is None
    await desk.deliver()
    opened = await desk.press(house.ana, "Fill it in") if "Fill it in" in str(desk.shown(house.ana)) else None
    button = buttons(desk.shown(house.ana)[-1])[-1]
    opened = opened or await desk.act(house.ana, button.action, button.value)
    assert isinstance(opened, OpenForm) and "We need | a test" in str(opened.form)
    await desk.submit(house.ana, opened.form.id, opened.form.value, answers={"words": "We need | a test"})
    assert await count(desk.store, AgendaRow, words="We need | a test") == 1


async def test_a_shared_check_in_is_added_by_its_button(house: House) -> None:
    desk = house.desk
    await desk.command(house.ana, "checkin")
    form = await desk.act(house.ana, "talk.form", (await desk_floor(desk, house.ana)))
    assert isinstance(form, OpenForm)
    answers = {"well": "a lot", "talk": "more time", "energy": "3", "energy_story": "so", "share": "manager"}
    answers |= {"workload": "3", "workload_story": "so"}
    assert await desk.submit(house.ana, "talk.fill", form.form.value, answers=answers) is None
    await desk.deliver()
    await desk.press(house.max, "Add to our 1:1")
    [point] = await rows(desk.store, AgendaRow)
    assert (point.words, point.author) == ("Check-in: more time", "max")


async def desk_floor(desk: Desk, who: Person) -> str:
    async with desk.store.reading() as session:
        found = await dialogues.with_the_floor(session, who)
    assert found
    return found.id


async def test_what_was_talked_about_leaves_the_list_once(house: House) -> None:
    desk, id = house.desk, await house.point(house.ana, house.max, "the new tools")
    for who in (house.cy, house.ben, house.eve):
        await desk.act(who, "oneonone.talked", id)
        await desk.deliver()
        assert "no longer on a list of yours" in house.last(who) and "the new tools" not in str(desk.shown(who))
    await desk.act(house.max, "oneonone.talked", id)
    await desk.deliver()
    assert "Off the list: the new tools" in house.last(house.max)
    [point] = await rows(desk.store, AgendaRow)
    assert point.done_at is not None
    await desk.act(house.ana, "oneonone.talked", id)
    await desk.deliver()
    assert "no longer on a list of yours" in house.last(house.ana)


async def test_a_note_is_seen_by_who_wrote_it_alone(house: House) -> None:
    desk = house.desk
    assert await desk.submit(house.max, "oneonone.note", "ana", answers={"words": "ask about the move"}) is None
    [note] = await rows(desk.store, NoteRow)
    assert (note.author, note.about, note.words) == ("max", "ana", "ask about the move")
    for who, whom in ((house.max, house.ana), (house.ana, house.max)):
        await desk.command(who, "oneonone", mentions=(whom,))
    await desk.act(house.ana, "oneonone.forget", note.id)
    await desk.deliver()
    assert "ask about the move" in str(desk.shown(house.max))
    assert "ask about the move" not in str(desk.shown(house.ana))
    assert await count(desk.store, NoteRow) == 1
    await desk.act(house.max, "oneonone.forget", note.id)
    assert await count(desk.store, NoteRow) == 0


@pytest.mark.parametrize("who", ["cy", "eve", "gone"])
async def test_who_is_none_of_the_two_adds_nothing(house: House, who: str) -> None:
    """To somebody one has no one-to-one with, of another company, or who does not exist."""
    desk = house.desk
    refused = await desk.submit(house.ana, "oneonone.point", who, answers={"words": "hello"})
    assert isinstance(refused, Refuse)
    assert isinstance(await desk.submit(house.ana, "oneonone.note", who, answers={"words": "hello"}), Refuse)
    await desk.act(house.ana, "oneonone.point", who)
    await desk.command(house.ana, "oneonone", "hello", mentions=(house.cy,))
    assert (await count(desk.store, AgendaRow), await count(desk.store, NoteRow)) == (0, 0)


# Its rhythm.


async def test_a_rhythm_is_proposed_and_agreed_to(house: House) -> None:
    desk = house.desk
    await house.wish(house.ana, house.max)
    await desk.deliver()
    shown = house.last(house.ana)
    assert (
        "every other Thursday at 13:30" in shown and "Thursday 16 April, Thursday 30 April and Thursday 14 May" in shown
    )
    assert await count(desk.store, OneOnOneRow) == 0, "nothing is kept before it is proposed"
    await desk.press(house.ana, "Propose it")
    await desk.deliver()
    assert "Ana proposes a 1:1, every other Thursday at 13:30" in house.last(house.max)
    assert await count(desk.store, MeetingRow) == 0
    await desk.press(house.max, "Agree")
    await desk.deliver()
    assert "Max agreed: you meet every other Thursday at 13:30" in house.last(house.ana)
    assert not buttons(desk.shown(house.max)[-1]), "what was answered has no buttons any more"
    [meeting] = await rows(desk.store, MeetingRow)
    assert (meeting.day, meeting.at, meeting.state) == (
        date(2026, 4, 16),
        datetime(2026, 4, 16, 13, 30, tzinfo=UTC),
        "planned",
    )
    asked = {
        (row.person, row.rhythm, row.day, row.time)
        for row in await rows(desk.store, FollowUpRow)
        if "one" in row.rhythm
    }
    thursday = date(2026, 4, 16)
    assert asked == {
        (who, *what) for who in ("ana", "max")
        for what in (("oneonone", thursday, time(11, 30)), ("oneonone.after", thursday, time(15, 30)))
    }  # fmt: skip


@pytest.mark.parametrize(
    ("whom", "answers", "wrong"),
    [
        (None, {"at": "noon"}, {"who", "at"}),
        ("ana", {}, {"who"}),
        ("eve", {}, {"who"}),
        ("max", {"at": "19:00"}, {"at"}),
        ("max", {"at": "08:59"}, {"at"}),
        ("max", {"weeks": "3"}, {"at"}),
        ("max", {"weekday": "x"}, {"at"}),
    ],
)
async def test_a_rhythm_that_cannot_be(
    house: House, whom: str | None, answers: dict[str, str], wrong: set[str]
) -> None:
    refused = await house.wish(house.ana, getattr(house, whom) if whom else None, **answers)
    assert isinstance(refused, Refuse) and refused.objections.keys() == wrong


async def test_an_hour_in_which_the_other_sleeps_is_refused(company: Company) -> None:
    house = await House(company(*FEATURES, now=NOW, settings=QUIET)).furnished(max="Asia/Tokyo")
    refused = await house.wish(house.ana, house.max)
    assert isinstance(refused, Refuse) and "Max does not work" in refused.objections["at"]


async def test_another_zone_is_told_by_its_own_clock(company: Company) -> None:
    house = await House(company(*FEATURES, now=NOW, settings=QUIET)).furnished(max="Europe/Stockholm")
    await house.agreed()
    assert "every other Thursday at 15:30" in str(house.desk.shown(house.max))
    assert "For Max that is 15:30." in str(house.desk.shown(house.ana))
    briefed = {row.person: row.time for row in await rows(house.desk.store, FollowUpRow, rhythm="oneonone")}
    assert briefed == {"ana": time(11, 30), "max": time(13, 30)}


async def test_only_who_was_asked_says_yes_or_no_and_once(house: House) -> None:
    desk = house.desk
    await house.wish(house.ana, house.max)
    await desk.deliver()
    await desk.press(house.ana, "Propose it")
    [pair] = await rows(desk.store, OneOnOneRow)
    for who in (house.ana, house.ben, house.eve):
        for action in ("meetings.agree", "meetings.decline", "meetings.end"):
            await desk.act(who, action, pair.id)
    assert (await rows(desk.store, OneOnOneRow))[0].state == "proposed"
    await asyncio.gather(
        desk.act(house.max, "meetings.agree", pair.id), desk.act(house.max, "meetings.decline", pair.id)
    )
    [pair] = await rows(desk.store, OneOnOneRow)
    assert await count(desk.store, MeetingRow) == (1 if pair.state == "agreed" else 0)
    sent = [str(m.card) for m in await desk.deliver() if m.place.conversation == "U-ana" and m.verb == "post"]
    assert len([each for each in sent if "Max agreed" in each or "would rather have no" in each]) == 1


async def test_another_time_is_a_proposal_the_other_way(house: House) -> None:
    desk = house.desk
    await house.wish(house.ana, house.max)
    await desk.deliver()
    await desk.press(house.ana, "Propose it")
    await desk.deliver()
    opened = await desk.press(house.max, "Another time")
    assert isinstance(opened, OpenForm) and "13:30" in str(opened.form)
    await house.wish(house.max, house.ana, weekday="4", weeks="1")
    await desk.deliver()
    await desk.press(house.max, "Propose it")
    await desk.deliver()
    states = {row.one: row.state for row in await rows(desk.store, OneOnOneRow)}
    assert states == {"ana": "ended", "max": "proposed"}
    await desk.press(house.ana, "Agree")
    [meeting] = await rows(desk.store, MeetingRow)
    assert meeting.day == date(2026, 4, 17)


async def test_a_new_rhythm_takes_the_place_of_the_old_one(house: House) -> None:
    old = await house.agreed()
    new = await house.agreed(weekday="4")
    assert {row.id: row.state for row in await rows(house.desk.store, OneOnOneRow)} == {
        old.id: "ended",
        new.id: "agreed",
    }
    assert {row.pair: row.state for row in await rows(house.desk.store, MeetingRow)} == {
        old.id: "cancelled", new.id: "planned"}  # fmt: skip
    assert await count(house.desk.store, FollowUpRow, rhythm="oneonone") == 2


async def test_a_rhythm_ends_by_either_and_the_list_stays(house: House) -> None:
    desk, pair = house.desk, await house.agreed()
    await house.point(house.ana, house.max, "the new tools")
    await desk.act(house.max, "meetings.end", pair.id)
    await desk.deliver()
    assert "Max ended the rhythm" in house.last(house.ana)
    assert await count(desk.store, FollowUpRow, rhythm="oneonone") == 0
    [meeting] = await rows(desk.store, MeetingRow)
    assert meeting.state == "cancelled"
    await house.until(datetime(2026, 4, 16, 17, tzinfo=UTC))
    assert await count(desk.store, AgendaRow, done_at=None) == 1


async def test_two_colleagues_can_have_one_too(house: House) -> None:
    desk = house.desk
    await house.wish(house.cy, house.ben)
    await desk.deliver()
    await desk.press(house.cy, "Propose it")
    await desk.deliver()
    await desk.press(house.ben, "Agree")
    await house.point(house.ben, house.cy, "a book")
    await desk.command(house.cy, "oneonone", mentions=(house.ben,))
    await desk.deliver()
    assert "a book (Ben)" in house.last(house.cy)


async def test_what_two_promised_stays_until_it_is_done_though_they_have_no_rhythm_any_more(house: House) -> None:
    desk, said = house.desk, (("cy", "read the draft"), ("ben", "send it"))
    async with desk.store.transaction() as session:
        await Promised("talk", "cy", "ben", said, desk.clock()).save(session)
    await desk.command(house.ben, "oneonone", mentions=(house.cy,))
    await desk.deliver()
    assert "read the draft" in house.last(house.ben)
    await desk.act(house.cy, "oneonone.done", "promise:talk:0")
    assert {row.person: row.state for row in await rows(desk.store, PromiseRow)} == {"cy": "done", "ben": "open"}


async def test_a_proposal_waits_at_home(house: House) -> None:
    desk = house.desk
    await house.wish(house.ana, house.max)
    await desk.deliver()
    await desk.press(house.ana, "Propose it")
    for who, waits in ((house.max, True), (house.ana, False)):
        await desk.take(Opened(**desk.base(who, None)))
        shown = [m.card for m in await desk.deliver() if m.verb == "home"][-1]
        assert ("Ana proposes a 1:1, every other Thursday at 13:30" in str(shown)) is waits
        assert any(button.action == "oneonone.show" for button in buttons(shown))


# Before and after.


async def test_the_brief_comes_two_hours_before_and_the_question_two_hours_after(house: House) -> None:
    desk = house.desk
    await house.agreed()
    await house.point(house.max, house.ana, "the plan for May")
    await desk.submit(house.ana, "oneonone.note", "max", answers={"words": "mention the course"})
    await desk.deliver()
    before = len(desk.platform.sent)
    await house.until(datetime(2026, 4, 16, 11, tzinfo=UTC))
    assert len(desk.platform.sent) == before
    await house.until(datetime(2026, 4, 16, 11, 30, tzinfo=UTC))
    told = {m.place.conversation: str(m.card) for m in desk.platform.sent[before:]}
    assert told.keys() == {"U-ana", "U-max"}
    assert all("Thursday 16 April 13:30" in card and "the plan for May (Max)" in card for card in told.values())
    assert "mention the course" in told["U-ana"] and "mention the course" not in told["U-max"]
    before = len(desk.platform.sent)
    await house.until(datetime(2026, 4, 16, 15, 30, tzinfo=UTC))
    asked = {m.place.conversation: str(m.card) for m in desk.platform.sent[before:]}
    assert asked.keys() == {"U-ana", "U-max"} and all("Did you meet?" in card for card in asked.values())
    planned = [row.day for row in await rows(desk.store, MeetingRow) if row.state == "planned" and row.at > desk.now]
    assert planned == [date(2026, 4, 30)]


async def met(house: House, *people: Person) -> Script:
    """Until they are asked."""
    await house.agreed()
    script = Script(house.desk, house.ana, house.max)
    await house.until(datetime(2026, 4, 16, 15, 30, tzinfo=UTC))
    return script


async def test_what_was_agreed_stays_until_it_is_done_or_dropped_with_a_word(house: House) -> None:
    desk, id = house.desk, await house.point(house.ana, house.max, "the new tools")
    script = await met(house)
    await script.expects(
        "ana [Yes]",
        "> ana: Have you talked about everything on the list? / the new tools",
        "ana [Yes]",
        "> ana: What did you say",
        "ana: - try them for a week",
        "> ana: And the other?",
        "ana: ask Cy for a budget",
        "> max: Ana wrote down what you agreed / Ana: try them for a week / You: ask Cy for a budget",
        "> ana: You met. That is what counts. / You: try them for a week / Max: ask Cy for a budget",
    )
    assert (await rows(desk.store, AgendaRow, id=id))[0].done_at is not None
    promises = {row.person: row for row in await rows(desk.store, PromiseRow)}
    assert {who: row.words for who, row in promises.items()} == {
        "ana": "try them for a week",
        "max": "ask Cy for a budget",
    }
    await house.until(datetime(2026, 4, 30, 11, 30, tzinfo=UTC))
    shown = house.last(house.max)
    assert "ask Cy for a budget" in shown and "try them for a week" in shown, "both are carried forward"
    await desk.act(house.max, "oneonone.done", promises["ana"].id)
    assert (await rows(desk.store, PromiseRow, person="ana"))[0].state == "open", "each says it of their own"
    await desk.act(house.ana, "oneonone.done", promises["ana"].id)
    refused = await desk.submit(house.max, "oneonone.drop", promises["max"].id, answers={"word": " "})
    assert isinstance(refused, Refuse)
    assert await desk.submit(house.max, "oneonone.drop", promises["max"].id, answers={"word": "no money"}) is None
    await desk.deliver()
    assert "Max dropped what you two agreed: ask Cy for a budget" in house.last(house.ana)
    assert "no money" in house.last(house.ana)
    kept = {row.person: (row.state, row.word) for row in await rows(desk.store, PromiseRow)}
    assert kept == {"ana": ("done", ""), "max": ("dropped", "no money")}


async def test_who_comes_second_sees_what_the_first_wrote_down(house: House) -> None:
    script = await met(house)
    await script.expects(
        "ana [Yes]",
        "> ana: What did you say",
        "ana: call Cy",
        "> ana: And the other?",
        "ana: skip",
        "> max: Ana wrote down",
        "> ana: You met",
        "max [Yes]",
        "> max: What did you say you would do? One thing a line.",
        "max: skip",
        "> max: And the other? One thing a line. / On the list: call Cy",
    )


async def test_that_it_was_held_counts_more_than_that_it_was_not(house: House) -> None:
    script = await met(house)
    await script.expects("ana [No]", "> ana: Not this time, then.")
    assert {row.state for row in await rows(house.desk.store, MeetingRow, day=date(2026, 4, 16))} == {"missed"}
    await script.expects(
        "max [Yes]", "> max: What did you say", "max: skip", "> max: And", "max: skip", "> max: You met"
    )
    assert {row.state for row in await rows(house.desk.store, MeetingRow, day=date(2026, 4, 16))} == {"held"}
    async with house.desk.store.reading() as session:
        for who, many in ((house.ana, 1), (house.max, 1), (house.ben, 0)):
            event = Opened(**house.desk.base(who, None))
            assert await held(session, event, NOW) == many


async def test_an_edited_answer_changes_what_was_agreed(house: House) -> None:
    script = await met(house)
    await script.expects(
        "ana [Yes]", "> ana: What", "ana: call Cy", "> ana: And", "ana: skip", "> max: Ana wrote down", "> ana: You met"
    )
    await script.expects("ana ✎ call Cy > call Bo")
    assert [row.words for row in await rows(house.desk.store, PromiseRow)] == ["call Bo"]
    assert "call Bo" in str(house.desk.shown(house.max)) and "call Cy" not in str(house.desk.shown(house.max))


async def test_what_nobody_answers_ends_with_the_next_one(house: House) -> None:
    await met(house)
    await house.until(datetime(2026, 4, 30, 16, tzinfo=UTC))
    states = {str(row.day): row.state for row in await rows(house.desk.store, MeetingRow)}
    assert states == {"2026-04-16": "unsaid", "2026-04-30": "planned", "2026-05-14": "planned"}
    assert "30 April" in str(house.desk.shown(house.ana)[-1]), "only the latest is still asked about"


# Otherwise this time.


async def test_one_talk_is_moved_and_the_rhythm_stays(house: House) -> None:
    desk = house.desk
    await house.agreed()
    [meeting] = await rows(desk.store, MeetingRow)
    opened = await desk.act(house.max, "meetings.move", meeting.id)
    assert isinstance(opened, OpenForm)
    for answers, field in (
        ({"day": "2026-04-17", "at": "later"}, "at"),
        ({"day": "", "at": "10:00"}, "at"),
        ({"day": "9999-12-31", "at": "23:59"}, "at"),
        ({"day": "2026-04-14", "at": "11:00"}, "day"),
        ({"day": "2026-04-30", "at": "13:30"}, "day"),
    ):
        refused = await desk.submit(house.max, "meetings.move", meeting.id, answers=answers)
        assert isinstance(refused, Refuse) and refused.objections.keys() == {field}, answers
    for who in (house.ben, house.eve):
        no = await desk.submit(who, "meetings.move", meeting.id, answers={"day": "2026-04-17", "at": "10:00"})
        assert isinstance(no, Refuse)
    assert (
        await desk.submit(house.max, "meetings.move", meeting.id, answers={"day": "2026-04-17", "at": "14:00"}) is None
    )
    await desk.deliver()
    assert "Max moved your 1:1 to Friday 17 April 14:00" in house.last(house.ana)
    before = len(desk.platform.sent)
    await house.until(datetime(2026, 4, 16, 17, tzinfo=UTC))
    assert len(desk.platform.sent) == before, "nothing of the day it was on"
    await house.until(datetime(2026, 4, 17, 17, tzinfo=UTC))
    told = [str(m.card) for m in desk.platform.sent[before:] if m.place.conversation == "U-ana"]
    assert len(told) == 2 and "Friday 17 April 14:00" in told[0] and "Did you meet?" in told[1]
    assert await count(desk.store, MeetingRow, day=date(2026, 4, 30)) == 1


async def test_one_talk_is_left_out_and_the_next_one_stands(house: House) -> None:
    desk = house.desk
    await house.agreed()
    [meeting] = await rows(desk.store, MeetingRow)
    for who in (house.ben, house.eve):
        await desk.act(who, "meetings.cancel", meeting.id)
    assert await count(desk.store, MeetingRow, state="planned") == 1
    await asyncio.gather(*(desk.act(who, "meetings.cancel", meeting.id) for who in (house.ana, house.max)))
    states = {str(row.day): row.state for row in await rows(desk.store, MeetingRow)}
    assert states == {"2026-04-16": "cancelled", "2026-04-30": "planned"}
    sent = [str(m.card) for m in await desk.deliver()]
    assert len([each for each in sent if "cannot make your 1:1 this time" in each]) == 1
    before = len(desk.platform.sent)
    await house.until(datetime(2026, 4, 16, 17, tzinfo=UTC))
    assert len(desk.platform.sent) == before


async def test_who_is_away_is_left_alone_and_the_other_hears_it(house: House) -> None:
    desk = house.desk
    await house.agreed()
    async with desk.store.transaction() as session:
        await Absence("a1", "max", "*", date(2026, 4, 15), date(2026, 4, 20)).save(session)
    before = len(desk.platform.sent)
    await house.until(datetime(2026, 4, 22, 17, tzinfo=UTC))
    told = [(m.place.conversation, str(m.card)) for m in desk.platform.sent[before:]]
    assert [who for who, _ in told] == ["U-ana"]
    assert "Max is away when you two would meet. The next one is Thursday 30 April 13:30." in told[0][1]
    await house.until(datetime(2026, 4, 30, 16, tzinfo=UTC))
    assert "Did you meet?" in house.last(house.max) and "Did you meet?" in house.last(house.ana)


async def test_both_were_away_and_it_goes_on_when_they_are_back(house: House) -> None:
    desk = house.desk
    await house.agreed(weeks="1")
    async with desk.store.transaction() as session:
        for who in ("ana", "max"):
            await Absence(f"a-{who}", who, "*", date(2026, 4, 15), date(2026, 4, 24)).save(session)
    before = len(desk.platform.sent)
    await house.until(datetime(2026, 4, 29, 17, tzinfo=UTC))
    assert len(desk.platform.sent) == before, "nobody is asked about a day on which they were away"
    planned = {str(row.day): row.state for row in await rows(desk.store, MeetingRow)}
    assert planned == {"2026-04-16": "cancelled", "2026-04-30": "planned"}


async def test_after_downtime_nobody_is_briefed_for_what_is_over(house: House) -> None:
    desk = house.desk
    await house.agreed()
    before = len(desk.platform.sent)
    desk.now = datetime(2026, 4, 27, 10, tzinfo=UTC)
    await house.until(datetime(2026, 4, 27, 16, tzinfo=UTC))
    told = [str(m.card) for m in desk.platform.sent[before:]]
    assert len(told) == 2 and all("Did you meet?" in card for card in told)
    assert await count(desk.store, MeetingRow, day=date(2026, 4, 30)) == 1


async def test_who_leaves_ends_it(house: House) -> None:
    desk = house.desk
    await house.agreed()
    async with desk.store.transaction() as session:
        await Changed("max", {"gone": True}).save(session)
    await house.until(datetime(2026, 4, 16, 17, tzinfo=UTC))
    assert "Max no longer works here" in house.last(house.ana)
    assert (await rows(desk.store, OneOnOneRow))[0].state == "ended"
    before = len(desk.platform.sent)
    await house.until(datetime(2026, 5, 1, 17, tzinfo=UTC))
    assert len(desk.platform.sent) == before


async def test_it_goes_on_week_after_week(house: House) -> None:
    desk = house.desk
    await house.agreed(weeks="1")
    await house.until(datetime(2026, 5, 8, tzinfo=UTC))
    days = sorted(str(row.day) for row in await rows(desk.store, MeetingRow))
    assert days == ["2026-04-16", "2026-04-23", "2026-04-30", "2026-05-07", "2026-05-14"]
    for who in ("U-ana", "U-max"):
        asked = [m for m in desk.platform.sent if "Did you meet?" in str(m.card) and m.place.conversation == who]
        assert len(asked) == 4


def test_a_person_in_another_zone_works_at_other_hours() -> None:
    person = Person("p", "P", "slack:T1", "U", zone="Asia/Tokyo", calendar="Asia/Tokyo||01234|09:00|17:00")
    assert in_hours(person, beat(at=time(7)), date(2026, 4, 16))
    assert not in_hours(person, beat(at=time(8)), date(2026, 4, 16))
