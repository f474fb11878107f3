"""Skills from two views: who sees which when, that no level stands without its story, and what the gap is."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from bot.core.cards import Bar, Card, Choice, Form, Note
from bot.core.effects import Answer, OpenForm, Refuse
from bot.core.people import Person
from bot.core.skills import MOST, NAME, WORDS, Skill, View, folded
from handlers.growth import growth
from handlers.learning import learning
from handlers.mentors import mentors
from handlers.skills import read_names, skills
from storage import people as folk
from storage.skills import SkillRow, SkillViewRow
from tests.conftest import Company, Desk, buttons, count, rows

NOW = datetime(2026, 4, 14, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("own", "managers", "gap"),
    [
        (None, None, None),
        (View(3, "x"), None, None),
        (None, View(3, "x"), None),
        (View(4, "x"), View(2, "y"), 2),
        (View(1, "x"), View(5, "y"), -4),
        (View(3, "x"), View(3, "y"), 0),
    ],
)
def test_there_is_a_gap_once_both_have_spoken(own: View | None, managers: View | None, gap: int | None) -> None:
    assert Skill("s", "Writing", own, managers).gap == gap


def test_one_skill_has_one_spelling() -> None:
    assert folded("  Åsa\u030a  X ") == folded("åsa\u030a x") and folded("Writing") != folded("Reading")
    assert read_names("Writing, reading\nwriting ;\n\n,") == ["writing", "reading"]


class House:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def furnished(self) -> "House":
        person = self.desk.person
        self.max, self.old, self.zoe = await person("Max"), await person("Old"), await person("Zoe", role="hr")
        self.ana, self.ben = await person("Ana", manager="max"), await person("Ben", manager="max")
        self.eve = await person("Eve", workspace="slack:T2")
        return self

    async def names(self, who: Person, *names: str, of: str = "ana") -> Answer | None:
        return await self.desk.submit(who, "skills.form", of, answers={"names": "\n".join(names)})

    async def rates(self, who: Person, **said: tuple[str, str]) -> Answer | None:
        ids = {row.name: row.id for row in await rows(self.desk.store, SkillRow)}
        answers = dict[str, str]()
        for name, (level, words) in said.items():
            answers |= {f"level.{ids[name]}": level, f"words.{ids[name]}": words}
        return await self.desk.submit(who, "skills.rate", "ana", answers=answers)

    async def sees(self, who: Person) -> Card:
        await self.desk.deliver()
        await self.desk.command(who, "growth skills", mentions=() if who.id == "ana" else (self.ana,))
        card = (await self.desk.deliver())[-1].card
        assert card
        return card


@pytest.fixture
async def house(company: Company) -> House:
    return await House(company(growth, skills, learning, mentors, now=NOW)).furnished()


def form(answer: Answer | None) -> Form:
    assert isinstance(answer, OpenForm), answer
    return answer.form


def bars(card: Card) -> list[tuple[str, float]]:
    return [(part.label, part.value) for part in card.parts if isinstance(part, Bar)]


async def test_neither_sees_the_other_before_both_have_spoken(house: House) -> None:
    desk = house.desk
    await house.names(house.ana, "Writing", "Reading")
    assert await house.rates(house.max, Writing=("2", "the long report")) is None
    told = [message for message in await desk.deliver() if message.place.conversation == "U-ana" and message.card]
    assert "the long report" not in str(told) and told[-1].card
    assert told[-1].card.summary.startswith("Max has said how your skills look")
    hers = await house.sees(house.ana)
    assert bars(hers) == [] and "the long report" not in str(hers) and "Max has said how it looks" in str(hers)
    assert await house.rates(house.ana, Writing=("4", "my letter to all")) is None
    for who, labels in ((house.ana, ["You", "Max"]), (house.max, ["You", "Ana"])):
        card = await house.sees(who)
        assert [label for label, _ in bars(card)] == labels
        assert "the long report" in str(card) and "my letter to all" in str(card)
        assert "You see this 2 steps apart." in str([part for part in card.parts if isinstance(part, Note)])


@pytest.mark.parametrize("who", ["ben", "old", "zoe", "eve"])
async def test_nobody_else_sees_or_changes_anything(house: House, who: str) -> None:
    desk, other = house.desk, {"ben": house.ben, "old": house.old, "zoe": house.zoe, "eve": house.eve}[who]
    await house.names(house.ana, "Writing")
    await house.rates(house.ana, Writing=("4", "MARKED"))
    await house.rates(house.max, Writing=("2", "MARKED"))
    await desk.deliver()
    before = await rows(desk.store, SkillViewRow)
    await desk.command(other, "growth skills", mentions=(house.ana,))
    for action in ("skills.show", "skills.form", "skills.rate", "skills.remove"):
        assert await desk.act(other, action, "ana") is None
    [skill] = await rows(desk.store, SkillRow)
    await desk.submit(other, "skills.form", "ana", answers={"names": "Another"})
    await house.rates(other, Writing=("1", "forged"))
    await desk.submit(other, "skills.remove", "ana", answers={"skill": skill.id})
    told = str([message.card for message in await desk.deliver()])
    assert "MARKED" not in told and "Skills are seen by the person and their manager only." in told
    assert await rows(desk.store, SkillViewRow) == before and await count(desk.store, SkillRow) == 1


async def test_a_new_manager_starts_afresh(house: House) -> None:
    desk = house.desk
    await house.names(house.ana, "Writing")
    await house.rates(house.max, Writing=("2", "MAX SAID"))
    await house.rates(house.ana, Writing=("4", "ANA SAID"))
    async with desk.store.transaction() as session:
        await session.run(update(folk.people).where(folk.people.c.id == "ana").values(manager="old"))
    house.ana = replace(house.ana, manager="old")
    new = await house.sees(house.old)
    assert "SAID" not in str(new) and "Ana has said how it looks from there" in str(new)
    await house.rates(house.old, Writing=("5", "OLD SAID"))
    assert "ANA SAID" in str(await house.sees(house.old)) and "MAX SAID" not in str(await house.sees(house.ana))
    await desk.command(house.max, "growth skills", mentions=(house.ana,))
    assert "SAID" not in str([message.card for message in await desk.deliver()])


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (("3", ""), "words"),
        (("", "a story"), "level"),
        (("3", "x" * (WORDS + 1)), "words"),
        (("6", "a story"), "level"),
        (("", ""), "level"),
    ],
)
async def test_no_level_without_its_story(house: House, said: tuple[str, str], wrong: str) -> None:
    await house.names(house.ana, "Writing")
    refused = await house.rates(house.ana, Writing=said)
    assert isinstance(refused, Refuse) and [each.partition(".")[0] for each in refused.objections] == [wrong]
    assert await count(house.desk.store, SkillViewRow) == 0


@pytest.mark.parametrize(
    "names",
    [(), (" ", ","), ("x" * (NAME + 1),), tuple(f"Skill {n}" for n in range(MOST + 1))],
)
async def test_what_cannot_be_named(house: House, names: tuple[str, ...]) -> None:
    refused = await house.names(house.ana, *names)
    assert isinstance(refused, Refuse) and set(refused.objections) == {"names"}
    assert await count(house.desk.store, SkillRow) == 0


async def test_there_are_never_more_than_fit_a_form(house: House) -> None:
    some = [tuple(f"S{each}{n}" for n in range(3)) for each in "abcd"]
    await asyncio.gather(
        *(house.names(who, *names) for who, names in zip((house.ana, house.max) * 2, some, strict=True))
    )
    assert await count(house.desk.store, SkillRow) <= MOST
    await house.names(house.ana, "Sa0", "SA1")
    assert len({folded(row.name) for row in await rows(house.desk.store, SkillRow)}) == await count(
        house.desk.store, SkillRow
    )


async def test_saying_it_again_changes_only_what_is_otherwise(house: House) -> None:
    desk = house.desk
    await house.names(house.ana, "Writing", "Reading")
    await house.rates(house.ana, Writing=("4", "a letter"), Reading=("2", "a book"))
    await desk.deliver()
    opened = form(await desk.act(house.ana, "skills.rate"))
    assert [each.value for each in opened.fields if isinstance(each, Choice)] == ["4", "2"]
    await house.rates(house.ana, Writing=("4", "a letter"), Reading=("2", "a book"))
    assert [message.place.conversation for message in await desk.deliver()] == ["U-ana"]  # nothing new to tell Max
    await house.rates(house.ana, Writing=("5", "a book of letters"))
    assert "U-max" in [message.place.conversation for message in await desk.deliver()]
    found = {row.name: (row.level, row.words) for row in await rows(desk.store, SkillViewRow)}
    assert found == {"Writing": (5, "a book of letters"), "Reading": (2, "a book")}


async def test_only_the_person_takes_one_off_with_all_that_was_said_of_it(house: House) -> None:
    desk = house.desk
    await house.names(house.max, "Writing")
    await house.rates(house.ana, Writing=("4", "a letter"))
    await house.rates(house.max, Writing=("4", "a report"))
    [skill] = await rows(desk.store, SkillRow)
    refused = await desk.submit(house.max, "skills.remove", "ana", answers={"skill": skill.id})
    assert isinstance(refused, Refuse) and await count(desk.store, SkillViewRow) == 2
    assert isinstance(form(await desk.act(house.ana, "skills.remove")).fields[0], Choice)
    assert await desk.submit(house.ana, "skills.remove", answers={"skill": skill.id}) is None
    assert await count(desk.store, SkillRow) == await count(desk.store, SkillViewRow) == 0
    assert isinstance(await desk.submit(house.ana, "skills.remove", answers={"skill": skill.id}), Refuse)


async def test_without_a_manager_it_is_ones_own(house: House) -> None:
    desk = house.desk
    assert await desk.submit(house.zoe, "skills.form", answers={"names": "Writing"}) is None
    await desk.deliver()
    await desk.command(house.zoe, "growth skills")
    card = (await desk.deliver())[-1].card
    assert card and "Only you see this." in str(card)
    assert [each.label for each in buttons(card)][:2] == ["Say how I see it", "Name a skill"]
