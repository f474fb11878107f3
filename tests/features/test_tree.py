"""The tree of goals: readable for a company of 300, and nobody learns from it what is not theirs to see."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.cards import Button, Card, Choice, Heading, Note, Text
from bot.core.effects import Answer, OpenForm, Refuse
from bot.core.goals import CONFIDENCES, Goal
from bot.core.people import Person
from bot.core.tree import Branch, Mine, Served, Tree, fits
from bot.core.wording import LANGUAGES
from bot.platforms.playground import render as playground
from bot.platforms.slack import render as slack
from bot.platforms.teams import render as teams
from handlers.goals import goals
from handlers.tree import limb_card, tree, tree_card
from storage.audit import AuditRow
from storage.goals import GoalChangeRow, GoalRow, NewGoal
from storage.goals import goals as kept
from storage.people import people
from storage.tree import Limb
from tests.conftest import HALL, NOON, SLACK, Company, Desk, buttons, count, crowd, rows
from tests.platforms.teams_world import assert_card
from tests.platforms.test_slack_render import check


def made(id: str, title: str, **values: Any) -> Goal:
    plain: dict[str, Any] = {
        "company": SLACK,
        "at": NOON - timedelta(days=9),
        "set_by": "max",
        "visibility": "everyone",
    }
    return Goal(id=id, title=title, **{**plain, **values})


def top(id: str, title: str, **values: Any) -> Goal:
    return made(id, title, level="company", kind="measure", start=0.0, value=45.0, target=100.0, **values)


def of_team(id: str, team: str, title: str, parent: str | None = None, **values: Any) -> Goal:
    return made(id, title, level="team", team=team, parent=parent, kind="objective", **values)


def own(id: str, who: str, title: str, parent: str | None = None, **values: Any) -> Goal:
    return made(id, title, person=who, set_by=who, parent=parent, kind="development", **values)


async def keep(desk: Desk, *goals: Goal) -> None:
    async with desk.store.transaction() as session:
        for goal in goals:
            await NewGoal(goal).save(session)


class House:
    def __init__(self, desk: Desk, **people: Person) -> None:
        self.desk, self.people = desk, people
        self.ana, self.max, self.ben, self.eve = (people[name] for name in ("ana", "max", "ben", "eve"))

    async def card(self, who: Person, action: str = "", value: str = "") -> Card:
        await (self.desk.act(who, action, value) if action else self.desk.command(who, "goal tree"))
        [sent] = await self.desk.deliver()
        assert sent.card and sent.place == who.home
        return sent.card


@pytest.fixture
async def house(company: Company) -> House:
    """Max manages Ana, both in Sales; Ben is in Design; Zoe is hr; Eve is of another company."""
    desk = company(tree)
    max = await desk.person("Max", team="Sales", role="manager")
    zoe = await desk.person("Zoe", role="hr")
    ana = await desk.person("Ana", manager="max", team="Sales")
    ben = await desk.person("Ben", team="Design")
    gus = await desk.person("Gus", guest=True)
    eve = await desk.person("Eve", workspace="slack:T2")
    await keep(
        desk,
        top("goal:c", "Customers stay", why="They pay for all this", confidence="at_risk", word="two left"),
        of_team("goal:s", "Sales", "Call each one", "goal:c", why="A voice is warmer"),
        of_team("goal:d", "Design", "Fewer clicks", "goal:c", confidence="on_track"),
        of_team("goal:l", "Sales", "A loose end"),
        own("goal:1", "ana", "Ten calls a week", "goal:s", confidence="off_track"),
        own("goal:2", "ben", "Draw every day", "goal:d", confidence="on_track", visibility="team"),
        own("goal:3", "ben", "My own secret", "goal:d", confidence="off_track", visibility="manager"),
        own("goal:4", "ana", "Sleep more", visibility="manager"),
        own("goal:5", "max", "Listen first", "goal:c", visibility="manager"),
        own("goal:6", "ben", "Long done", "goal:d", state="closed"),
        own("goal:7", "ana", "Not yet mine", "goal:d", state="offered"),
        own("goal:e", "eve", "Of another company", "goal:c", company="slack:T2"),
        top("goal:ec", "Theirs", company="slack:T2", set_by="eve"),
    )
    return House(desk, ana=ana, max=max, ben=ben, eve=eve, gus=gus, zoe=zoe)


def words(card: Card) -> str:
    return "\n".join(part.body for part in card.parts if isinstance(part, Text | Heading | Note))


# Reading it.


async def test_the_tree_shows_what_serves_what_and_why_mine_matters(house: House) -> None:
    card = await house.card(house.ana)
    assert card.title == "What we are here for"
    assert words(card) == "\n".join(
        (
            "Yours",
            "“Ten calls a week” is for “Call each one”.",
            "Why it matters: A voice is warmer",
            "“Sleep more” is not linked to a goal of a team or the company.",
            "Customers stay",
            "45% done, at risk, 4 personal goals, mostly off track, one of them yours.",
            "• Sales: Call each one (1 personal goal, mostly off track, one of them yours)",
            "• Design: Fewer clicks (on track, 2 personal goals)",
            "Not linked to a goal of the company",
            "• Sales: A loose end (no personal goals yet)",
            "Private goals are counted here, and never named.",
        )
    )


async def test_how_a_goal_stands_that_i_may_not_see_changes_nothing_i_see(house: House) -> None:
    """Ben’s two goals count for everybody; how they stand is known to who may see them."""
    seen = {who: words(await house.card(house.people[who])) for who in ("ana", "ben", "zoe")}
    assert "Fewer clicks (on track, 2 personal goals)" in seen["ana"]
    assert "Fewer clicks (on track, 2 personal goals)" in seen["zoe"]
    assert "Fewer clicks (on track, 2 personal goals, partly at risk, 2 of them yours)" in seen["ben"]
    for text in seen.values():
        assert "Long done" not in text and "Not yet mine" not in text and "Theirs" not in text


async def test_closer_it_names_whose_goals_may_be_seen_and_counts_the_others(house: House) -> None:
    card = await house.card(house.ana, "tree.goal", "goal:d")
    assert (card.title, words(card)) == (
        "Fewer clicks",
        "A goal of team Design\nOn track.\nIt is for “Customers stay”. They pay for all this\n"
        "And 2 goals that are only for some to see.",
    )
    card = await house.card(house.ben, "tree.goal", "goal:d")
    assert words(card).endswith(
        "What people do for it\n• You: Draw every day (on track)\n• You: My own secret (off track)"
    )
    card = await house.card(house.max, "tree.goal", "goal:s")
    assert words(card).endswith("• Ana: Ten calls a week (off track)")
    card = await house.card(house.people["zoe"], "tree.goal", "goal:c")
    assert "• Sales: Call each one" in words(card) and "Listen first" not in words(card)
    assert [button.label for button in buttons(card)] == [
        "Design: Fewer clicks", "Sales: Call each one", "Timeline", "The whole tree"
    ]  # fmt: skip
    assert await count(house.desk.store, AuditRow) == 0


async def test_reading_what_is_for_few_is_written_down(house: House) -> None:
    await keep(house.desk, own("goal:8", "ana", "Between us", "goal:s", visibility="manager"))
    assert "Ana: Between us" in words(await house.card(house.max, "tree.goal", "goal:s"))
    assert [(row.actor, row.person, row.record) for row in await rows(house.desk.store, AuditRow)] == [
        ("max", "ana", "goal:8")
    ]


@pytest.mark.parametrize("value", ["", "goal:1", "goal:3", "goal:ec", "goal:none", "|", "goal:c" * 300, "\u0000"])
async def test_a_goal_that_is_no_branch_of_mine_is_not_shown(house: House, value: str) -> None:
    card = await house.card(house.ana, "tree.goal", value)
    assert words(card) == "That goal is not there any more, or is not for you to see."


async def test_a_forged_page_is_only_empty(house: House) -> None:
    for value in ("99", "-1", "9999999", "x", "²"):
        assert (await house.card(house.ana, "tree.show", value)).title == "What we are here for"
        assert (await house.card(house.ana, "tree.goal", f"goal:c|{value}")).title == "Customers stay"


async def test_another_company_and_guests_see_none_of_it(house: House) -> None:
    assert "Theirs" in words(await house.card(house.eve)) and "Customers" not in words(await house.card(house.eve))
    assert words(await house.card(house.people["gus"])).startswith("There are no goals of the company")


async def test_it_is_whispered_where_it_was_asked_for(house: House) -> None:
    await house.desk.command(house.ana, "goal tree", place=HALL)
    [sent] = await house.desk.deliver()
    assert sent.only_for == house.ana.account and sent.place == HALL


async def test_who_has_left_is_not_counted(house: House) -> None:
    async with house.desk.store.transaction() as session:
        await session.run(people.update().where(people.c.id == "ben").values(gone=True))
    assert "Fewer clicks (on track, no personal goals yet)" in words(await house.card(house.ana))


# Linking.


def fields(answer: Answer | None) -> dict[str, Choice]:
    assert isinstance(answer, OpenForm)
    return {field.id: field for field in answer.form.fields if isinstance(field, Choice)}


async def align(house: House, who: Person, goal: str, parent: str) -> Answer | None:
    return await house.desk.submit(who, "tree.align", answers={"goal": goal, "parent": parent})


async def parent_of(house: House, id: str) -> str | None:
    [row] = await rows(house.desk.store, GoalRow, id=id)
    found: str | None = row.parent
    return found


async def test_a_goal_is_linked_and_its_history_keeps_it(house: House) -> None:
    form = fields(await house.desk.act(house.ana, "tree.align"))
    assert form["goal"].options == (("goal:1", "Ten calls a week"), ("goal:4", "Sleep more"))
    assert form["goal"].value == "goal:4", "the one that is not linked yet"
    assert [value for value, _ in form["parent"].options] == ["-", "goal:l", "goal:s", "goal:c", "goal:d"]
    assert await align(house, house.ana, "goal:4", "goal:c") is None
    [sent] = await house.desk.deliver()
    assert sent.card and words(sent.card) == (
        "“Sleep more” is now for “Customers stay”.\nWhy it matters: They pay for all this"
    )
    assert await parent_of(house, "goal:4") == "goal:c"
    [change] = await rows(house.desk.store, GoalChangeRow)
    assert (change.field, change.old, change.new, change.author) == ("parent", "", "goal:c", "ana")
    assert await align(house, house.ana, "goal:4", "-") is None
    assert await parent_of(house, "goal:4") is None


async def test_the_form_is_about_the_goal_it_was_opened_for(house: House) -> None:
    form = fields(await house.desk.act(house.ana, "tree.align", "goal:1"))
    assert (form["goal"].value, form["parent"].value) == ("goal:1", "goal:s")


async def test_a_managers_team_goal_serves_the_company_only(house: House) -> None:
    assert await align(house, house.max, "goal:l", "goal:c") is None
    assert await parent_of(house, "goal:l") == "goal:c"
    for parent in ("goal:s", "goal:l"):
        assert isinstance(await align(house, house.max, "goal:l", parent), Refuse)
    assert await align(house, house.people["zoe"], "goal:d", "-") is None
    assert await parent_of(house, "goal:d") is None


@pytest.mark.parametrize(
    ("who", "goal", "parent", "wrong"),
    [
        ("ana", "goal:2", "goal:c", {"goal"}),  # Ben's
        ("ana", "goal:s", "goal:c", {"goal"}),  # her team's, which she does not lead
        ("ana", "goal:1", "goal:4", {"parent"}),  # no goal above
        ("ana", "goal:1", "goal:1", {"parent"}),
        ("ana", "goal:1", "goal:ec", {"parent"}),
        ("ana", "goal:7", "goal:c", {"goal"}),  # not hers yet
        ("ana", "", "", {"goal", "parent"}),
        ("eve", "goal:1", "goal:c", {"goal", "parent"}),
        ("max", "goal:c", "goal:s", {"goal"}),  # the company's under a team's: a circle
    ],
)
async def test_what_cannot_be_linked_is_refused(
    house: House, who: str, goal: str, parent: str, wrong: set[str]
) -> None:
    before = await rows(house.desk.store, GoalRow)
    refused = await align(house, house.people[who], goal, parent)
    assert isinstance(refused, Refuse) and refused.objections.keys() == wrong
    assert await rows(house.desk.store, GoalRow) == before


async def test_a_goal_that_was_closed_meanwhile_serves_nothing(house: House) -> None:
    async with house.desk.store.transaction() as session:
        await session.run(kept.update().where(kept.c.id == "goal:c").values(state="closed"))
    assert isinstance(await align(house, house.ana, "goal:1", "goal:c"), Refuse)
    card = await house.card(house.ana)
    assert "Customers stay" not in words(card) and "• Design: Fewer clicks" in words(card)


async def test_without_goals_there_is_a_kind_word(house: House) -> None:
    assert await house.desk.act(house.people["zoe"], "tree.align") is not None  # she looks after team goals
    assert await house.desk.act(house.people["gus"], "tree.align") is None
    [sent] = await house.desk.deliver()
    assert sent.card and "no open goal" in words(sent.card)


def test_no_chain_of_goals_comes_back_to_itself() -> None:
    levels = {level: made(f"goal:{level}", level, level=level) for level in ("personal", "team", "company")}
    pairs = [(low, high) for low in levels for high in levels if fits(levels[low], levels[high])]
    assert pairs == [("personal", "team"), ("personal", "company"), ("team", "company")]
    assert not fits(levels["personal"], made("goal:x", "x", level="company", state="closed"))
    assert not fits(levels["personal"], made("goal:x", "x", level="company", company="slack:T2"))
    assert not fits(levels["personal"], made("goal:x", "x", level="company", objective="goal:o"))


# Setting what all serve.


async def test_hr_sets_a_goal_of_the_company_and_nobody_else_does(company: Company) -> None:
    desk = company(tree, goals)
    zoe, ana = await desk.person("Zoe", role="hr"), await desk.person("Ana", role="member")
    answers = {"title": "Customers stay", "kind": "measure", "measure": "from 40 to 60 %", "for": "company"}
    for who in (zoe, ana):
        answer = await desk.command(who, "goal")
        assert isinstance(answer, OpenForm)
        asked = next((field for field in answer.form.fields if field_id(field) == "for"), None)
        assert ("company" in dict(asked.options) if isinstance(asked, Choice) else False) is (who is zoe)
        refused = await desk.submit(who, "goals.form", answers=answers)
        assert (refused is None) is (who is zoe)
    [row] = await rows(desk.store, GoalRow)
    assert (row.level, row.person, row.visibility, row.target, row.set_by) == ("company", None, "everyone", 60, "zoe")


def field_id(field: Any) -> str:
    return getattr(field, "id", "")


# Its size.


def shown_everywhere(cards: Iterable[Card]) -> None:
    for card in cards:
        blocks = slack.message(card)["blocks"]
        check(blocks, 50)
        assert "…" not in [e.get("text") for b in blocks if b["type"] == "context" for e in b["elements"]], "cut"
        content = teams.message(card)
        assert teams.size(content) < 28_000
        assert_card(content, limit=30_000)
        assert playground.card_html(card)
        for button in buttons(card):
            assert 0 < len(button.label) <= 75 and len(button.value) <= 2000


TITLE = "Grow with the customers we have before we look for others, and let each of them know why we do so " * 2


async def test_a_company_of_300_people_is_readable_everywhere(house: House) -> None:
    desk = house.desk
    await crowd(desk.store, 300)
    company = [top(f"goal:c{n}", f"{n} {TITLE}"[:200], why=TITLE, word=TITLE, confidence="at_risk") for n in range(12)]
    of_teams = [
        of_team(f"goal:t{n}", f"Team number {n % 30}", f"{n} {TITLE}"[:200], f"goal:c{n % 12}", why=TITLE)
        for n in range(90)
    ]
    personal = [
        own(f"goal:p{n}", f"p{n % 300}", f"{n} {TITLE}"[:200], f"goal:t{n % 90}", confidence=CONFIDENCES[n % 3])
        for n in range(900)
    ]
    mine = [own(f"goal:m{n}", "ana", f"{n} {TITLE}"[:200], f"goal:t{n}") for n in range(9)]
    await keep(desk, *company, *of_teams, *personal, *mine)
    cards = [await house.card(house.ana)]
    cards += [await house.card(house.ana, "tree.show", "12")]
    for id in ("goal:c0", "goal:c3", "goal:t0", "goal:t89"):
        cards.append(await house.card(house.ana, "tree.goal", id))
    shown_everywhere(cards)
    assert all(f"{n} Grow with" in words(cards[0]) for n in range(11))
    assert len(words(cards[0])) < 8_000, "one can read it"
    answer = await desk.act(house.ana, "tree.align")
    assert isinstance(answer, OpenForm) and all(len(choice.options) <= 100 for choice in fields(answer).values())
    assert all(len(label) <= 75 for choice in fields(answer).values() for _, label in choice.options)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=200)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    title = draw(WORDS).strip() or "x"
    sure = tuple(draw(st.lists(st.sampled_from(("", *CONFIDENCES)), max_size=3)))
    served = Served(draw(st.integers(0, 900)), sure, draw(st.integers(0, 5)))

    def goal(number: int, level: Any, **more: Any) -> Goal:
        return made(f"goal:{level}{number}", title, level=level, why=title * 5, word=title, start=0.0, target=3.0,
                    value=1.0, confidence=draw(st.sampled_from(CONFIDENCES)), team=title[:80], **more)  # fmt: skip

    def branches(most: int) -> tuple[Branch, ...]:
        return tuple(Branch(goal(n, "team"), (), served) for n in range(draw(st.integers(0, most))))

    roots = tuple(Branch(goal(n, "company"), branches(60), served) for n in range(draw(st.integers(0, 30))))
    mine = tuple(Mine(goal(n, "personal"), goal(n, "team") if n % 2 else None) for n in range(draw(st.integers(0, 9))))
    return Tree(roots, branches(60), mine)


@settings(max_examples=25, deadline=None)
@given(trees(), st.sampled_from(LANGUAGES), st.integers(0, 30))
def test_every_tree_fits_everywhere(found: Tree, lang: str, first: int) -> None:
    reader = Person("ana", "Ana", SLACK, "U-ana", lang=lang, company=SLACK, team="Sales")
    cards = [tree_card(reader, found, first)]
    for branch in (*found.company[:1], *found.loose[:1]):
        people = tuple((mine.goal.title[:80], mine.goal) for mine in found.mine * 9)
        cards.append(limb_card(reader, Limb(branch, branch.goal, people, hidden=7), first))
    shown_everywhere(cards)
    assert any(isinstance(each, Button) for card in cards for each in buttons(card))


@pytest.mark.parametrize(
    ("sure", "mean"),
    [
        ((), ""), (("", ""), ""), (("on_track",), "on_track"), (("on_track", "at_risk", ""), "on_track"),
        (("on_track", "off_track"), "at_risk"), (("at_risk", "off_track"), "at_risk"),
        (("off_track", "off_track"), "off_track"),
    ],
)  # fmt: skip
def test_how_sure_people_are_on_the_whole(sure: Any, mean: str) -> None:
    assert Served(5, sure).mean == mean
