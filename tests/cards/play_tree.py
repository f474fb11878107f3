"""The tree of goals, and goals in the check-in, the review and GROW, as the gallery plays them."""

from datetime import timedelta
from typing import Any

from bot.core.goals import CONFIDENCES, Goal
from bot.core.people import Person
from handlers.checkin import questions as checkin
from storage.goals import NewGoal
from tests.cards.gallery import Stage
from tests.conftest import SLACK

People = dict[str, Person]


async def tree(stage: Stage, folk: People) -> None:
    """From a company without goals to one with many; every way of looking, and of linking, also where it is refused."""
    ana, ben, cy = folk["ana"], folk["ben"], folk["cy"]
    for action in ("tree.show", "tree.goal", "tree.align"):
        await stage.act(cy, action, "?")
    await stage.command(cy, "goal", "tree")
    await keep(stage, *personal(stage, "cy", 2))
    await stage.act(cy, "tree.align")
    await keep(stage, *branches(stage), *personal(stage, "ana", 7), *personal(stage, "ben", 66))
    await stage.command(ana, "goal tree")
    await stage.tap(ana, "tree.show", "12")
    await stage.act(ana, "tree.show")
    for person in (ana, ben, folk["max"]):
        for about in ("goal:tree.c0", "goal:tree.t0", "goal:tree.t1"):
            await stage.act(person, "tree.goal", about)
    await stage.act(ben, "tree.goal", "goal:tree.t0")
    await stage.tap(ben, "tree.goal", "goal:tree.t0|20")
    await linked(stage, ana)
    await asked_about(stage, ana)


async def linked(stage: Stage, who: Person) -> None:
    await stage.act(who, "tree.align", "goal:tree.ana1")
    form = stage.opened["tree.align", "goal:tree.ana1"]
    for goal, parent in (
        ("?", "?"),
        ("goal:tree.ana1", "goal:tree.ana1"),
        ("", ""),
        ("goal:tree.ana1", "goal:tree.c1"),
    ):
        await stage.fill(who, form, answers={"goal": goal, "parent": parent})
    await stage.fill(who, form, answers={"goal": "goal:tree.ana1", "parent": "-"})
    await keep(stage, team_goal(stage, 900, set_by="ana"), team_goal(stage, 901, set_by="ana"))
    await stage.act(who, "tree.align", "goal:tree.t900")
    form = stage.opened["tree.align", "goal:tree.t900"]
    await stage.fill(who, form, answers={"goal": "goal:tree.t900", "parent": "goal:tree.t901"})


async def asked_about(stage: Stage, who: Person) -> None:
    """Next month’s check-in asks about each goal; then the quarter is looked back on."""
    stage.later(days=31)
    await stage.command(who, "checkin")
    about = await stage.through(who, checkin, fuss=True)
    form = await stage.tap(who, "talk.form", about)
    assert form
    kept = {field.id: str(getattr(field, "value", "") or "") for field in form.fields if hasattr(field, "id")}
    await stage.fill(who, form, answers={**kept, "goal.0": "off_track", "goal_story.0": ""})
    await stage.fill(who, form, answers={**kept, "goal.0": "off_track", "goal_story.0": f"7, {stage.words(380)}"})
    await stage.command(who, "review")
    await stage.say(who, "stop")


def made(stage: Stage, id: str, **values: Any) -> Goal:
    at = stage.now - timedelta(days=3)
    words = {"title": stage.words(200), "why": stage.words(1000), "word": stage.words(1000), "at": at, "word_at": at}
    plain: dict[str, Any] = {"company": SLACK, "visibility": "everyone", "set_by": "max", **words}
    return Goal(id=f"goal:tree.{id}", **{**plain, **values})


def team_goal(stage: Stage, number: int, **values: Any) -> Goal:
    team = "design" if number % 30 == 0 else stage.words(40)
    kind, parent = ("milestone", "objective")[number % 2], f"goal:tree.c{number % 15}" if number % 9 else None
    return made(stage, f"t{number}", level="team", team=team, kind=kind, parent=parent, **values)


def branches(stage: Stage) -> list[Goal]:
    """More goals of the company than one card holds, and three teams’ goals to each."""
    figures: dict[str, Any] = {"kind": "measure", "start": 0.0, "value": 4.5, "target": 10.0, "unit": "%"}
    company = [made(stage, f"c{n}", level="company", confidence=CONFIDENCES[n % 3], **figures) for n in range(15)]
    return [*company, *(team_goal(stage, n, confidence=CONFIDENCES[n % 3]) for n in range(45))]


def personal(stage: Stage, who: str, many: int) -> list[Goal]:
    kinds: tuple[dict[str, Any], ...] = (
        {"kind": "measure", "start": 0.0, "value": 2.0, "target": 8.0, "confidence": "on_track"},
        {"kind": "development", "confidence": "at_risk"},
        {"kind": "milestone", "start": 0.0, "value": 0.0, "target": 1.0, "confidence": "off_track", "word": ""},
    )
    return [
        made(stage, f"{who}{n}", person=who, set_by=who, parent=("goal:tree.t0", "goal:tree.t1", None)[n % 3],
             visibility=("everyone", "manager")[n % 2], **kinds[n % 3])
        for n in range(many)
    ]  # fmt: skip


async def keep(stage: Stage, *goals: Goal) -> None:
    async with stage.store.transaction() as session:
        for goal in goals:
            await NewGoal(goal).save(session)
