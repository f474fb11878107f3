"""Everybody's home: what waits first, one thing that stands out, and kept as things are without anybody's asking."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import insert, update

from bot.core.cards import Bar, Card, Facts, Text
from bot.core.effects import Grant, KeepDialogue, Record, Replace, Tell, Whisper
from bot.core.events import Command, Due, Opened
from bot.core.home import Around, Home, Promise, Thanks
from bot.core.home_card import card as drawn
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.requests import FeedbackRequest
from bot.core.settings import Settings
from bot.core.wording import LANGUAGES, wording
from bot.platforms.slack import render as slack
from bot.platforms.teams import render as teams
from bot.turn import Turns
from handlers import FEATURES
from scheduler.clock import Clock
from scheduler.homes import renew
from storage import homes
from storage import people as folk
from storage.engine import Store, table
from storage.goals import GoalRow
from storage.grow import CommitmentRow
from storage.homes import HomeRow
from storage.kudos import KudosRow
from storage.nudges import Answered, NudgeRow
from storage.oneonone import AgendaRow
from tests.conftest import HALL, SLACK, TEAMS, Company, Desk, buttons, count, rows, statements
from tests.dialogues.script import text_of

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
QUIET = Settings.model_validate({"people": {"pilot": ["nobody"]}})  # nobody is nudged
say = wording("home")


@pytest.fixture
async def desk(company: Company) -> Desk:
    made = company(*FEATURES, now=TUESDAY, settings=QUIET)
    await made.person("Max")
    return made


async def opens(desk: Desk, who: Person) -> Card:
    """The home that somebody sees who opens it."""
    await desk.take(Opened(**desk.base(who, None)))
    return seen(await desk.deliver(), who)


def seen(sent: Iterable[Any], who: Person) -> Card:
    [found] = [m.card for m in sent if m.verb == "home" and m.place.conversation == who.account]
    assert found
    return found


def said(card: Card) -> str:
    from bot.core.sending import Outgoing

    return text_of(Outgoing("", HALL, card))


async def put(store: Store, row: Any, *many: dict[str, Any]) -> None:
    async with store.transaction() as session:
        for one in many:
            await session.run(insert(table(row)).values(**one))


def goal(id: str, owner: str, title: str, at: datetime = TUESDAY, **more: Any) -> dict[str, Any]:
    row = {
        "id": f"goal:{id}",
        "company": SLACK,
        "person": owner,
        "level": "personal",
        "kind": "measure",
        "title": title,
    }
    row |= {"start": 0.0, "target": 100.0, "value": 60.0, "visibility": "team", "state": "open", "set_by": owner}
    return {**row, "at": at, "word_at": at, "word": "going well", **more}


def commitment(id: str, person: str, words: str, day: date) -> dict[str, Any]:
    return {"id": id, "person": person, "words": words, "day": day, "at": TUESDAY, "thread": id}


def thanks(id: str, giver: str, receiver: str, words: str, at: datetime) -> dict[str, Any]:
    row = {"giving": f"kudos:{id}", "giver": giver, "receiver": receiver, "words": words, "at": at, "day": at.date()}
    return {**row, "workspace": SLACK, "conversation": "C1", "kind": "public"}


# What stands there.


async def test_own_tasks_come_first_and_each_has_its_button(desk: Desk) -> None:
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await desk.command(ben, "kadens", "manager", mentions=(ana,))
    await desk.command(ana, "grow", "a quieter inbox")
    await desk.command(ben, "feedback", "ask What should I do more of?", mentions=(ana,))
    old = TUESDAY - timedelta(days=30)
    await put(desk.store, GoalRow, goal("old", "ana", "Fewer late builds", old), goal("new", "ana", "Ship it"))
    await put(desk.store, GoalRow, goal("offer", "ana", "Lead the guild", state="offered", set_by="ben"))
    await put(desk.store, CommitmentRow, commitment("c1", "ana", "Write to Cy", date(2026, 4, 16)))
    await put(desk.store, CommitmentRow, commitment("c2", "ana", "Read a book", date(2026, 4, 2)))
    await put(desk.store, CommitmentRow, commitment("c3", "ana", "Not yet", date(2026, 5, 14)))
    await desk.deliver()
    card = await opens(desk, ana)
    words = said(card)
    tasks = ["Ben says", "Your GROW talk is open", "Ben asks you for feedback", "What should I do more of?"]
    tasks += ["Ben suggests a goal for you / Lead the guild"]
    tasks += ["Fewer late builds", "Since Thursday 2 April: Read a book", "By Thursday 16 April: Write to Cy"]
    places = [words.index(task) for task in tasks]
    assert places == sorted(places) and places[-1] < words.index("My goals")
    assert "Not yet" not in words, "what is far off is no task"
    actions = [button.action for button in buttons(card)]
    order = ["people.confirm", "people.refuse", "talk.resume", "feedback.answer", "feedback.decline"]
    order += ["goals.accept", "goals.decline", "goals.update", "checkin.start"]
    assert actions[: len(order)] == order
    values = {button.value for button in buttons(card) if button.action == "goals.update"}
    assert values == {"goal:old", "goal:new"}, "each goal is updated by one button"


async def test_a_follow_up_that_is_being_asked_about_is_shown_once(desk: Desk) -> None:
    ana = await desk.person("Ana")
    await put(desk.store, CommitmentRow, commitment("grow:c1", "ana", "Write to Cy", date(2026, 4, 14)))
    await desk.due(ana, "grow.followup", "grow:c1")
    await desk.deliver()
    assert said(await opens(desk, ana)).count("Write to Cy") == 1


async def test_what_is_done_is_no_task_and_the_next_thing_stands_out(desk: Desk) -> None:
    ana = await desk.person("Ana")
    first = await opens(desk, ana)
    assert "Nothing is waiting" in said(first) and primary(first) == ["checkin.start"]
    await desk.command(ana, "checkin")
    begun = await opens(desk, ana)
    assert "Your April check-in is open" in said(begun) and primary(begun) == ["talk.resume"]
    assert "checkin.start" not in {button.action for button in buttons(begun)}
    [row] = [row for row in await rows(desk.store, NudgeRow, person="ana") if row.step == 0]
    async with desk.store.transaction() as session:
        where = table(NudgeRow).c.person == row.person
        await session.run(update(table(NudgeRow)).where(where).values(state="answered"))
        talks = homes.homes.metadata.tables["dialogues"]
        await session.run(update(talks).where(talks.c.person == "ana").values(state="finished"))
    done = await opens(desk, ana)
    assert primary(done) == ["kudos.form"] and "Nothing is waiting" in said(done)


def primary(card: Card) -> list[str]:
    return [button.action for button in buttons(card) if button.style == "primary"]


ANA = Person("ana", "Ana", SLACK, "U-ana", lang="en")
WILD = "X" * 80
LONG = "words " * 500


def found(number: int, own: Any = None) -> Home:
    """A home in which there are so many of everything."""
    many = [Person(f"p{n}", f"{WILD}{n}", SLACK, f"U{n}") for n in range(number)]
    from bot.core.goals import Goal

    states = ["answered", "skipped", "said", None]
    old = TUESDAY - timedelta(days=90)
    return Home(
        "2026-04",
        Around(
            tuple((one.id, one.name) for one in many),
            tuple((one.name, states[n % 4]) for n, one in enumerate(many)),  # type: ignore[misc]
            own,
        ),
        tuple(Progress(f"{kind}:{n}", kind, "2026-04") for n, kind in
              zip(range(number), ["checkin", "grow", "kudos", "anything"] * number, strict=False)),
        tuple(Promise(f"c{n}", LONG, TUESDAY.date()) for n in range(number)),
        tuple(FeedbackRequest(f"r{n}", one, one, LONG, old, TUESDAY.date()) for n, one in enumerate(many)),
        tuple((Goal(id=f"offer:{n}", company="c", title=LONG, at=old, set_by="max"), WILD) for n in range(number)),
        tuple(
            Goal(id=f"goal:{n}", company="c", title=LONG, at=old if n % 2 else TUESDAY, set_by="ana", target=3.0,
                 value=1.0, word=LONG, kind="milestone" if n % 3 else "measure", confidence="at_risk")
            for n in range(number)
        ),
        Thanks(number, WILD, LONG) if number else Thanks(),
        tuple((one, LONG) for one in many for _ in range(3)),
    )  # fmt: skip


@pytest.mark.parametrize(("lang", "number", "own"), [*product(LANGUAGES, (0, 1, 3, 40), (None, "said", "answered"))])
def test_one_thing_stands_out_and_every_platform_takes_it_whole(lang: str, number: int, own: str | None) -> None:
    actor = replace(ANA, lang=lang)
    look = Opened(id="e", actor=actor, place=actor.home, at=TUESDAY)
    card = drawn(look, found(number, own))
    assert len(primary(card)) == 1
    blocks = slack.home(card)["blocks"]
    assert len(blocks) <= 100 and not [b for b in blocks if str(b).count("'…'")], "nothing is left out"
    assert teams.size(teams.message(card)) < 28_000
    assert len(card.parts) < 80


def test_a_team_of_any_size_takes_thirty_names(desk: Desk) -> None:
    look = Opened(id="e", actor=ANA, place=ANA.home, at=TUESDAY)
    card = drawn(look, found(200))
    [facts] = [part for part in card.parts if isinstance(part, Facts) and "Not yet" in str(part)]
    assert str(facts).count(WILD) == 30
    labels = [name for name, _ in facts.rows]
    assert labels == ["Not yet (50)", "Answered (50)", "Not this time (50)", "Not asked yet (50)"]
    assert "20 more" in facts.rows[0][1] and facts.rows[1][1] == "50 more"


async def test_a_manager_sees_who_has_answered_and_nothing_of_what_was_said(desk: Desk) -> None:
    max = await desk.person("Mia")
    for name in ("Ana", "Ben", "Cy", "Dan"):
        await desk.person(name, manager="mia")
    await desk.person("Gone", manager="mia", gone=True)
    await desk.person("Eve", manager="max")
    ana = replace(ANA, manager="mia")
    await desk.command(ana, "checkin")
    await desk.say(ana, "SECRET words")
    await put(desk.store, GoalRow, goal("g", "ana", "SECRET goal", visibility="manager"))
    await desk.command(replace(ANA, id="ben", account="U-ben"), "kadens", "skip")
    async with desk.store.transaction() as session:
        event = Opened(**desk.base(replace(ANA, id="cy"), None))
        await Answered(event, "checkin", "2026-04").save(session)
    await desk.deliver()
    words = said(await opens(desk, max))
    team = words.partition("Your team’s check-ins, April / ")[2]
    assert team == "Not yet (1): Ana / Answered (1): Cy / Not this time (1): Ben / Not asked yet (1): Dan"
    assert not re.search("SECRET|Gone|Eve", words)


async def test_kudos_of_the_month_are_the_persons_own_month(desk: Desk) -> None:
    ana = await desk.person("Ana", "Pacific/Auckland")
    await desk.person("Ben")
    begins = datetime(2026, 3, 31, 11, tzinfo=UTC)  # midnight of 1 April in Auckland
    await put(
        desk.store, KudosRow,
        thanks("before", "ben", "ana", "for March", begins - timedelta(seconds=1)),
        thanks("first", "ben", "ana", "for the first of April", begins),
        thanks("emoji", "max", "ana", "", begins + timedelta(days=3)),
    )  # fmt: skip
    words = said(await opens(desk, ana))
    assert "Kudos this month / You were thanked 2 times. Ben said: / for the first of April" in words
    assert "Kudos" not in said(await opens(desk, await desk.person("Cy"))).replace("Give kudos", "")


async def test_points_to_talk_about_stand_by_person(desk: Desk) -> None:
    mia = await desk.person("Mia")
    await desk.person("Ana", manager="mia")
    await desk.person("Ben", manager="mia")
    points = [("ana", "first"), ("ben", "only one"), ("ana", "second"), ("ana", "third"), ("ana", "done")]
    await put(desk.store, AgendaRow, *(
        {"id": f"a{n}", "person": who, "manager": "mia", "words": words, "source": f"s{n}",
         "at": TUESDAY + timedelta(minutes=n), "done_at": TUESDAY if words == "done" else None}
        for n, (who, words) in enumerate(points)
    ))  # fmt: skip
    assert "For your next 1:1 / Ana: first\nsecond\nand one more / Ben: only one" in said(await opens(desk, mia))
    ana = replace(ANA, manager="mia")
    assert "For your next 1:1 / Mia: first\nsecond\nand one more" in said(await opens(desk, ana))


async def test_goals_stand_with_their_last_word_and_more_than_five_behind_a_button(desk: Desk) -> None:
    ana = await desk.person("Ana")
    assert "goals.form" in {button.action for button in buttons(await opens(desk, ana))}
    await put(
        desk.store, GoalRow, *(goal(str(n), "ana", f"Goal {n}", TUESDAY + timedelta(minutes=n)) for n in range(7))
    )
    card = await opens(desk, ana)
    bars = [part for part in card.parts if isinstance(part, Bar)]
    assert [(bar.label, bar.value, bar.top, bar.story) for bar in bars] == [
        (f"Goal {n}", 60, 100, "going well") for n in range(5)
    ]
    assert "All my goals" in {button.label for button in buttons(card)}


async def test_a_button_of_the_home_leads_somewhere(desk: Desk) -> None:
    """Whatever stands on any home."""
    look = Opened(id="e", actor=ANA, place=ANA.home, at=TUESDAY)
    for number in (0, 3):
        for button in buttons(drawn(look, found(number))):
            if not button.action.startswith("talk."):
                assert any(key == button.action for kind, key in desk.routes.table if kind.__name__ == "Action"), button


# Kept as things are.


def draws(desk: Desk, sent: Iterable[Any]) -> list[str]:
    return [m.place.conversation for m in sent if m.verb == "home"]


async def beat(desk: Desk) -> list[Any]:
    """A beat of the clock's, and what arrived by it."""
    await renew(desk.turns, desk.store, desk.now)
    return await desk.deliver()


async def ask(desk: Desk, by: Person, whom: Person, words: str = "What should I do more of?") -> None:
    await desk.command(by, "feedback", f"ask {words}", mentions=(whom,))
    await desk.deliver()


async def test_feedback_asked_of_me_stands_at_my_home_by_itself(desk: Desk) -> None:
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    assert "asks you" not in said(await opens(desk, ana))
    await ask(desk, ben, ana)
    assert "Ben asks you for feedback" in said(seen(await beat(desk), ana))
    assert await beat(desk) == [], "a second beat has nothing to do"


async def test_what_was_said_between_two_beats_is_drawn_once(desk: Desk) -> None:
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await opens(desk, ana)
    for number in range(3):
        await ask(desk, ben, ana, f"Question {number}?")
    [drawn_home] = [m for m in await beat(desk) if m.verb == "home"]
    assert said(drawn_home.card).count("asks you") == 3


async def test_nobody_elses_home_is_drawn(desk: Desk) -> None:
    ana, ben, cy = [await desk.person(name) for name in ("Ana", "Ben", "Cy")]
    for who in (ana, cy):
        await opens(desk, who)
    await ask(desk, ben, ana)
    assert draws(desk, await beat(desk)) == ["U-ana"], "Ben has never opened his"


async def test_a_home_that_looks_the_same_is_not_sent_again(desk: Desk) -> None:
    ana = await desk.person("Ana")
    await desk.command(ana, "grow", "the topic")
    await opens(desk, ana)
    await desk.say(ana, "a first answer")
    await desk.deliver()
    assert await count(desk.store, HomeRow, stale=None) == 0
    assert draws(desk, await beat(desk)) == [] and await count(desk.store, HomeRow, stale=None) == 1


async def test_a_manager_sees_that_a_report_has_answered_without_a_word_to_them(desk: Desk) -> None:
    mia = await desk.person("Mia")
    await desk.person("Ana", manager="mia")
    assert "Not asked yet (1): Ana" in said(await opens(desk, mia))
    await desk.command(replace(ANA, id="", name="Ana"), "kadens", "skip")
    await desk.deliver()
    assert "Not this time (1): Ana" in said(seen(await beat(desk), mia))


async def test_what_is_taken_back_goes_from_the_home_of_who_had_it(desk: Desk) -> None:
    """Whoever is told nothing, but reads what is replaced or retracted."""
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await desk.command(ben, "kudos", "for the build", HALL, mentions=(ana,))
    await desk.deliver()
    assert "You were thanked once" in said(await opens(desk, ana))
    await desk.command(ben, "kudos", "undo", HALL)
    await desk.deliver()
    assert "You were thanked" not in said(seen(await beat(desk), ana))


async def test_who_has_stayed_away_for_a_week_is_left_until_they_come(desk: Desk) -> None:
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await opens(desk, ana)
    desk.later(days=6)
    await ask(desk, ben, ana, "Within the week?")
    assert draws(desk, await beat(desk)) == ["U-ana"]
    desk.later(days=1, seconds=1)
    await ask(desk, ben, ana, "After it?")
    assert draws(desk, await beat(desk)) == [], "to have it drawn is not to look at it"
    assert "After it?" in said(await opens(desk, ana))


async def test_killed_between_claim_and_drawing_nothing_is_lost(desk: Desk) -> None:
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await opens(desk, ana)
    await ask(desk, ben, ana)

    class Killed(BaseException):
        pass

    class Dying(Turns):
        async def take(self, event: Any) -> None:
            async with self.store.transaction() as session:
                await homes.looked(session, event)
                raise Killed

    with pytest.raises(Killed):
        await renew(Dying(desk.routes, desk.store, desk.cans), desk.store, desk.now)
    assert "Ben asks you" in said(seen(await beat(desk), ana))


async def test_two_replicas_draw_once(desk: Desk) -> None:
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await opens(desk, ana)
    await ask(desk, ben, ana)
    async with desk.store.reading() as session:
        [mine], [theirs] = [await homes.stale(session, desk.now, 9) for _ in range(2)]
    assert mine.id == theirs.id
    for event in (mine, theirs):
        await desk.take(event)
    assert draws(desk, await desk.deliver()) == ["U-ana"]


async def test_what_changes_while_a_home_is_drawn_is_drawn_next(desk: Desk) -> None:
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await opens(desk, ana)
    await ask(desk, ben, ana, "First?")
    async with desk.store.reading() as session:
        [event] = await homes.stale(session, desk.now, 9)
    await desk.take(event)
    await ask(desk, ben, ana, "Second?")
    async with desk.store.transaction() as session:
        await homes.drawn(session, [event])  # what the one before was drawn for, and no later mark
    await desk.deliver()
    assert "Second?" in said(seen(await beat(desk), ana))


async def test_an_event_seen_before_does_not_come_up_for_ever(desk: Desk) -> None:
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await opens(desk, ana)
    await ask(desk, ben, ana)
    async with desk.store.reading() as session:
        [event] = await homes.stale(session, desk.now, 9)
    async with desk.store.transaction() as session:
        from storage import outbox

        assert await outbox.first_time(session, event)
    await beat(desk)
    async with desk.store.reading() as session:
        assert await homes.stale(session, desk.now, 9) == []


async def test_a_home_that_cannot_be_drawn_is_tried_a_few_times_and_no_other_waits_for_it(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    ana, ben, cy = [await desk.person(name) for name in ("Ana", "Ben", "Cy")]
    for who in (ana, cy):
        await opens(desk, who)
    tried = list[str]()

    class Breaking(Turns):
        async def take(self, event: Any) -> Any:
            tried.append(event.actor.id)
            if event.actor.id == "ana":
                raise RuntimeError("ana said SECRET")
            return await super().take(event)

    turns = Breaking(desk.routes, desk.store, desk.cans)
    for _ in range(5):
        await ask(desk, ben, cy)
        if not tried:
            await ask(desk, ben, ana)
        await renew(turns, desk.store, desk.now)
    assert tried.count("ana") == homes.TRIES and tried.count("cy") == 5
    assert "RuntimeError" in caplog.text and "SECRET" not in caplog.text
    await desk.deliver()
    await ask(desk, ben, ana, "Another?")
    assert "Another?" in said(seen(await beat(desk), ana)), "what changes gives it another chance"


async def test_a_home_waiting_for_a_platform_that_is_not_there_is_no_error_and_does_not_pile_up(desk: Desk) -> None:
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await desk.take(Opened(**desk.base(ana, None)))
    from storage.outbox import OutboxRow

    for number in range(4):
        await desk.command(ben, "feedback", f"ask Question {number}?", mentions=(ana,))
        await renew(desk.turns, desk.store, desk.now)
    assert await count(desk.store, OutboxRow, verb="home", conversation="U-ana") == 1
    await desk.deliver()
    assert said(seen(await beat(desk), ana)).count("asks you") == 3, "and one more"


async def test_a_home_is_drawn_where_it_was_opened(desk: Desk) -> None:
    """Somebody with two accounts looks at it in one of them."""
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    async with desk.store.transaction() as session:
        await session.run(folk.accounts.insert().values(workspace=TEAMS, account="T-ana", person="ana"))
    there = replace(ana, workspace=TEAMS, account="T-ana")
    await desk.take(Opened(**desk.base(there, there.home)))
    await desk.deliver()
    await ask(desk, ben, ana)
    [home] = [m for m in await beat(desk) if m.verb == "home"]
    assert (home.place.workspace, home.place.conversation) == (TEAMS, "T-ana")


async def test_the_clock_draws_homes(desk: Desk) -> None:
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await opens(desk, ana)
    await ask(desk, ben, ana)
    assert await Clock(desk.turns, desk.clock).beat(desk.now) == 1
    assert draws(desk, await desk.deliver()) == ["U-ana"]
    assert await Clock(desk.turns, desk.clock).beat(desk.now) == 0


async def test_somebody_gone_is_drawn_none(desk: Desk) -> None:
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await opens(desk, ana)
    await ask(desk, ben, ana)
    async with desk.store.transaction() as session:
        await session.run(update(folk.people).where(folk.people.c.id == "ana").values(gone=True))
    assert await beat(desk) == []


def base(**more: Any) -> dict[str, Any]:
    return {"id": "e", "actor": replace(ANA, manager="mia"), "place": ANA.home, "at": TUESDAY, **more}


BEN = replace(ANA, id="ben")
SAID = Command(**base(), name="kudos")
CARD = Card(parts=(Text("."),))


@pytest.mark.parametrize(
    ("event", "effects", "who", "topics"),
    [
        (SAID, [], set(), set()),
        (SAID, [Tell(BEN, CARD), Whisper(CARD), Replace("t", CARD)], set(), set()),
        (SAID, [Record(Answered(SAID, "checkin", "2026-04"))], {"ana", "mia"}, set()),
        (SAID, [Record(homes.Drawn("ana", CARD))], set(), set()),
        (SAID, [KeepDialogue(Progress("g:1", "grow")), Tell(BEN, CARD)], {"ana", "ben"}, set()),
        (SAID, [Grant("g:1", BEN)], {"ana", "ben"}, set()),
        (SAID, [Grant("g:1", None), Replace("t", CARD)], {"ana"}, {"t"}),
        (Due(**base(), rhythm="checkin", period="2026-04"), [], {"ana"}, set()),
        (Opened(**base()), [Record(homes.Drawn("ana", CARD))], set(), set()),
    ],
)
def test_whose_homes_a_turn_may_have_changed(event: Any, effects: list[Any], who: set[str], topics: set[str]) -> None:
    assert homes.concerned(event, effects) == (who, topics)


async def test_asking_for_it_in_words_does_not_mark_it(desk: Desk) -> None:
    ana = await desk.person("Ana")
    for _ in range(2):
        await desk.command(ana, "kadens", "home")
        await desk.act(ana, "home.show")
    await desk.deliver()
    assert await beat(desk) == []


# Fast, however many people there are.


async def scans(store: Store, asked: Iterable[tuple[str, Any]]) -> list[str]:
    """Statements that look at every row of a table of ours."""
    tables, found = set(table(HomeRow).metadata.tables), []
    if store.dialect != "sqlite":
        return await postgres_scans(store, asked)
    async with store.engine.connect() as connection:
        for statement, values in asked:
            if not statement.startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
                continue
            first = values[0] if isinstance(values, list) else values
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", first)
            for row in plan.all():
                if (scan := re.match(r"SCAN (\w+)", row[3])) and re.sub(r"_\d+$", "", scan[1]) in tables:
                    found.append(f"{row[3]}: {statement}")
    return found


async def postgres_scans(store: Store, asked: Iterable[tuple[str, Any]]) -> list[str]:
    """The same on PostgreSQL, which reads a small table as a whole unless it is told that this costs very much."""
    found = []
    async with store.engine.begin() as connection:
        await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, values in asked:
            if statement.startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
                first = values[0] if isinstance(values, list) else values
                plan = (await connection.exec_driver_sql(f"EXPLAIN {statement}", first)).all()
                found += [f"{row[0]}: {statement}" for row in plan if "Seq Scan on" in row[0]]
    return found


async def test_looking_at_every_row_is_noticed(desk: Desk) -> None:
    for statement in ("SELECT * FROM people WHERE name = 'Ana'", "UPDATE homes SET tries = 0"):
        assert await scans(desk.store, [(statement, ())])


async def furnished(desk: Desk) -> Person:
    """Everything a home can show, of a manager."""
    mia = await desk.person("Mia", manager="max")
    for number in range(5):
        await desk.person(f"R{number}", manager="mia")
    await put(desk.store, GoalRow, *(goal(str(n), "mia", f"Goal {n}") for n in range(20)))
    await put(desk.store, GoalRow, goal("o", "mia", "An objective", kind="objective", start=None, target=None),
              goal("k", "mia", "A key result", objective="goal:o"))  # fmt: skip
    await put(desk.store, KudosRow, *(thanks(str(n), "r0", "mia", "thanks", TUESDAY) for n in range(20)))
    await put(desk.store, CommitmentRow, commitment("c1", "mia", "Write to Cy", date(2026, 4, 14)))
    await put(
        desk.store, AgendaRow, {"id": "a", "person": "r1", "manager": "mia", "words": "w", "source": "s", "at": TUESDAY}
    )
    await desk.command(mia, "checkin")
    await ask(desk, replace(ANA, id="", name="R1", account="U-r1"), mia)
    await desk.deliver()
    return mia


async def test_a_home_takes_few_statements_and_each_goes_by_an_index(desk: Desk) -> None:
    mia = await furnished(desk)
    await opens(desk, mia)
    async with desk.store.transaction() as session:
        await session.run(update(homes.homes).values(stale="0123456789abcdef"))
    for look in (Opened(**desk.base(mia, None)), Opened(**desk.base(mia, None), renewed=True)):
        with statements(desk.store) as asked:
            await desk.take(look)
        words = [statement for statement, _ in asked if not statement.startswith("SELECT pg_")]
        assert len(words) <= 28, "\n".join(words)
        assert await scans(desk.store, asked) == []
    with statements(desk.store) as asked:
        await renew(desk.turns, desk.store, desk.now)
    assert await scans(desk.store, asked) == []


async def test_marking_takes_one_statement_that_goes_by_an_index_and_none_where_nothing_was_written(desk: Desk) -> None:
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await opens(desk, ana)
    with statements(desk.store) as asked:
        await desk.command(ana, "kudos", "help")
    assert not [statement for statement, _ in asked if "UPDATE homes" in statement]
    for command in ("for the build", "undo"):
        with statements(desk.store) as asked:
            await desk.command(ben, "kudos", command, HALL, mentions=(ana,) if command != "undo" else ())
        marking = [each for each in asked if "UPDATE homes" in each[0]]
        assert len(marking) == 1 and await scans(desk.store, marking) == []
        await desk.deliver()
