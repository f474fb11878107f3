"""The turn itself, on a real store: once, all or nothing, and what words, buttons and forms come to mean."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.core.cards import Card, Form, Text, TextBox, clean, mention
from bot.core.effects import Effect, KeepDialogue, OpenForm, Post, Record, Refuse, Tell, Whisper
from bot.core.events import Action, Command, Due, Event, Met, Opened, Remark, Reply, Rewritten, Shortcut, Submission
from bot.core.features import Feature, FormWithoutButton, Routes, TwoRoutesClash
from bot.core.people import Person, Place, stranger
from bot.core.progress import Progress
from bot.core.settings import Settings
from bot.platforms.memory import ALL
from handlers import FEATURES
from storage import schema
from storage.absences import AbsenceRow
from storage.audit import AuditRow
from storage.dialogues import DialogueRow
from storage.engine import Store
from storage.kudos import KudosRow
from storage.outbox import EventRow, OutboxRow
from storage.people import Changed, PersonRow
from storage.sharing import RemarkRow
from tests.conftest import DEMO, HALL, SLACK, TEAMS, Company, Desk, buttons, count, rows

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
NOBODY = Settings.model_validate({"people": {"pilot": ["nobody"]}})
NO_WHISPERS = replace(ALL, whispers=False)
NO_THREADS = replace(ALL, threads_in_direct=False)
PLUMBING = ("events", "outbox", "pauses", "people", "accounts")


async def kept(store: Store) -> dict[str, int]:
    """How many rows every feature has: all tables but those of people, of what came in and of what goes out."""
    tables = [each for each in schema.metadata().sorted_tables if each.name not in PLUMBING]
    async with store.reading() as session:
        return {each.name: await session.value(select(func.count()).select_from(each)) for each in tables}


@pytest.fixture
async def desk(company: Company) -> Desk:
    return company(*FEATURES, now=TUESDAY, settings=NOBODY)


@pytest.fixture
async def ana(desk: Desk) -> Person:
    await desk.person("Max")
    return await desk.person("Ana", manager="max")


# Once, and all of it or nothing.


async def test_three_parallel_deliveries_of_one_event_have_one_effect(desk: Desk, ana: Person) -> None:
    max = stranger(SLACK, "U-max")
    await asyncio.gather(
        *(desk.command(ana, "kudos", "for the calm", HALL, id="same", mentions=(max,)) for _ in range(3))
    )
    assert await count(desk.store, KudosRow) == 1
    assert await count(desk.store, EventRow) == 1
    heard = sorted(message.only_for or message.place.conversation for message in await desk.deliver())
    assert heard == ["C1", "U-ana", "U-max"]


async def test_a_repeat_is_answered_with_nothing(desk: Desk, ana: Person) -> None:
    assert isinstance(await desk.act(ana, "kudos.form", id="same"), OpenForm)
    assert await desk.act(ana, "kudos.form", id="same") is None


async def test_a_handler_that_raises_leaves_no_row_and_the_repeat_works(company: Company) -> None:
    broken, trouble = Feature("broken"), [True]

    @broken.command("go")
    def go(event: Command) -> Iterator[Effect]:
        yield Record(Changed(event.actor.id, {"name": "Changed"}))
        yield KeepDialogue(Progress("broken:1", "broken"))
        yield Tell(event.actor, Card("done"))
        if trouble:
            raise RuntimeError

    desk = company(broken)
    who = stranger(SLACK, "U-new", "New")
    with pytest.raises(RuntimeError):
        await desk.command(who, "go", id="same")
    for row in (EventRow, OutboxRow, DialogueRow, PersonRow):
        assert await count(desk.store, row) == 0
    trouble.clear()
    await desk.command(who, "go", id="same")
    assert [message.card for message in await desk.deliver()] == [Card("done")]
    assert [row.name for row in await rows(desk.store, PersonRow)] == ["Changed"]


async def test_strangers_are_introduced_once_even_in_parallel(desk: Desk) -> None:
    ana, ben = stranger(SLACK, "U-ana", "Ana", lang="sv"), stranger(SLACK, "U-ben", "Ben")
    await asyncio.gather(*(desk.command(ana, "kudos", f"for {n}", HALL, mentions=(ben, ben)) for n in range(4)))
    met = {row.account: row for row in await rows(desk.store, PersonRow)}
    assert sorted(met) == ["U-ana", "U-ben"]
    assert (met["U-ana"].name, met["U-ana"].lang, met["U-ben"].lang) == ("Ana", "sv", "en")
    assert {(row.giver, row.receiver) for row in await rows(desk.store, KudosRow)} == {
        (met["U-ana"].id, met["U-ben"].id)
    }


async def test_one_account_in_two_workspaces_is_two_people(desk: Desk) -> None:
    for workspace in (SLACK, "slack:T2", TEAMS):
        await desk.say(stranger(workspace, "U-ana", "Ana"), "hello")
    assert await count(desk.store, PersonRow, account="U-ana") == 3


# What words mean.


class Ear:
    """A feature that only listens, and remembers what it heard."""

    def __init__(self) -> None:
        self.heard = list[Any]()
        self.feature = Feature("ear")
        for name in ("kudos", "kudos me", "review", "kadens", "kadens home", "kadens help"):
            self.feature.command(name)(self._hear)
        self.feature.reply("talk")(self._hear)
        self.feature.remark("shared")(self._hear)
        self.feature.remark("finished")(self._hear)
        self.feature.shortcut("begin")(self._begin)

    def _hear(self, event: Event) -> Iterator[Effect]:
        self.heard.append(event)
        yield from ()

    def _begin(self, event: Shortcut) -> Iterator[Effect]:
        yield KeepDialogue(Progress("talk:1", "talk", state=event.text))  # type: ignore[arg-type]
        yield Tell(event.actor, Card("begun"), "talk:1")
        yield Tell(event.actor, Card("shared"), "shared:talk:9")


OUTSIDE, INSIDE, READERS, OTHERS, CHANNEL = "outside", "m1", "m2", "m99", "channel"
WORDS = [
    # nothing is open
    ("", OUTSIDE, "en", "kudos for the calm", "kudos < for the calm"),
    ("", OUTSIDE, "en", "/kudos for the calm", "kudos < for the calm"),
    ("", OUTSIDE, "en", "  KUDOS  ", "kudos < "),
    ("", OUTSIDE, "en", "kudos me", "kudos me < "),
    ("", OUTSIDE, "en", "kadens home", "kadens home < "),
    ("", OUTSIDE, "en", "kadens", "kadens < "),
    ("", OUTSIDE, "en", "good morning", "kadens help < "),
    ("", OUTSIDE, "en", "skip", "kadens help < "),
    ("", OUTSIDE, "en", "   ", None),
    ("", CHANNEL, "en", "kudos for the calm", "kudos < for the calm"),
    ("", CHANNEL, "en", "good morning", "kadens help < "),
    # a dialogue has the floor: only what cannot be an answer is a command
    ("open", OUTSIDE, "en", "good enough", "answer: good enough"),
    ("open", OUTSIDE, "en", "review of the plan", "answer: review of the plan"),
    ("open", OUTSIDE, "en", "kudos to the team", "answer: kudos to the team"),
    ("open", OUTSIDE, "en", "/review of the plan", "review < of the plan"),
    ("open", OUTSIDE, "en", "review", "review < "),
    ("open", OUTSIDE, "en", "kudos me", "kudos me < "),
    ("open", OUTSIDE, "en", "kudos me not", "answer: kudos me not"),
    ("open", OUTSIDE, "en", "kadens home", "kadens home < "),
    ("open", OTHERS, "en", "good enough", "answer: good enough"),
    ("open", CHANNEL, "en", "good enough", "kadens help < "),
    ("open", CHANNEL, "en", "review of the plan", "review < of the plan"),
    ("paused", OUTSIDE, "en", "good enough", "kadens help < "),
    ("stopped", OUTSIDE, "en", "review of the plan", "review < of the plan"),
    # in the dialogue's own thread everything is an answer
    ("open", INSIDE, "en", "good enough", "answer: good enough"),
    ("open", INSIDE, "en", "kudos", "answer: kudos"),
    ("open", INSIDE, "en", "/kudos me", "answer: /kudos me"),
    ("paused", INSIDE, "en", "good enough", "answer: good enough"),
    ("stopped", INSIDE, "en", "resume", "resume: resume"),
    # but for the reserved words, in one's own language and in English
    ("open", INSIDE, "en", "skip", "skip: skip"),
    ("open", OUTSIDE, "en", " Back! ", "back:  Back! "),
    ("open", OUTSIDE, "en", "back to basics", "answer: back to basics"),
    ("open", OUTSIDE, "en", "hoppa över", "answer: hoppa över"),
    ("open", OUTSIDE, "sv", "Hoppa över.", "skip: Hoppa över."),
    ("open", OUTSIDE, "sv", "tillbaka", "back: tillbaka"),
    ("open", INSIDE, "sv", "skip", "skip: skip"),
    ("open", INSIDE, "nl", "stop", "stop: stop"),
    ("open", INSIDE, "en", "help", "help: help"),
    # after the end, and in a thread that is no dialogue of one's own
    ("finished", INSIDE, "en", "one more thing", "finished:talk:1 < one more thing"),
    ("finished", INSIDE, "en", "/kudos me", "finished:talk:1 < /kudos me"),
    ("finished", OUTSIDE, "en", "one more thing", "kadens help < "),
    ("open", READERS, "en", "well said", "shared:talk:9 < well said"),
    ("open", READERS, "en", "skip", "shared:talk:9 < skip"),
    ("", OTHERS, "en", "good enough", "kadens help < "),
]


def understood(heard: list[Any]) -> str | None:
    match heard:
        case []:
            return None
        case [Command(name=name, text=text)]:
            return f"{name} < {text}"
        case [Remark(topic=topic, text=text)]:
            return f"{topic} < {text}"
        case [Reply(move=move, text=text)]:
            return f"{move}: {text}"
        case _:
            raise AssertionError(heard)


@pytest.mark.parametrize(("state", "where", "lang", "text", "meant"), WORDS)
async def test_words(company: Company, state: str, where: str, lang: str, text: str, meant: str | None) -> None:
    ear = Ear()
    desk = company(ear.feature)
    ana = await desk.person("Ana", lang=lang)
    if state:
        await desk.take(Shortcut(**desk.base(ana, None), name="begin", text=state))
        await desk.deliver()
    place = HALL if where == CHANNEL else replace(ana.home, thread=None if where == OUTSIDE else where)
    await desk.say(ana, text, place)
    assert understood(ear.heard) == meant


async def test_naming_somebody_makes_a_command_while_a_dialogue_has_the_floor(company: Company) -> None:
    ear = Ear()
    desk = company(ear.feature)
    ana = await desk.person("Ana")
    await desk.take(Shortcut(**desk.base(ana, None), name="begin", text="open"))
    await desk.say(ana, "kudos for the calm", mentions=(stranger(SLACK, "U-ben", "Ben"),))
    assert understood(ear.heard) == "kudos < for the calm"


async def test_a_mention_without_a_name_gets_the_one_we_know(company: Company) -> None:
    ear = Ear()
    desk = company(ear.feature)
    ana, max = await desk.person("Ana"), await desk.person("Max")
    nameless = stranger(SLACK, "U-max")
    await desk.say(ana, f"kudos {mention(nameless)} for it", mentions=(nameless,))
    [event] = ear.heard
    assert event.mentions == (max,) and event.text == f"{mention(max)} for it" and "Max" in event.text


async def test_somebody_elses_thread_is_nobodys_dialogue(company: Company) -> None:
    ear = Ear()
    desk = company(ear.feature)
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await desk.take(Shortcut(**desk.base(ana, None), name="begin", text="open"))
    await desk.deliver()
    await desk.say(ben, "let me see", replace(ana.home, thread="m1"))
    assert not [event for event in ear.heard if isinstance(event, Reply)]


async def test_the_prefix_is_understood_and_not_needed(company: Company) -> None:
    ear = Ear()
    desk = company(ear.feature, settings=Settings.model_validate({"prefix": "acme-"}))
    ana = await desk.person("Ana")
    await desk.say(ana, "/acme-kudos me")
    assert understood(ear.heard) == "kudos me < "


async def checkin(desk: Desk, who: Person, share: str, words: str = "well") -> str:
    """A finished check-in; returns its id."""
    await desk.command(who, "checkin")
    [row] = await rows(desk.store, DialogueRow, person=who.id, dialogue="checkin")
    answers = {"well": words, "energy": "4", "energy_story": words, "talk": words, "share": share}
    assert await desk.submit(who, "talk.fill", row.id, answers=answers) is None
    await desk.deliver()
    return str(row.id)


async def root(desk: Desk, topic: str) -> str:
    return str(next(row.sent_as for row in await rows(desk.store, OutboxRow, thread_topic=topic)))


async def test_in_a_finished_thread_words_are_passed_on_or_it_says_so(desk: Desk, ana: Person) -> None:
    ben = await desk.person("Ben", manager="max")
    for who, share in ((ana, "manager"), (ben, "me")):
        about = await checkin(desk, who, share)
        await desk.say(who, "one more thing", replace(who.home, thread=await root(desk, about)))
    await desk.deliver()
    passed_on = [m.place.conversation for m in desk.platform.sent if "one more thing" in str(m.card)]
    assert passed_on == ["U-max"]
    told = [m.place.conversation for m in desk.platform.sent if m.card and m.card.summary.startswith("This one is fin")]
    assert told == ["U-ben"]
    assert [row.author for row in await rows(desk.store, RemarkRow)] == ["ana"]


# Answers that cannot be given, and whispers.


async def test_a_form_that_cannot_be_opened_becomes_a_button_that_opens_it(desk: Desk, ana: Person) -> None:
    assert await desk.command(ana, "kudos", place=HALL, opens=False) is None
    [message] = await desk.deliver()
    [button] = buttons(message.card)
    assert message.place == ana.home and (button.action, button.opens) == ("kudos.form", True)
    answer = await desk.press(ana, button.label)
    assert isinstance(answer, OpenForm) and answer.form.id == "kudos.form"


async def test_a_dialogues_form_too(desk: Desk, ana: Person) -> None:
    await desk.command(ana, "checkin")
    await desk.deliver()
    assert await desk.press(ana, "All at once", opens=False) is None
    [message] = await desk.deliver()
    [button] = buttons(message.card)
    assert button.action == "talk.form"
    answer = await desk.press(ana, button.label)
    assert isinstance(answer, OpenForm) and answer.form.id == "talk.fill"


async def test_a_form_the_platform_failed_to_open_is_offered(desk: Desk, ana: Person) -> None:
    event = Command(**desk.base(ana, HALL, opens=True), name="kudos")
    answer = await desk.take(event)
    assert isinstance(answer, OpenForm) and answer.form.place == HALL
    await desk.turns.offer(event, answer.form)
    assert [button.action for message in await desk.deliver() for button in buttons(message.card)] == ["kudos.form"]


async def test_a_refusal_outside_a_form_is_told(company: Company) -> None:
    stern = Feature("stern")

    @stern.command("go")
    def go(event: Command) -> Iterator[Effect]:
        yield Refuse({"a": "first", "b": "second"})

    desk = company(stern)
    ana = await desk.person("Ana")
    assert await desk.command(ana, "go", place=HALL) is None
    [message] = await desk.deliver()
    assert message.place == ana.home and message.card == Card(parts=(Text("first"), Text("second")))


@pytest.mark.parametrize(
    ("can", "place", "where", "only_for"),
    [
        (ALL, HALL, "C1", "U-ana"),
        (NO_WHISPERS, HALL, "U-ana", None),
        (ALL, Place(SLACK, "U-ana", kind="direct"), "U-ana", None),
        (NO_WHISPERS, Place(SLACK, "U-ana", "m7", "direct"), "U-ana", None),
    ],
)
async def test_whispers(company: Company, can: Any, place: Place, where: str, only_for: str | None) -> None:
    shy = Feature("shy")

    @shy.command("go")
    def go(event: Command) -> Iterator[Effect]:
        yield Whisper(Card("psst"))

    desk = company(shy, can=can)
    await desk.command(await desk.person("Ana"), "go", place=place)
    [message] = await desk.deliver()
    assert (message.place.conversation, message.only_for) == (where, only_for)
    assert message.place.kind == ("public" if only_for else "direct")


async def test_without_threads_one_dialogue_has_the_floor_and_the_other_waits(company: Company) -> None:
    desk = company(*FEATURES, now=TUESDAY, settings=NOBODY, can=NO_THREADS)
    ana = await desk.person("Ana")
    await desk.command(ana, "checkin")
    await desk.command(ana, "grow", "calm")
    await desk.deliver()
    states = {row.dialogue: row.state for row in await rows(desk.store, DialogueRow)}
    assert states == {"checkin": "paused", "grow": "open"}
    await desk.press(ana, "Pick up where I was")
    states = {row.dialogue: row.state for row in await rows(desk.store, DialogueRow)}
    assert states == {"checkin": "open", "grow": "paused"}


# What is not for this person, or makes no sense.


@pytest.mark.parametrize("move", ["answer", "skip", "back", "pause", "resume", "form"])
async def test_buttons_of_somebody_elses_dialogue_do_nothing(desk: Desk, ana: Person, move: str) -> None:
    ben = await desk.person("Ben")
    await desk.command(ana, "checkin")
    await desk.say(ana, "on the way")
    await desk.deliver()
    before = await rows(desk.store, DialogueRow)
    assert await desk.act(ben, f"talk.{move}", f"{before[0].id}|well|seen") is None
    assert await desk.submit(ben, "talk.fill", before[0].id, answers={"well": "seen"}) is None
    assert await rows(desk.store, DialogueRow) == before
    assert await desk.deliver() == []


GARBAGE = ["", "|", "||", "x|y|z", "checkin:nobody", "🙂", "9" * 5000, "0001-01-01T00:00:00+23:59", "' OR 1=1 --"]
PRESSED = [
    *(f"talk.{move}" for move in ("answer", "back", "skip", "pause", "resume", "form", "fill", "unknown")),
    *(f"kudos.{each}" for each in ("join", "undo", "remove")),
    *(f"shared.{each}" for each in ("reply", "thank", "agenda", "ask", "asked")),
    *("people.confirm", "people.refuse", "history.older", "history.show", "grow.decline"),
    *("rhythm.snooze", "rhythm.skip", "people.language", "unknown", ""),
]


@pytest.mark.parametrize("action", PRESSED)
async def test_garbage_in_a_button_or_a_form_leaves_nothing(desk: Desk, ana: Person, action: str) -> None:
    before = await kept(desk.store)
    for value in GARBAGE:
        await desk.act(ana, action, value)
        await desk.submit(ana, action, value, answers={"words": "a word"})
    assert await kept(desk.store) == before
    assert {message.place.conversation for message in await desk.deliver()} <= {"U-ana"}


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("rhythm.skip", "checkin|soon"),
        ("rhythm.skip", "checkin|2026-13"),
        ("rhythm.skip", "checkin|"),
        ("rhythm.skip", "review|2026-04"),
        ("rhythm.snooze", "checkin|2026-04|"),
        ("rhythm.snooze", "checkin|2026-04|-3"),
        ("rhythm.snooze", "checkin|2026-04|²"),
        ("rhythm.snooze", "checkin|2026-04|0"),
        ("history.older", "9999-12-31T23:59:59.999999-23:59"),
    ],
)
async def test_garbage_behind_a_good_beginning_leaves_nothing(desk: Desk, ana: Person, action: str, value: str) -> None:
    before = await kept(desk.store)
    await desk.act(ana, action, value)
    assert await kept(desk.store) == before


async def test_days_beyond_counting_are_the_longest_there_is(desk: Desk, ana: Person) -> None:
    await desk.act(ana, "rhythm.snooze", f"checkin|2026-04|{'9' * 5000}")
    assert (await kept(desk.store))["absences"] == 0
    await desk.act(ana, "rhythm.snooze", "checkin|2026-04|9999")
    [row] = await rows(desk.store, AbsenceRow)
    assert (row.last - TUESDAY.date()).days in (365, 366)


async def test_a_question_number_beyond_counting_asks_nothing(desk: Desk, ana: Person) -> None:
    about = await checkin(desk, ana, "manager")
    before = await kept(desk.store)
    for number in ("9" * 5000, "999", "-1", "", "²"):
        await desk.act(stranger(SLACK, "U-max"), "shared.asked", f"{about}|{number}")
    assert await desk.deliver() == []
    after = await kept(desk.store)
    assert after.pop("audit") - before.pop("audit") == 5  # the manager did look
    assert after == before


async def test_an_answer_to_a_question_that_is_not_there_answers_no_other(desk: Desk, ana: Person) -> None:
    await desk.command(ana, "checkin")
    [row] = await rows(desk.store, DialogueRow)
    await desk.act(ana, "talk.answer", f"{row.id}|no_such_question|4")
    [row] = await rows(desk.store, DialogueRow)
    assert row.given == "[]"


async def test_a_changed_message_that_is_almost_an_answer_is_none(desk: Desk, ana: Person) -> None:
    await desk.command(ana, "checkin")
    await desk.say(ana, "on the way", message="w-a")
    for message in ("W-A", "", "w-", "%", "_-a"):
        await desk.take(Rewritten(**desk.base(ana, None), message=message, text="else"))
    [row] = await rows(desk.store, DialogueRow)
    assert "on the way" in row.given and "else" not in row.given


async def test_what_no_store_takes_is_taken_out_of_what_people_type(desk: Desk, ana: Person) -> None:
    assert clean("a\x00b\ud800c\udfffd\ue000e") == "abcde"
    await desk.command(ana, "grow", clean("half an emoji \ud83d"))
    assert await count(desk.store, DialogueRow) == 1


async def test_accepting_an_invitation_by_somebody_else_than_ones_manager_lets_nobody_in(
    desk: Desk, ana: Person
) -> None:
    await desk.person("Zoe")
    for value in ("zoe|x", "nobody|x", "", "|"):
        await desk.act(ana, "grow.accept", value)
    assert (await kept(desk.store))["shares"] == 0
    assert {message.place.conversation for message in await desk.deliver()} == {"U-ana"}


# Anything at all.

TEXTS = st.text(max_size=60) | st.sampled_from(
    ["skip", "back", "4", "4/5 because", "next friday", "kudos me", "/grow x", "#care", "@", "|", "2026-05-01", "0"]
)
ROUTES = Routes(*FEATURES)


def keys(kind: type[Event]) -> list[str]:
    return [key for each, key in ROUTES.table if each is kind]


NAMES = sorted({name for kind in (Command, Action, Submission, Shortcut) for name in keys(kind)} | set(PRESSED))
FIELDS = ["to", "why", "values", "words", "first", "last", "manager", "goal", "will", "sure", "day", "well", "energy"]
FIELDS += ["workload", "share", "proud", "learned", "next", "how", "settled.0"]
PLACES = st.sampled_from([None, HALL, Place(SLACK, "G1"), Place(SLACK, "U-ana", "m1", "direct"), Place(DEMO, "C9")])
VALUES = TEXTS | st.tuples(st.sampled_from(["checkin", "review", "*", "ana", "ID", "KUDOS"]), TEXTS).map("|".join)
ANSWERS = st.dictionaries(st.sampled_from(FIELDS), TEXTS, max_size=8)
WHAT = st.one_of(
    st.tuples(st.just("words"), TEXTS, st.just("")),
    st.tuples(st.just("command"), st.sampled_from(sorted({key.split()[0] for key in keys(Command)})), TEXTS),
    st.tuples(st.just("command"), st.sampled_from(keys(Command)), TEXTS),
    st.tuples(st.just("action"), st.sampled_from(NAMES) | TEXTS, VALUES),
    st.tuples(st.just("submission"), st.sampled_from([*keys(Submission), "talk.fill"]) | TEXTS, VALUES),
    st.tuples(st.just("shortcut"), st.sampled_from(keys(Shortcut)), TEXTS),
    st.tuples(st.just("reaction"), st.sampled_from(["tada", "heart", "x"]), st.sampled_from(["m1", "m2", "z"])),
    st.tuples(st.just("rewritten"), st.sampled_from(["w1", "m1", "z", ""]), TEXTS),
    st.sampled_from(
        [
            *(("due", rhythm, "2026-04") for rhythm in ("checkin", "checkin.again")),
            *(("due", rhythm, "2026-Q2") for rhythm in ("review", "review.again")),
            ("due", "grow.followup", "grow:nobody"),
        ]
    ),
    st.tuples(st.just("opened"), st.just(""), st.just("")),
    st.tuples(st.just("met"), st.sampled_from(["direct", "public", "private"]), st.just("")),
)


async def happen(
    desk: Desk, who: Person, what: tuple[str, str, str], place: Place | None, more: dict[str, str]
) -> None:
    """Whatever it is: it raises nothing, and what it says can be delivered."""
    kind, first, second = what
    talks = await rows(desk.store, DialogueRow)
    given = await rows(desk.store, KudosRow)
    ids = {"ID": talks[-1].id if talks else "", "KUDOS": given[-1].giving if given else ""}
    for name, id in ids.items():
        second = second.replace(name, id)
    max = stranger(SLACK, "U-max", "Max")
    base = desk.base(who, place, opens=len(first) % 2 == 0)
    match kind:
        case "words":
            await desk.say(who, first, place, message=f"w{len(first) % 3}")
        case "command":
            await desk.command(who, first, second, place, mentions=(max,) if len(second) % 2 else ())
        case "action":
            await desk.act(who, first, second, place)
        case "submission":
            await desk.submit(who, first, second, place, answers=more, people={"to": (max,), "manager": (max,)})
        case "shortcut":
            await desk.take(Shortcut(**base, name=first, text=second, author=max, message="z"))
        case "reaction":
            await desk.react(who, first, second, place or HALL, author=max, removed=bool(more))
        case "rewritten":
            await desk.take(Rewritten(**base, message=first, text=second or None))
        case "due":
            await desk.take(Due(**base, rhythm=first, period=second))
        case "opened":
            await desk.take(Opened(**base))
        case "met":
            await desk.take(Met(**base, kind=first))  # type: ignore[arg-type]
    await desk.deliver()


LOOSE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
WHO = st.sampled_from(["U-ana", "U-max", "U-new"])


@settings(max_examples=200, deadline=None, suppress_health_check=LOOSE)
@given(WHO, WHAT, PLACES, ANSWERS)
async def test_anything_may_arrive(
    desk: Desk, ana: Person, who: str, what: tuple[str, str, str], place: Place | None, more: dict[str, str]
) -> None:
    await happen(desk, stranger(SLACK, who), what, place, more)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=LOOSE)
@given(WHO, WHAT, PLACES, ANSWERS)
async def test_anything_may_arrive_ten_thousand_times(
    desk: Desk, ana: Person, who: str, what: tuple[str, str, str], place: Place | None, more: dict[str, str]
) -> None:
    await happen(desk, stranger(SLACK, who), what, place, more)


# Features that cannot be.


def test_two_routes_for_one_key_stop_the_start() -> None:
    one, two = Feature("one"), Feature("two")

    @one.command("kudos me")
    @two.command("kudos me")
    def go(event: Command) -> Iterator[Effect]:
        yield Post(event.place, Card("x"))

    with pytest.raises(TwoRoutesClash, match=r'two: @feature.command\("kudos me"\) is already taken'):
        Routes(one, two)


def test_a_form_without_its_action_stops_the_start() -> None:
    alone = Feature("alone")

    @alone.command("go")
    def go(event: Command) -> Iterator[Effect]:
        yield OpenForm(Form("alone.form", "x", "y", "z", (TextBox("a", "b"),)))

    @alone.submission("alone.form")
    def submit(event: Submission) -> Iterator[Effect]:
        yield Tell(event.actor, Card("x"))

    with pytest.raises(FormWithoutButton, match=r'@feature.action\("alone.form"\)'):
        Routes(alone)

    @alone.action("alone.form")
    def open_form(event: Action) -> Iterator[Effect]:
        yield from go(event)  # type: ignore[arg-type]

    assert Routes(alone).find(Action(id="e", actor=stranger(SLACK, "U1"), place=HALL, at=TUESDAY, action="alone.form"))


async def test_reading_anothers_shared_record_leaves_an_audit_line(desk: Desk, ana: Person) -> None:
    about = await checkin(desk, ana, "manager")
    assert await count(desk.store, AuditRow) == 0
    await desk.act(stranger(SLACK, "U-max"), "shared.ask", about)
    [line] = await rows(desk.store, AuditRow)
    assert (line.actor, line.person, line.action, line.record) == ("max", "ana", "read", about)
