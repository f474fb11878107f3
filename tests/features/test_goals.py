"""Setting goals and seeing them: what is understood of words and forms, what is missing, and who sees what."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.cards import Choice
from bot.core.effects import OpenForm, Refuse
from bot.core.figures import Result, amount, parse_result, parse_results, parse_update, parse_way
from bot.core.goal_cards import result_line
from bot.core.goal_forms import read_words
from bot.core.goals import Goal, Kind, missing, needs_word, part_done, share, vague
from bot.core.people import Person, stranger
from bot.core.settings import Settings
from bot.core.smart import kept_by_words
from handlers import FEATURES
from storage.audit import AuditRow
from storage.feedback import FeedbackRow
from storage.goals import GoalRow, NewGoal
from storage.grow import CommitmentRow
from tests.conftest import SLACK, Company, Desk, buttons, count, rows

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
OTHER = "slack:T2"
QUIET = Settings.model_validate({"people": {"pilot": ["nobody"]}})


# What is understood.


@pytest.mark.parametrize(
    ("text", "lang", "unit", "value", "story"),
    [
        ("60, the last customer said yes", "en", "", 60, "the last customer said yes"),
        ("60", "en", "", 60, ""),
        ("60 %", "en", "%", 60, ""),
        ("60% – slow but steady", "en", "", 60, "slow but steady"),
        ("3,5: bättre", "sv", "", 3.5, "bättre"),
        ("1 200, mer än vi trodde", "sv", "", 1200, "mer än vi trodde"),
        ("1.200, meer dan gedacht", "nl", "", 1200, "meer dan gedacht"),
        ("1,200, more than we thought", "en", "", 1200, "more than we thought"),
        ("1,200", "sv", "", 1.2, ""),
        ("12 customers so far", "en", "customers", 12, "so far"),
        ("12 customerships", "en", "customer", None, "12 customerships"),
        ("-4, it fell", "en", "", -4, "it fell"),
        ("4/10, nearly", "en", "", 4, "nearly"),
        ("60\nthe last one said yes", "en", "", 60, "the last one said yes"),
        # A number that only begins a sentence is no figure.
        ("3 customers said yes", "en", "%", None, "3 customers said yes"),
        ("2026-03-01 was the day", "en", "", None, "2026-03-01 was the day"),
        ("10:30 we met", "en", "", None, "10:30 we met"),
        ("60-70 of them", "en", "", None, "60-70 of them"),
        ("it is 60 now", "en", "", None, "it is 60 now"),
        ("", "en", "", None, ""),
    ],
)
def test_a_figure_and_its_story(text: str, lang: str, unit: str, value: float | None, story: str) -> None:
    assert parse_update(text, lang, unit) == (value, story)


@given(st.text(), st.sampled_from(["en", "sv", "nl"]), st.text(max_size=5))
def test_whatever_is_said_can_be_read(text: str, lang: str, unit: str) -> None:
    value, story = parse_update(text, lang, unit)
    assert value is not None or story == text.strip()
    parse_results(text, lang), parse_way(text, lang), amount(text, lang)


@given(st.integers(0, 999_999), st.text())
def test_no_word_of_a_story_is_lost(value: int, story: str) -> None:
    story = story.strip().lstrip(" \t\n,;:.!–—-%").strip()
    if not story[:1].isalnum() or story[:1].isdigit():
        return
    assert parse_update(f"{value}, {story}") == (value, story)


@pytest.mark.parametrize(
    ("line", "lang", "told"),
    [
        ("Churn from 5 to 3 %", "en", Result("Churn", 5, 3, "%")),
        ("Avhopp från 5 till 3 %", "sv", Result("Avhopp", 5, 3, "%")),
        ("Verloop van 5 naar 3 %", "nl", Result("Verloop", 5, 3, "%")),
        ("NPS: 30 → 40", "en", Result("NPS", 30, 40)),
        ("Costs from €5 to €3", "en", Result("Costs", 5, 3, "€")),
        ("Omsättning från 1 200 till 1 500 kr", "sv", Result("Omsättning", 1200, 1500, "kr")),
        ("Omzet van 1.200 naar 1.500 euro", "nl", Result("Omzet", 1200, 1500, "euro")),
        ("Interviews to 12", "en", Result("Interviews", 0, 12)),
        ("Answer in from 3,5 to 2 days", "sv", Result("Answer in", 3.5, 2, "days")),
        ("smile more", "en", None),
        ("from 5 to 3", "en", None),
        ("Churn from 5 to 5 %", "en", None),
        ("Churn from 5 %", "en", None),
    ],
)
def test_a_key_result(line: str, lang: str, told: Result | None) -> None:
    assert parse_result(line, lang) == told


def test_lines_that_are_no_key_results_are_named() -> None:
    found, wrong = parse_results("• Churn from 5 to 3 %\n\nsmile more\n* Calls from 1 to 2\nand so on")
    assert [each.title for each in found] == ["Churn", "Calls"] and wrong == ((3, "smile more"), (5, "and so on"))


def goal(title: str = "Win three big customers", kind: Kind = "measure", **more: object) -> Goal:
    base = {"id": "goal:1", "company": SLACK, "at": TUESDAY, "set_by": "ana", "person": "ana"}
    return Goal(**{**base, "title": title, "kind": kind, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("lang", ["en", "sv", "nl"])
@pytest.mark.parametrize(("start", "target"), [(5, 3), (0, 1200), (3.5, 1234567.25), (1000, 2000)])
def test_a_key_result_is_written_as_it_can_be_read(lang: str, start: float, target: float) -> None:
    """It stands in the form for adjusting it: left as it is it must be the same."""
    reader = Person("ana", "Ana", SLACK, "U-ana", lang=lang)
    line = result_line(reader, goal("Churn", start=start, target=target, unit="%"))
    assert parse_result(line, lang) == Result("Churn", start, target, "%")


@pytest.mark.parametrize(
    ("start", "target", "value", "done"),
    [
        (0, 10, 5, 0.5),
        (None, 10, 5, 0.5),
        (5, 3, 4, 0.5),  # fewer is better
        (5, 3, 6, 0),
        (0, 10, 12, 1),
        (0, 10, None, 0),
        (0, None, 5, None),
        (3, 3, 3, 1),
        (3, 3, 2, 0),
    ],
)
def test_how_much_of_the_way(start: float | None, target: float | None, value: float | None, done: float) -> None:
    assert part_done(start, target, value) == done


def test_an_objective_is_as_far_as_the_mean_of_its_key_results() -> None:
    results = (goal("a", start=0, target=10, value=10), goal("b", start=5, target=3, value=4), goal("c"))
    assert share(goal("o", "objective", results=results)) == 0.75
    assert share(goal("o", "objective")) is None and share(goal("d", "development")) is None
    assert share(goal("m", "milestone", start=0, target=1, value=0, state="achieved")) == 1


@pytest.mark.parametrize(
    ("before", "confidence", "story", "needed"),
    [
        ("", "on_track", "", False),  # that it goes as meant is what one starts from
        ("", "at_risk", "", True),
        ("on_track", "on_track", "", False),
        ("on_track", "at_risk", "", True),
        ("on_track", "at_risk", "  ", True),
        ("on_track", "at_risk", "the supplier is late", False),
        ("off_track", "on_track", "", True),
        ("at_risk", "", "", False),  # nothing was said of it
    ],
)
def test_a_change_of_confidence_needs_a_word(before: str, confidence: str, story: str, needed: bool) -> None:
    assert needs_word(before, confidence, story) is needed


@pytest.mark.parametrize(
    ("title", "is_vague"),
    [
        ("Quality", True),
        ("Improve quality", True),
        ("Improve our quality", True),
        ("Bättre och snabbare", True),
        ("Beter luisteren thuis", True),
        ("NPS 40", False),
        ("Win three new customers", False),
        ("Lead the release", False),
        ("", True),
    ],
)
def test_a_title_that_leaves_open_what_it_is_about(title: str, is_vague: bool) -> None:
    assert vague(title) is is_vague


@pytest.mark.parametrize(
    ("made", "asked"),
    [
        (goal(due=date(2026, 6, 1), why="rent", target=3), ()),
        (goal(), ("measure", "day", "why")),
        (goal("Quality", "milestone"), ("title", "day", "why")),
        (goal(kind="objective", why="rent"), ("results", "day")),
        (goal(kind="development", why=" ", due=date(2026, 6, 1)), ("why",)),
    ],
)
def test_what_is_missing(made: Goal, asked: tuple[str, ...]) -> None:
    assert missing(made) == asked


@pytest.mark.parametrize("text", ["keep it", "Keep it.", "behåll", "Laat maar zo!", "houden"])
def test_keep_it_in_all_languages(text: str) -> None:
    assert kept_by_words(text) and not kept_by_words(f"{text} and so on")


@pytest.mark.parametrize(
    ("text", "title", "due", "known"),
    [
        ("Win three customers", "Win three customers", None, False),
        ("Win three customers by 30 June", "Win three customers", date(2026, 6, 30), False),
        ("Go to 3 cities", "Go to 3 cities", None, False),
        ("Churn from 5 to 3 % by 30 June", "Churn", date(2026, 6, 30), True),
        ("tomorrow", "tomorrow", None, False),
        ("Finish what began in 2019", "Finish what began in 2019", None, False),
    ],
)
async def test_a_goal_in_a_few_words(company: Company, text: str, title: str, due: date | None, known: bool) -> None:
    from bot.core.events import Command

    desk = company(*FEATURES, now=TUESDAY, settings=QUIET)
    ana = await desk.person("Ana")
    made, told = read_words(Command(**desk.base(ana, None), name="goal", text=text))
    assert (made.title, made.due, told) == (title, due, known)


# The form.


@pytest.fixture
async def desk(company: Company) -> Desk:
    """Ana and Ben report to Max; Zoe is elsewhere in the company, Gus a guest, Eve in another company."""
    desk = company(*FEATURES, now=TUESDAY, settings=QUIET)
    await desk.person("Max", team="Care")
    for name in ("Ana", "Ben"):
        await desk.person(name, manager="max", team="Care")
    await desk.person("Zoe", team="Sales")
    await desk.person("Hr", role="hr")
    await desk.person("Gus", guest=True, manager="max", team="Care")
    await desk.person("Eve", workspace=OTHER)
    return desk


def who(name: str) -> Person:
    """As a payload names them."""
    return stranger(OTHER if name == "eve" else SLACK, f"U-{name}")


WHOLE = {"title": "Calls a week", "kind": "measure", "measure": "from 10 to 20 calls", "due": "2026-06-30",
         "why": "they tell us what is wrong", "visibility": "team"}  # fmt: skip


async def test_a_whole_goal_is_asked_nothing(desk: Desk) -> None:
    assert await desk.submit(who("ana"), "goals.form", answers=WHOLE) is None
    [made] = await rows(desk.store, GoalRow)
    assert (made.person, made.start, made.value, made.target, made.unit) == ("ana", 10, 10, 20, "calls")
    assert (made.due, made.visibility, made.state, made.level) == (date(2026, 6, 30), "team", "open", "personal")
    [card] = await desk.deliver()
    assert card.card and card.card.title == "Calls a week"
    assert [button.label for button in buttons(card.card)] == ["Update", "Timeline", "Adjust", "Close"]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"title": " "}, {"title"}),
        ({"title": "x" * 201, "why": "y" * 1001}, {"title", "why"}),
        ({"measure": "some"}, {"measure"}),
        ({"measure": "from 10 to 10"}, {"measure"}),
        ({"kind": "milestone"}, {"measure"}),
        ({"kind": "development"}, {"measure"}),
        ({"kind": "objective", "measure": "smile"}, {"measure"}),
        ({"due": "2026-04-13"}, {"due"}),
        ({"due": "2031-01-01"}, {"due"}),
        ({"due": "never"}, {"due"}),
        ({"parent": "goal:forged"}, {"parent"}),
        ({"for": "zoe"}, {"for"}),
        ({"for": "team"}, {"for"}),  # who leads nobody has no team to set it for
        ({"title": "", "measure": "?", "due": "?", "for": "eve", "parent": "x"},
         {"title", "measure", "due", "for", "parent"}),
    ],
)  # fmt: skip
async def test_all_that_is_wrong_is_said_at_once(desk: Desk, change: dict[str, str], fields: set[str]) -> None:
    refused = await desk.submit(who("ana"), "goals.form", answers=WHOLE | change)
    assert isinstance(refused, Refuse) and set(refused.objections) == fields
    assert await count(desk.store, GoalRow) == 0


async def test_key_results_are_goals_of_their_own(desk: Desk) -> None:
    lines = "Churn from 5 to 3 %\nCalls from 10 to 20"
    answers = WHOLE | {"kind": "objective", "measure": lines}
    assert await desk.submit(who("ana"), "goals.form", answers=answers, id="twice") is None
    assert await desk.submit(who("ana"), "goals.form", answers=answers, id="twice") is None
    objective, *results = sorted(await rows(desk.store, GoalRow), key=lambda row: row.id)
    assert [(r.title, r.start, r.target, r.objective, r.person) for r in results] == [
        ("Churn", 5, 3, objective.id, "ana"),
        ("Calls", 10, 20, objective.id, "ana"),
    ]


async def test_a_lead_sets_a_goal_of_the_team_and_others_serve_it(desk: Desk) -> None:
    assert await desk.submit(who("max"), "goals.form", answers=WHOLE | {"for": "team", "visibility": "manager"}) is None
    [ours] = await rows(desk.store, GoalRow)
    assert (ours.person, ours.level, ours.team, ours.visibility) == (None, "team", "Care", "team")
    form = await desk.command(who("ana"), "goal")
    assert isinstance(form, OpenForm)
    served = next(field for field in form.form.fields if field.id == "parent")  # type: ignore[union-attr]
    assert isinstance(served, Choice) and [value for value, _ in served.options] == [ours.id]
    await desk.submit(who("ana"), "goals.form", answers=WHOLE | {"parent": ours.id})
    [mine] = await rows(desk.store, GoalRow, person="ana")
    assert mine.parent == ours.id
    # It is not for others to serve, or to see: their form does not offer it, and refuses it.
    for name in ("zoe", "gus", "eve"):
        refused = await desk.submit(who(name), "goals.form", answers=WHOLE | {"parent": ours.id})
        assert isinstance(refused, Refuse) and set(refused.objections) == {"parent"}
    refused = await desk.submit(who("max"), "goals.form", answers=WHOLE | {"for": "team", "parent": ours.id})
    assert isinstance(refused, Refuse) and set(refused.objections) == {"parent"}


async def test_form_shortcut_words_and_buttons(desk: Desk) -> None:
    from bot.core.events import Shortcut

    ana = who("ana")
    assert isinstance(await desk.command(ana, "goal"), OpenForm)
    assert isinstance(await desk.take(Shortcut(**desk.base(ana, None, opens=True), name="goal")), OpenForm)
    assert isinstance(await desk.act(ana, "goals.form", ""), OpenForm)
    await desk.say(ana, "goal help")
    [help] = await desk.deliver()
    assert {button.action for button in buttons(help.card)} == {"goals.form", "goals.mine"}
    too_long = await desk.command(ana, "goal", "x" * 201)
    assert too_long is None and await count(desk.store, GoalRow) == 0


async def test_made_of_a_commitment_or_of_feedback_that_is_ones_own(desk: Desk) -> None:
    async with desk.store.transaction() as session:
        row = {"id": "grow:1", "person": "ana", "words": "call three customers", "day": date(2026, 5, 1)}
        await session.run(CommitmentRow.__table__.insert().values(**row, at=TUESDAY, thread="grow:1", state="open"))  # type: ignore[attr-defined]
        given_row = {"id": "feedback:1", "giver": "ben", "receiver": "ana", "situation": "s", "behaviour": "b"}
        given_row |= {"impact": "it calmed us", "wish": "do that in every meeting", "seen_by": "receiver"}
        await session.run(FeedbackRow.__table__.insert().values(**given_row, at=TUESDAY))  # type: ignore[attr-defined]
    seen = {}
    for name in ("ana", "ben", "eve"):
        for value in ("milestone|grow:1", "development|feedback:1"):
            form = await desk.act(who(name), "goals.form", value)
            assert isinstance(form, OpenForm)
            fields = {field.id: getattr(field, "value", "") for field in form.form.fields if hasattr(field, "id")}
            seen[name, value] = (fields["title"], fields["kind"], fields["why"], fields["due"])
    assert seen["ana", "milestone|grow:1"] == ("call three customers", "milestone", "", date(2026, 5, 1))
    assert seen["ana", "development|feedback:1"] == ("do that in every meeting", "development", "it calmed us", None)
    for name in ("ben", "eve"):
        assert seen[name, "milestone|grow:1"][0] == seen[name, "development|feedback:1"][0] == ""


# Who sees what.

SEES = {
    "everyone": {"ana", "max", "ben", "zoe", "hr"},
    "team": {"ana", "max", "ben"},
    "manager": {"ana", "max"},
}


@pytest.mark.parametrize("visibility", SEES)
@pytest.mark.parametrize("name", ["ana", "max", "ben", "zoe", "hr", "gus", "eve"])
async def test_a_goal_is_seen_by_whom_it_is_for(desk: Desk, visibility: str, name: str) -> None:
    made = goal("MARKED words", id="goal:m", visibility=visibility, why="MARKED why", due=date(2026, 6, 1))
    async with desk.store.transaction() as session:
        await NewGoal(made).save(session)
    reader, ana = who(name), who("ana")
    sees = name in SEES[visibility]
    await desk.command(reader, "goal", mentions=(ana,))
    await desk.act(reader, "goals.show", "goal:m")
    await desk.act(reader, "goals.mine", "ana|")
    sent = [m for m in await desk.deliver() if (m.only_for or m.place.conversation) == reader.account]
    assert [("MARKED" in str(message.card)) for message in sent] == [sees] * 3
    form = await desk.act(reader, "goals.update", "goal:m")
    assert isinstance(form, OpenForm) is (name in ("ana", "max"))
    for action in ("goals.adjust", "goals.close"):
        assert isinstance(await desk.act(reader, action, "goal:m"), OpenForm) is (name == "ana")
    read = await rows(desk.store, AuditRow, record="goal:m")
    assert bool(read) is (visibility == "manager" and name == "max")
    assert {(line.actor, line.person, line.action) for line in read} <= {("max", "ana", "read")}


async def test_a_suggestion_is_seen_by_the_two_alone(desk: Desk) -> None:
    await desk.submit(who("max"), "goals.form", answers=WHOLE | {"for": "ana", "visibility": "everyone"})
    [made] = await rows(desk.store, GoalRow)
    assert made.state == "offered"
    for name, sees in (("ana", True), ("max", True), ("ben", False), ("zoe", False), ("hr", False)):
        await desk.act(who(name), "goals.show", made.id)
        sent = [m for m in await desk.deliver() if m.place.conversation == f"U-{name}"]
        assert ("they tell us what is wrong" in str(sent[-1].card)) is sees
    for name in ("ben", "max", "eve"):
        for action in ("accept", "decline"):
            await desk.act(who(name), f"goals.{action}", made.id)
    [still] = await rows(desk.store, GoalRow)
    assert still.state == "offered"


async def test_who_has_left_is_no_colleague_any_more(desk: Desk) -> None:
    await desk.person("Lea", manager="max", team="Care", gone=True)
    async with desk.store.transaction() as session:
        await NewGoal(goal("MARKED words", id="goal:l", person="lea", visibility="everyone")).save(session)
    for name, sees in (("ben", False), ("zoe", False), ("max", True)):
        await desk.act(who(name), "goals.show", "goal:l")
        [message] = await desk.deliver()
        assert ("MARKED" in str(message.card)) is sees


async def test_a_long_list_is_paged(desk: Desk) -> None:
    async with desk.store.transaction() as session:
        for n in range(11):
            await NewGoal(goal(f"Goal number {n}", id=f"goal:{n:02}", visibility="everyone")).save(session)
    await desk.act(who("ana"), "goals.mine")
    [first] = await desk.deliver()
    await desk.press(who("ana"), "More")
    [second] = await desk.deliver()
    assert "Goal number 7" in str(first.card) and "Goal number 8" not in str(first.card)
    assert "Goal number 10" in str(second.card) and "More" not in str(second.card)
    for forged in ("|99", "|-1", "ana|x", "nobody|", "eve|"):
        await desk.act(who("ana"), "goals.mine", forged)
    assert len(await desk.deliver()) == 5
