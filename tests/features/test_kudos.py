"""Kudos through the real turn and store: what is kept, who is told, and all that is refused."""

from asyncio import gather
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.cards import Card, mention
from bot.core.effects import OpenForm, Refuse
from bot.core.kudos import read
from bot.core.people import Person, Place
from bot.core.sending import Unreachable
from bot.core.settings import Settings
from handlers.kudos import kudos
from handlers.recognition import recognition
from handlers.thanks import thanks
from storage.audit import AuditRow
from storage.kudos import KudosRow
from storage.places import keep_group
from tests.conftest import HALL, SLACK, Company, Desk, count, rows
from tests.dialogues.script import text_of

RECOGNITION, CALM = "C-thanks", "for calm on-call #care"
SETTINGS = Settings.model_validate(
    {"kudos": {"recognition": {SLACK: RECOGNITION}, "allowance": {"default": 5, "manager": 8}}}
)
PRIVATE = Place(SLACK, "C9", kind="private")


class Hall:
    """Ana, Ben (Swedish) and Cy, in a channel."""

    def __init__(self, desk: Desk, ana: Person, ben: Person, cy: Person) -> None:
        self.desk, self.ana, self.ben, self.cy = desk, ana, ben, cy

    async def thanks(
        self, *to: Person, text: str = "for calm on-call #care", place: Place = HALL, **more: object
    ) -> None:
        await self.desk.command(more.pop("by", self.ana), "kudos", text, place, mentions=to, **more)

    async def sent(self) -> list[str]:
        return [f"{m.only_for or m.place.conversation} {m.verb}: {text_of(m)}" for m in await self.desk.deliver()]

    def in_hall(self, place: Place = HALL) -> list[Card]:
        shown = self.desk.platform.shown.values()
        return [m.card for m in shown if m.card and m.place.conversation == place.conversation and not m.only_for]


@pytest.fixture
async def hall(company: Company) -> Hall:
    desk = company(kudos, thanks, recognition, settings=SETTINGS)
    people = [await desk.person("Ana"), await desk.person("Ben", lang="sv"), await desk.person("Cy")]
    return Hall(desk, *people)


# Giving.


async def test_the_card_is_posted_where_it_was_given_and_for_all_and_each_is_told(hall: Hall) -> None:
    await hall.thanks(hall.ben, hall.cy)
    sent = await hall.sent()
    assert sent[0] == "C1 post: Ana thanks Ben and Cy / for calm on-call / #care"
    assert {line.partition(" ")[0] for line in sent} == {"C1", RECOGNITION, "U-ben", "U-cy", "U-ana"}
    assert sent[-1].startswith("U-ana post: Passed on to Ben and Cy.")
    given = await rows(hall.desk.store, KudosRow)
    assert [(row.giver, row.receiver, row.words, row.value) for row in given] == [
        ("ana", "ben", "for calm on-call", "care"),
        ("ana", "cy", "for calm on-call", "care"),
    ]


async def test_the_first_kudos_ever_comes_with_one_line_of_explanation(hall: Hall) -> None:
    explained = "Kudos are short thank-yous"
    await hall.thanks(hall.cy)
    assert explained in str(await hall.sent())
    await hall.thanks(hall.cy)
    assert explained not in str(await hall.sent())


async def test_what_is_said_in_a_private_channel_stays_there(hall: Hall) -> None:
    await hall.thanks(hall.cy, place=PRIVATE)
    assert not any(line.startswith(RECOGNITION) for line in await hall.sent())
    assert len(hall.in_hall(PRIVATE)) == 1


async def test_in_a_thread_it_stays_in_the_thread(hall: Hall) -> None:
    await hall.thanks(hall.cy, place=replace(HALL, thread="17.1"))
    sent = await hall.desk.deliver()
    assert [m.place.thread for m in sent if m.place.conversation == "C1" and not m.only_for] == ["17.1"]


async def test_a_channel_that_does_not_let_us_in_tells_the_giver_instead(hall: Hall) -> None:
    hall.desk.platform.barred["C1"] = Unreachable("not_in_channel")
    await hall.thanks(hall.cy)
    sent = await hall.sent()
    assert any(line.startswith("U-ana post: I passed your thanks on privately.") for line in sent)
    assert any(line.startswith("U-cy post: Ana thanked you") for line in sent)


async def test_the_bare_command_opens_the_form_and_the_form_refuses_by_field(hall: Hall) -> None:
    opened = await hall.desk.command(hall.ana, "kudos", "", HALL)
    assert isinstance(opened, OpenForm) and opened.form.place == HALL
    refused = await hall.desk.submit(hall.ana, "kudos.form", place=HALL, people={"to": (hall.ana,)})
    assert isinstance(refused, Refuse) and set(refused.objections) == {"to", "why"}
    answers = {"why": "the tests", "values": "craft,care"}
    assert (
        await hall.desk.submit(hall.ana, "kudos.form", place=HALL, answers=answers, people={"to": (hall.cy,)}) is None
    )
    [row] = await rows(hall.desk.store, KudosRow)
    assert row.value == "craft care"


@pytest.mark.parametrize(
    ("text", "words", "values"),
    [
        ("for the demo #Care.", "for the demo", ("care",)),
        ("#craft #craft done", "done", ("craft",)),
        ("#unknown stays", "#unknown stays", ()),
        ("", "", ()),
        ("  two   spaces ", "two spaces", ()),
    ],
)
def test_reading(text: str, words: str, values: tuple[str, ...]) -> None:
    assert read(text, ("care", "craft")) == (words, values)


def test_a_mention_is_no_part_of_the_reason() -> None:
    someone = Person("p", "Ben", SLACK, "U1")
    assert read(f"{mention(someone)} thanks for the tests", ()) == ("thanks for the tests", ())


# Refusing.


async def test_all_that_is_wrong_is_said_at_once_and_privately(hall: Hall) -> None:
    robot = await hall.desk.person("Robo", bot=True)
    gone = await hall.desk.person("Gil", gone=True)
    await hall.thanks(hall.ana, robot, gone, text="")
    [refusal] = await hall.desk.deliver()
    words = text_of(refusal)
    assert refusal.only_for == "U-ana"
    for part in ("pick somebody else", "Robo is a bot", "Gil no longer works here", "Say what for"):
        assert part in words
    assert await count(hall.desk.store, KudosRow) == 0


async def test_guests_if_so_set(company: Company) -> None:
    desk = company(kudos, thanks, recognition, settings=Settings.model_validate({"kudos": {"guests": False}}))
    ana, guest = await desk.person("Ana"), await desk.person("Gus", guest=True)
    await desk.command(ana, "kudos", "for x", HALL, mentions=(guest,))
    assert "guests do not get kudos" in text_of((await desk.deliver())[0])


async def test_named_twice_counts_once(hall: Hall) -> None:
    await hall.thanks(hall.cy, hall.cy)
    assert await count(hall.desk.store, KudosRow) == 1


async def test_a_group_thanks_its_members_but_not_oneself(hall: Hall) -> None:
    async with hall.desk.store.transaction() as session:
        await keep_group(session, SLACK, "S1", "design", ["U-ana", "U-ben", "U-cy"])
    await hall.thanks(groups=("S1",))
    assert {row.receiver for row in await rows(hall.desk.store, KudosRow)} == {"ben", "cy"}
    await hall.thanks(groups=("S2",))
    assert "I do not know who is in that group yet" in str(await hall.sent())


async def test_the_allowance_is_a_day_of_the_givers_own_and_by_role(hall: Hall) -> None:
    for _ in range(5):
        await hall.thanks(hall.cy)
    await hall.thanks(hall.cy)
    assert await count(hall.desk.store, KudosRow) == 5
    assert "given all your kudos for today" in str(await hall.sent())
    hall.desk.later(days=1)
    await hall.thanks(hall.cy)
    assert await count(hall.desk.store, KudosRow) == 6
    boss = await hall.desk.person("Bo", role="manager")
    for _ in range(9):
        await hall.thanks(hall.cy, by=boss)
    assert await count(hall.desk.store, KudosRow, giver="bo") == 8


async def test_eight_at_once_against_an_allowance_of_five_leave_five(hall: Hall) -> None:
    await gather(*(hall.thanks(hall.cy) for _ in range(8)))
    assert await count(hall.desk.store, KudosRow) == 5


async def test_an_event_delivered_three_times_in_parallel_counts_once(hall: Hall) -> None:
    await gather(*(hall.thanks(hall.cy, id="e-same") for _ in range(3)))
    assert await count(hall.desk.store, KudosRow) == 1


# By emoji.


async def react(hall: Hall, by: Person, emoji: str = "tada", message: str = "17.5", **more: Any) -> None:
    await hall.desk.react(by, emoji, message, HALL, author=more.pop("author", hall.cy), **more)


async def test_an_emoji_thanks_the_author_asks_what_for_and_takes_the_words_in(hall: Hall) -> None:
    await react(hall, hall.ana)
    sent = await hall.desk.deliver()
    assert [m.place.thread for m in sent if m.place.conversation == "C1"] == ["17.5"]
    assert any(text_of(m).startswith("You sent kudos. What for?") for m in sent)
    await hall.desk.say(hall.ana, "the quick fix #craft")
    await hall.desk.deliver()
    assert "the quick fix" in str(hall.in_hall()) and "the quick fix" in str(hall.desk.shown(hall.cy))
    [row] = await rows(hall.desk.store, KudosRow)
    assert (row.words, row.value) == ("the quick fix", "craft")


async def test_the_question_may_be_ignored(hall: Hall) -> None:
    await react(hall, hall.ana)
    hall.desk.later(days=30)
    assert await count(hall.desk.store, KudosRow) == 1


async def test_one_per_person_message_and_giver_whatever_the_emojis_and_it_goes_with_the_last(hall: Hall) -> None:
    await react(hall, hall.ana, "tada")
    await react(hall, hall.ana, "clap")
    assert await count(hall.desk.store, KudosRow) == 1
    await react(hall, hall.ana, "tada", removed=True)
    assert await count(hall.desk.store, KudosRow) == 1
    await react(hall, hall.ana, "clap", removed=True)
    assert await count(hall.desk.store, KudosRow) == 0
    await hall.desk.deliver()
    assert hall.in_hall() == [] and "sent you kudos" not in str(hall.desk.shown(hall.cy))


async def test_several_people_share_one_card_under_the_message(hall: Hall) -> None:
    await react(hall, hall.ana)
    await react(hall, hall.ben)
    await hall.desk.deliver()
    [card] = hall.in_hall()
    assert "Ana" in str(card) and "Ben" in str(card)
    await react(hall, hall.ana, removed=True)
    await hall.desk.deliver()
    [card] = hall.in_hall()
    assert "Ana" not in str(card) and "Ben" in str(card)


@pytest.mark.parametrize("why", ["own message", "other emoji", "a bot's message", "unknown author"])
async def test_what_an_emoji_does_not_thank_for(hall: Hall, why: str) -> None:
    robot = await hall.desk.person("Robo", bot=True)
    author = {"own message": hall.ana, "a bot's message": robot, "unknown author": None}.get(why, hall.cy)
    await react(hall, hall.ana, "thinking_face" if why == "other emoji" else "tada", author=author)
    assert await count(hall.desk.store, KudosRow) == 0 and await hall.desk.deliver() == []


async def test_over_the_allowance_an_emoji_is_refused_privately(hall: Hall) -> None:
    for number in range(6):
        await react(hall, hall.ana, message=f"17.{number}")
    assert await count(hall.desk.store, KudosRow) == 5
    assert any(m.only_for == "U-ana" and "tomorrow" in text_of(m).lower() for m in await hall.desk.deliver())


# Joining in.


async def test_a_reaction_on_the_card_adds_ones_own_thanks_and_its_removal_takes_them_back(hall: Hall) -> None:
    await hall.thanks(hall.cy)
    await hall.desk.deliver()
    [card] = [id for id, m in hall.desk.platform.shown.items() if m.place.conversation == "C1" and not m.only_for]
    for _ in range(2):
        await react(hall, hall.ben, message=card, author=None)
    await react(hall, hall.cy, message=card, author=None)
    assert await count(hall.desk.store, KudosRow, giver="ben") == 1 and await count(hall.desk.store, KudosRow) == 2
    await hall.desk.deliver()
    assert "Ben joins in" in str(hall.in_hall()).replace("\ue000U-ben\ue001", "").replace("\ue002", "")
    await react(hall, hall.ben, message=card, author=None, removed=True)
    await hall.desk.deliver()
    assert await count(hall.desk.store, KudosRow) == 1 and "joins in" not in str(hall.in_hall())


async def test_joining_by_button_is_free_of_allowance(hall: Hall) -> None:
    for _ in range(5):
        await hall.thanks(hall.cy, by=hall.ben)
    await hall.thanks(hall.cy)
    [giving] = {row.giving for row in await rows(hall.desk.store, KudosRow, giver="ana")}
    await hall.desk.act(hall.ben, "kudos.join", giving, HALL)
    assert await count(hall.desk.store, KudosRow, joins=giving) == 1


# Taking back.


async def test_undo_takes_everything_away_and_leaves_an_audit_line(hall: Hall) -> None:
    await hall.thanks(hall.ben, hall.cy)
    await hall.desk.deliver()
    await hall.desk.press(hall.ana, "Undo")
    await hall.desk.deliver()
    assert await count(hall.desk.store, KudosRow) == 0 and hall.in_hall() == []
    assert [(row.actor, row.action) for row in await rows(hall.desk.store, AuditRow)] == [("ana", "kudos.undo")] * 2


async def test_only_the_giver_can_undo(hall: Hall) -> None:
    await hall.thanks(hall.cy)
    [row] = await rows(hall.desk.store, KudosRow)
    await hall.desk.act(hall.ben, "kudos.undo", row.giving, HALL)
    assert await count(hall.desk.store, KudosRow) == 1


async def test_a_receiver_removes_their_own_part(hall: Hall) -> None:
    await hall.thanks(hall.ben, hall.cy)
    [row] = await rows(hall.desk.store, KudosRow, receiver="cy")
    await hall.desk.act(hall.cy, "kudos.remove", row.giving)
    assert {row.receiver for row in await rows(hall.desk.store, KudosRow)} == {"ben"}
    await hall.desk.act(hall.ben, "kudos.remove", row.giving)
    await hall.desk.deliver()
    assert await count(hall.desk.store, KudosRow) == 0 and hall.in_hall() == []


# Looking back.


async def test_me_team_and_values(hall: Hall) -> None:
    await hall.thanks(hall.cy)
    await hall.sent()
    for name, expected in (
        ("me", "In the last 90 days you received 0 and gave 1."),
        ("values", "#care, 1 time / Ana to Cy: for calm on-call"),
        ("team", "No kudos in your team"),
        ("board", "There is no leaderboard here."),
    ):
        await hall.desk.command(hall.ana, "kudos", name, HALL)
        [line] = await hall.sent()
        assert expected in line, line
    await hall.desk.command(hall.cy, "kudos", "team", HALL)
    assert "for calm on-call" in str(await hall.sent())


async def test_private_words_are_in_no_list_of_others(hall: Hall) -> None:
    await hall.thanks(hall.cy, place=PRIVATE, text="for a secret #care")
    await hall.sent()
    for name in ("team", "values"):
        await hall.desk.command(hall.cy, "kudos", name, HALL)
        assert "secret" not in str(await hall.sent())


async def test_the_leaderboard_where_switched_on_can_be_left(company: Company) -> None:
    desk = company(kudos, thanks, recognition, settings=Settings.model_validate({"kudos": {"leaderboard": True}}))
    ana, cy = await desk.person("Ana"), await desk.person("Cy")
    await desk.command(ana, "kudos", "for x", HALL, mentions=(cy,))
    await desk.deliver()
    await desk.command(ana, "kudos", "board", HALL)
    assert "Cy: 1" in text_of((await desk.deliver())[0])
    await desk.command(cy, "kudos", "board off", HALL)
    await desk.command(ana, "kudos", "board", HALL)
    assert "Cy: 1" not in str([text_of(m) for m in await desk.deliver()])


async def test_the_old_are_not_counted(hall: Hall) -> None:
    await hall.thanks(hall.cy)
    await hall.sent()
    hall.desk.now += timedelta(days=91)
    await hall.desk.command(hall.ana, "kudos", "me", HALL)
    assert "Nothing here yet" in str(await hall.sent())
