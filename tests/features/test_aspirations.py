"""Aspirations: in the person's own words, seen by whom they choose, and what of theirs leads there."""

from datetime import UTC, datetime

import pytest

from bot.core.aspirations import MOST, WORDS
from bot.core.cards import Choice, Form, Remark
from bot.core.effects import Answer, OpenForm, Refuse
from bot.core.people import Person, stranger
from bot.core.settings import Settings
from handlers import FEATURES
from storage.aspirations import AspirationRow
from storage.audit import AuditRow
from storage.goals import GoalRow
from storage.learning import LearningRow
from storage.nudges import NudgeRow
from storage.oneonone import AgendaRow
from storage.people import Changed
from tests.conftest import SLACK, Company, Desk, count, rows

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
QUIET = Settings.model_validate({"people": {"pilot": ["nobody"]}})
THIS = "2026-H1"


class House:
    """Max manages Ana; Cy is a colleague, and Ida nobody's."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def furnished(self) -> "House":
        managers = {"Max": None, "Ana": "max", "Cy": None}
        for name, manager in managers.items():
            await self.desk.person(name, manager=manager)
        # As a payload names them: what is known of them is read anew each time.
        self.max, self.ana, self.cy = (stranger(SLACK, f"U-{name.lower()}") for name in managers)
        return self

    async def wishes(self, words: str, share: str = "me", who: Person | None = None) -> str:
        """The id of what they said."""
        known = {row.id for row in await rows(self.desk.store, AspirationRow)}
        answers = {"words": words, "share": share}
        assert await self.desk.submit(who or self.ana, "aspirations.form", answers=answers) is None
        [id] = {row.id for row in await rows(self.desk.store, AspirationRow)} - known
        return str(id)

    async def row(self, id: str) -> AspirationRow:
        [row] = await rows(self.desk.store, AspirationRow, id=id)
        return row  # type: ignore[no-any-return]

    async def told(self, who: Person) -> str:
        """All that has just arrived with them."""
        return " ".join(str(m.card) for m in await self.desk.deliver() if m.place.conversation == who.account)

    async def change(self, who: str, **values: object) -> None:
        async with self.desk.store.transaction() as session:
            await Changed(who, values).save(session)

    async def goal(self, title: str = "Lead one project", value: str = "", **answers: str) -> str:
        form = {"title": title, "kind": "development", "visibility": "manager", **answers}
        assert await self.desk.submit(self.ana, "goals.form", value, answers=form) is None
        [row] = await rows(self.desk.store, GoalRow, title=title)
        return str(row.id)

    async def learns(self, words: str, value: str = "", seen_by: str = "me") -> str:
        plan = {"words": words, "kind": "course", "day": "2026-05-04", "seen_by": seen_by}
        assert await self.desk.submit(self.ana, "learning.form", value, answers=plan) is None
        [row] = await rows(self.desk.store, LearningRow, words=words)
        return str(row.id)


def form(answer: Answer | None) -> Form:
    assert isinstance(answer, OpenForm), answer
    return answer.form


def fields(answer: Answer | None) -> list[str]:
    return [field.id for field in form(answer).fields if not isinstance(field, Remark)]


@pytest.fixture
async def house(company: Company) -> House:
    return await House(company(*FEATURES, now=TUESDAY, settings=QUIET)).furnished()


# Saying them.


async def test_a_line_behind_the_command_is_kept_for_oneself(house: House) -> None:
    desk = house.desk
    await desk.command(house.ana, "growth", "aspirations To lead a small team one day")
    [row] = await rows(desk.store, AspirationRow)
    assert (row.words, row.reader, row.state) == ("To lead a small team one day", None, "open")
    arrived = await desk.deliver()
    assert {m.only_for or m.place.conversation for m in arrived} == {"U-ana"}
    assert "Only you see it." in str(arrived[-1].card)
    [nudge] = await rows(desk.store, NudgeRow)
    assert (nudge.person, nudge.rhythm, nudge.period, nudge.state) == ("ana", "aspirations", THIS, "answered")


async def test_the_form_asks_who_sees_it_only_where_there_is_a_manager(house: House) -> None:
    assert fields(await house.desk.act(house.ana, "aspirations.form")) == ["words", "share"]
    assert fields(await house.desk.act(house.cy, "aspirations.form")) == ["words"]
    id = await house.wishes("Far away", "manager", house.cy)
    assert (await house.row(id)).reader is None


@pytest.mark.parametrize("words", ["", "   ", "x" * (WORDS + 1)])
async def test_words_that_cannot_be_kept(house: House, words: str) -> None:
    refused = await house.desk.submit(house.ana, "aspirations.form", answers={"words": words, "share": "me"})
    assert isinstance(refused, Refuse) and set(refused.objections) == {"words"}
    assert await count(house.desk.store, AspirationRow) == 0


async def test_a_few_are_enough(house: House) -> None:
    ids = [await house.wishes(f"Wish {n}") for n in range(MOST)]
    refused = await house.desk.submit(house.ana, "aspirations.form", answers={"words": "One more"})
    assert isinstance(refused, Refuse) and "Let go of one first" in refused.objections["words"]
    await house.desk.command(house.ana, "growth aspirations", "One more by command")
    assert "Let go of one first" in await house.told(house.ana)
    await house.desk.act(house.ana, "aspirations.move", f"{ids[0]}|let_go")
    await house.wishes("One more")
    await house.desk.act(house.ana, "aspirations.move", f"{ids[0]}|open")
    assert (await house.row(ids[0])).state == "let_go", "there is no room to take it up again"


async def test_other_words_and_the_end(house: House) -> None:
    desk = house.desk
    id = await house.wishes("To lead")
    opened = form(await desk.act(house.ana, "aspirations.form", id))
    assert opened.fields[0].value == "To lead"  # type: ignore[union-attr]
    await desk.submit(house.ana, opened.id, opened.value, answers={"words": "To lead well", "share": "me"})
    assert (await house.row(id)).words == "To lead well"
    desk.later(days=1)
    await desk.act(house.ana, "aspirations.move", f"{id}|reached")
    row = await house.row(id)
    assert (row.state, row.closed_at) == ("reached", desk.now)
    assert await desk.act(house.ana, "aspirations.form", id) is None
    late = await desk.submit(house.ana, "aspirations.form", id, answers={"words": "Late", "share": "manager"})
    assert isinstance(late, Refuse) and (await house.row(id)).words == "To lead well"
    await desk.act(house.ana, "aspirations.move", f"{id}|open")
    row = await house.row(id)
    assert (row.state, row.closed_at) == ("open", None)


# Who sees them.


async def test_shown_to_the_manager_changed_and_taken_back(house: House) -> None:
    desk = house.desk
    id = await house.wishes("To lead", "manager")
    [his] = [m for m in await desk.deliver() if m.place.conversation == "U-max"]
    assert "To lead" in str(his.card)
    await desk.submit(house.ana, "aspirations.form", id, answers={"words": "To lead well", "share": "manager"})
    [changed] = [m for m in await desk.deliver() if m.place.conversation == "U-max"]
    assert changed.verb == "update" and "To lead well" in str(changed.card), "no second message"
    await desk.act(house.ana, "aspirations.share", f"{id}|me")
    [gone] = [m for m in await desk.deliver() if m.place.conversation == "U-max"]
    assert gone.verb == "delete" and (await house.row(id)).reader is None
    await desk.command(house.max, "growth aspirations", mentions=(house.ana,))
    assert "Ana has shown you nothing here" in await house.told(house.max)
    await desk.act(house.ana, "aspirations.share", f"{id}|manager")
    assert "To lead well" in await house.told(house.max)
    await desk.act(house.ana, "aspirations.share", f"{id}|manager")
    assert await house.told(house.max) == "", "shown is shown"


async def test_the_manager_sees_what_was_shown_and_nothing_else(house: House) -> None:
    desk = house.desk
    await house.wishes("Shown words", "manager")
    hidden = await house.wishes("Hidden words")
    await desk.deliver()
    await desk.command(house.max, "growth aspirations", mentions=(house.ana,))
    await desk.act(house.max, "aspirations.show", "ana")
    await desk.act(house.max, "aspirations.look", hidden)
    words = await house.told(house.max)
    assert "Shown words" in words and "Hidden words" not in words
    lines = await rows(desk.store, AuditRow, actor="max", action="read")
    assert [line.person for line in lines] == ["ana", "ana"] and hidden not in {line.record for line in lines}


async def test_the_history_and_the_page_of_privacy_tell_the_same(house: House) -> None:
    desk = house.desk
    await house.wishes("Shown words", "manager")
    await house.wishes("Hidden words")
    await desk.deliver()
    await desk.command(house.ana, "kadens history", "aspirations")
    words = await house.told(house.ana)
    assert "Shown words" in words and "Hidden words" in words and "where you want to go (open)" in words
    for who, said in ((house.max, "Shown words"), (house.cy, "")):
        await desk.command(who, "kadens history", "aspirations", mentions=(house.ana,))
        words = await house.told(who)
        assert "Hidden words" not in words and ("Shown words" in words) is bool(said)
    assert await count(desk.store, AuditRow, actor="max", action="read") == 1
    await desk.command(house.ana, "kadens privacy")
    counted = "Of what you want to grow towards 1 can be seen by you and your manager, and 1 by you alone."
    assert counted in await house.told(house.ana)


async def test_a_new_manager_sees_nothing_and_the_one_before_no_more(house: House) -> None:
    desk = house.desk
    id = await house.wishes("Shown words", "manager")
    await house.change("ana", manager="cy")
    await desk.deliver()
    for who in (house.max, house.cy):
        await desk.command(who, "growth aspirations", mentions=(house.ana,))
        await desk.act(who, "aspirations.look", id)
        assert "Shown words" not in await house.told(who)
    await desk.command(house.ana, "growth aspirations")
    assert "Only you see it." in await house.told(house.ana)


async def test_words_said_to_a_new_manager_do_not_reach_the_one_before(house: House) -> None:
    desk = house.desk
    id = await house.wishes("Shown words", "manager")
    await house.change("ana", manager="cy")
    await desk.act(house.ana, "aspirations.share", f"{id}|manager")
    await desk.submit(house.ana, "aspirations.form", id, answers={"words": "Later words", "share": "manager"})
    await desk.deliver()
    shown = {who: repr(desk.shown(getattr(house, who))) for who in ("max", "cy")}
    assert "Later words" in shown["cy"]
    assert "Later words" not in shown["max"]
    assert "Shown words" not in shown["max"]


@pytest.mark.parametrize("who", ["max", "cy"])
async def test_nobody_else_changes_them(house: House, who: str) -> None:
    desk, actor = house.desk, getattr(house, who)
    id = await house.wishes("Mine", "manager")
    before = repr(await house.row(id))
    assert await desk.act(actor, "aspirations.form", id) is None
    await desk.submit(actor, "aspirations.form", id, answers={"words": "Yours", "share": "me"})
    for action, value in (("share", f"{id}|me"), ("move", f"{id}|reached"), ("link", id)):
        await desk.act(actor, f"aspirations.{action}", value)
    assert isinstance(await desk.submit(actor, "aspirations.link", id, answers={}), Refuse)
    assert repr(await house.row(id)) == before


async def test_a_manager_puts_it_on_the_agenda_of_the_two(house: House) -> None:
    desk = house.desk
    id, hidden = await house.wishes("To lead", "manager"), await house.wishes("Hidden")
    for _ in range(2):
        await desk.act(house.max, "aspirations.agenda", id)
    await desk.act(house.max, "aspirations.agenda", hidden)
    await desk.act(house.cy, "aspirations.agenda", id)
    [point] = await rows(desk.store, AgendaRow)
    assert (point.person, point.manager, point.source) == ("ana", "max", id) and "To lead" in point.words


# What leads there.


async def test_a_goal_and_an_action_made_for_it_lead_there(house: House) -> None:
    desk = house.desk
    id = await house.wishes("To lead")
    await desk.command(house.ana, "growth aspirations")
    await desk.deliver()
    await desk.press(house.ana, "Open")
    await desk.deliver()
    opened = form(await desk.press(house.ana, "Set a goal for it"))
    goal = await house.goal(value=opened.value)
    await desk.act(house.ana, "aspirations.look", id)
    await desk.deliver()
    opened = form(await desk.press(house.ana, "Plan something to learn"))
    action = await house.learns("A course in leading", opened.value)
    assert [(row.id, row.aspiration) for row in await rows(desk.store, GoalRow)] == [(goal, id)]
    assert [(row.id, row.aspiration) for row in await rows(desk.store, LearningRow)] == [(action, id)]
    await desk.deliver()
    await desk.act(house.ana, "aspirations.look", id)
    words = await house.told(house.ana)
    assert "· Goal: Lead one project" in words and "· To learn: A course in leading, by Monday 4 May" in words


async def test_what_there_is_is_linked_and_let_go_by_the_form(house: House) -> None:
    desk = house.desk
    id, other = await house.wishes("To lead"), await house.wishes("To write")
    assert await desk.act(house.ana, "aspirations.link", id) is None
    assert "nothing planned to learn" in await house.told(house.ana)
    one, two, action = await house.goal("One"), await house.goal("Two"), await house.learns("A course")
    opened = form(await desk.act(house.ana, "aspirations.link", id))
    assert [field.id for field in opened.fields if isinstance(field, Choice)] == ["goal", "learning"]
    await desk.submit(house.ana, opened.id, id, answers={"goal": f"{one},{two}", "learning": action})
    await desk.submit(house.ana, opened.id, other, answers={"goal": two, "learning": ""})
    links = {row.id: row.aspiration for row in await rows(desk.store, GoalRow)}
    assert links == {one: id, two: other}
    opened = form(await desk.act(house.ana, "aspirations.link", id))
    assert {f.id: f.value for f in opened.fields if isinstance(f, Choice)} == {"goal": one, "learning": action}
    await desk.submit(house.ana, opened.id, id, answers={"goal": "", "learning": ""})
    assert {row.id: row.aspiration for row in await rows(desk.store, GoalRow)} == {one: "", two: other}
    assert [row.aspiration for row in await rows(desk.store, LearningRow)] == [""]


async def test_a_manager_sees_of_what_leads_there_what_they_may_see_anyhow(house: House) -> None:
    desk = house.desk
    id = await house.wishes("To lead", "manager")
    await house.goal("A goal for two", f"development|{id}")
    await house.learns("Hidden course", id)
    await house.learns("Shown course", id, "manager")
    await desk.deliver()
    await desk.command(house.max, "growth aspirations", mentions=(house.ana,))
    words = await house.told(house.max)
    assert "A goal for two" in words and "Shown course" in words and "Hidden course" not in words


async def test_a_forged_id_links_nothing_of_anybody_elses(house: House) -> None:
    desk = house.desk
    id = await house.wishes("To lead")
    theirs = {"title": "A goal of Cy's", "kind": "development", "visibility": "everyone"}
    await desk.submit(house.cy, "goals.form", f"development|{id}", answers=theirs)
    [goal] = await rows(desk.store, GoalRow)
    await desk.submit(house.ana, "aspirations.link", id, answers={"goal": goal.id})
    await desk.deliver()
    await desk.act(house.ana, "aspirations.look", id)
    assert "A goal of Cy" not in await house.told(house.ana)


# Twice a year.


async def test_twice_a_year_everybody_is_asked_in_their_own_words(house: House) -> None:
    desk = house.desk
    await desk.due(house.ana, "aspirations", THIS)
    assert "a sentence will do" in await house.told(house.ana)
    await house.wishes("To lead")
    desk.later(days=200)
    await desk.deliver()
    await desk.due(house.ana, "aspirations", "2026-H2")
    words = await house.told(house.ana)
    assert "Does this still say what you want?" in words and "To lead" in words
    await desk.press(house.ana, "Still so")
    assert await count(desk.store, NudgeRow, period="2026-H2", state="answered") == 1
    await desk.due(house.ana, "aspirations", "2026-H2", 1)
    await desk.due(house.ana, "aspirations.again", "2026-H2")
    assert "still waits for a quiet minute" in await house.told(house.ana)
