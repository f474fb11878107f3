"""Improvement plans, of a person and of a team, played: every step of both sides, every objection, and every end.

Ana and Ben report to Max, whoever they were given to before.
"""

from datetime import timedelta

from bot.core.cards import Form
from bot.core.effects import Answer, OpenForm
from bot.core.improvement import CHECK, FINDINGS, LINE, PROMISED, TEXT, TEXTS, WAITING
from bot.core.people import Person
from bot.core.teamplan import RHYTHM
from bot.core.teamplan import TEXT as LONG
from storage import people as store
from storage.improvement import ImprovementPromiseRow, ImprovementRow
from storage.teamplan import TeamPlanRow
from tests.cards.gallery import Stage
from tests.conftest import rows

People = dict[str, Person]
STEPS = ("read", "decline", "check", "view", "change", "promise", "conclude", "withdraw")


async def improvement(stage: Stage, folk: People) -> None:
    await led_by(stage, "max")
    for scene in (looked, written, read, changed, given, concluded, lapsed, handed_over, withdrawn, team):
        await scene(stage, folk)
    await stage.deliver()


async def led_by(stage: Stage, manager: str) -> None:
    for name in ("ana", "ben"):
        async with stage.store.transaction() as session:
            await store.Changed(name, {"manager": manager}).save(session)


def day(stage: Stage, days: int) -> str:
    return (stage.now.date() + timedelta(days=days)).isoformat()


def words(stage: Stage) -> dict[str, str]:
    """A form filled in as one should."""
    texts = {name: stage.words(limit) for name, limit in (*FINDINGS.items(), *TEXTS.items())}
    more = {"support": stage.words(LINE), "support_day": day(stage, 7), "training": stage.words(LINE)}
    return texts | more | {"training_day": day(stage, 14), "ends": day(stage, 60)}


async def step(stage: Stage, who: Person, name: str, value: str, **answers: str) -> Answer | None:
    opened = await stage.act(who, f"improvement.{name}", value)
    return await stage.fill(who, opened.form, answers=answers) if isinstance(opened, OpenForm) else opened


async def looked(stage: Stage, folk: People) -> None:
    """With nothing there yet."""
    ana, max, cy = folk["ana"], folk["max"], folk["cy"]
    for who in (ana, max, cy):
        await stage.command(who, "growth", "improvement")
        await stage.act(who, "improvement.mine")
    for who in (max, cy):
        await stage.command(who, "growth", "improvement", mentions=(ana,))
    for name in (*STEPS, "form", "show", "move", "given"):
        await stage.act(cy, f"improvement.{name}", "nothing")


async def written(stage: Stage, folk: People) -> None:
    max = folk["max"]
    opened = await stage.act(max, "improvement.form")
    assert isinstance(opened, OpenForm)
    form: Form = opened.form
    await stage.fill(max, form)
    long = dict.fromkeys((*FINDINGS, *TEXTS, "support", "training"), "x" * (TEXT + 1))
    await stage.fill(max, form, answers=long | {"whom": "cy", "ends": day(stage, 5), "support_day": day(stage, 90)})
    await stage.fill(max, form, answers=words(stage) | {"whom": "ana", "goal": "x"})
    assert await stage.fill(max, form, answers=words(stage) | {"whom": "ana"}) is None
    await stage.fill(max, form, answers=words(stage) | {"whom": "ana"})


async def plan(stage: Stage) -> str:
    return str((await rows(stage.store, ImprovementRow, person="ana"))[-1].id)


async def read(stage: Stage, folk: People) -> None:
    ana, max, id = folk["ana"], folk["max"], await plan(stage)
    await stage.due(ana, WAITING, f"{id}|1")
    await stage.command(ana, "kadens", "home")
    form = await stage.tap(ana, "improvement.change")
    await stage.fill(ana, form, answers={})
    new = {name: stage.words(limit) for name, limit in TEXTS.items()}
    assert await stage.fill(ana, form, answers=new | {"ends": day(stage, 70), "why": stage.words(LINE)}) is None
    assert await step(stage, max, "promise", id, kind="training", promise=stage.words(LINE), day=day(stage, 9)) is None
    form = await stage.tap(ana, "improvement.read")
    await stage.fill(ana, form, answers={"view": "x" * (TEXT + 1)})
    assert await stage.fill(ana, form, answers={"view": stage.words(TEXT)}) is None


async def changed(stage: Stage, folk: People) -> None:
    ana, max, id = folk["ana"], folk["max"], await plan(stage)
    promise = (await rows(stage.store, ImprovementPromiseRow, plan=id, kind="support"))[0].id
    new = {name: stage.words(limit) for name, limit in {**TEXTS, **FINDINGS}.items()} | {"ends": day(stage, 80)}
    assert await step(stage, max, "change", id, **new, why=stage.words(LINE)) is None
    await step(stage, max, "conclude", id)
    await stage.command(max, "growth", "improvement", mentions=(ana,))
    form = await stage.tap(ana, "improvement.decline")
    await stage.fill(ana, form, answers={"decline": ""})
    assert await stage.fill(ana, form, answers={"decline": stage.words(TEXT)}) is None
    await stage.act(max, "improvement.show", id)
    form = await stage.tap(max, "improvement.move", promise)
    await stage.fill(max, form, answers={"day": "?", "why": ""})
    assert await stage.fill(max, form, answers={"day": day(stage, 20), "why": stage.words(LINE)}) is None
    await stage.act(ana, "improvement.show", id)
    assert await step(stage, ana, "read", id) is None
    more = {"kind": "support", "promise": stage.words(LINE), "day": day(stage, 30)}
    await step(stage, max, "promise", id)
    await step(stage, ana, "promise", id)
    assert await step(stage, max, "promise", id, **more) is None
    await stage.due(ana, WAITING, f"{id}|9")
    [row] = await rows(stage.store, ImprovementRow, id=id)
    await stage.due(ana, WAITING, f"{id}|{row.round}", 1)


async def given(stage: Stage, folk: People) -> None:
    ana, max, id = folk["ana"], folk["max"], await plan(stage)
    for promise in await rows(stage.store, ImprovementPromiseRow, plan=id, state="open"):
        await stage.due(max, PROMISED, promise.id)
        await stage.tap(max, "improvement.given", promise.id)
        await stage.act(max, "improvement.given", promise.id)
    for who in (ana, max):
        await stage.due(who, CHECK, id)
    for standing in ("forward", "same", "back"):
        form = await stage.tap(ana, "improvement.check")
        await stage.fill(ana, form, answers={"check": ""})
        assert await stage.fill(ana, form, answers={"standing": standing, "check": stage.words(TEXT)}) is None
    for who in (ana, max):
        form = await stage.tap(who, "improvement.view")
        assert await stage.fill(who, form, answers={"view": stage.words(TEXT)}) is None
    async with stage.store.transaction() as session:
        await store.Changed("cy", {"role": "hr"}).save(session)
    for who in (max, folk["cy"]):
        await stage.act(who, "improvement.show", id)
        await stage.tap(who, "improvement.show", f"{id}|1")
        await stage.command(who, "growth", "improvement")
    await stage.act(folk["cy"], "improvement.view", id)
    async with stage.store.transaction() as session:
        await store.Changed("cy", {"role": ""}).save(session)


async def concluded(stage: Stage, folk: People) -> None:
    ana, max, id = folk["ana"], folk["max"], await plan(stage)
    form = await stage.tap(max, "improvement.conclude")
    for outcome in ("", "not_reached"):
        await stage.fill(max, form, answers={"outcome": outcome, "reason": ""})
    [row] = await rows(stage.store, ImprovementRow, id=id)
    stage.now += row.ends - stage.now.date()
    await stage.due(max, CHECK, id, 2)
    stage.later(days=1)
    await stage.due(max, CHECK, id, 3)
    assert await step(stage, max, "conclude", id, outcome="not_reached", reason=stage.words(TEXT)) is None
    await stage.act(max, "improvement.show", id)
    assert await step(stage, ana, "read", id) is None
    await stage.command(ana, "growth", "improvement")
    await stage.act(ana, "improvement.show", id)


async def anew(stage: Stage, folk: People) -> str:
    assert await step(stage, folk["max"], "form", "ana", **words(stage), whom="ana") is None
    return next(str(row.id) for row in await rows(stage.store, ImprovementRow) if row.state == "proposed")


async def lapsed(stage: Stage, folk: People) -> None:
    """Nobody acts: not before it begins, not before it is over, and not when it is."""
    ana, max = folk["ana"], folk["max"]
    id = await anew(stage, folk)
    await stage.due(ana, WAITING, f"{id}|1", 1)
    id = await anew(stage, folk)
    await step(stage, ana, "read", id)
    late = await step(stage, max, "conclude", id, outcome="not_reached", reason="Lorem")
    assert late is not None
    stage.later(days=61)
    await step(stage, max, "conclude", id, outcome="not_reached", reason="Lorem")  # what was promised is missing
    assert await step(stage, max, "conclude", id, outcome="partly", reason=stage.words(TEXT)) is None
    await stage.due(ana, WAITING, f"{id}|2", 1)
    id = await anew(stage, folk)
    await step(stage, ana, "read", id)
    stage.later(days=100)
    await stage.due(ana, CHECK, id)


async def handed_over(stage: Stage, folk: People) -> None:
    ana, max, cy = folk["ana"], folk["max"], folk["cy"]
    for begun in (False, True):
        id = await anew(stage, folk)
        if begun:
            await step(stage, ana, "read", id)
        async with stage.store.transaction() as session:
            await store.Changed("ana", {"manager": "cy"}).save(session)
        await stage.due(ana, CHECK, id)
        await stage.act(max, "improvement.show", id)
        if begun:
            assert await step(stage, cy, "read", id) is None
            async with stage.store.transaction() as session:
                await store.Changed("cy", {"gone": True}).save(session)
            await stage.due(ana, CHECK, id, 1)
            async with stage.store.transaction() as session:
                await store.Changed("cy", {"gone": False}).save(session)
            assert await step(stage, cy, "withdraw", id, withdraw=stage.words(TEXT)) is None
        async with stage.store.transaction() as session:
            await store.Changed("ana", {"manager": "max"}).save(session)


async def withdrawn(stage: Stage, folk: People) -> None:
    max, id = folk["max"], await anew(stage, folk)
    form = await stage.tap(max, "improvement.withdraw", id)
    await stage.fill(max, form, answers={"withdraw": ""})
    assert await stage.fill(max, form, answers={"withdraw": stage.words(TEXT)}) is None
    await stage.act(max, "improvement.show", id)


async def team(stage: Stage, folk: People) -> None:
    ana, ben, max = folk["ana"], folk["ben"], folk["max"]
    for who in (ben, max):
        await stage.command(who, "growth", "team")
        await stage.act(who, "teamplan.show")
        await stage.act(who, "teamplan.show", "nothing")
    for name in ("form", "look", "measure", "change", "stop"):
        await stage.act(folk["gus"], f"teamplan.{name}", "nothing")
    form = await stage.tap(max, "teamplan.form")
    await stage.fill(max, form, answers={"figures": "?", "way": "x" * 999})
    texts = {name: stage.words(LONG) for name in ("compared", "steps", "learns")}
    good = texts | {"way": stage.words(200), "figures": "9 → 3 zz", "ends": day(stage, 40)}
    assert await stage.fill(max, form, answers=good) is None
    await stage.submit(ben, "teamplan.form", answers=good)
    [row] = await rows(stage.store, TeamPlanRow)
    await stage.act(ana, "teamplan.show", row.id)
    form = await stage.tap(ana, "teamplan.look", row.id)
    await stage.fill(ana, form, answers={"value": "?", "look": ""})
    for number in range(6):
        await stage.fill(ana, form, answers={"value": "5" if number % 2 else "", "look": stage.words(LONG)})
    await stage.act(max, "teamplan.show", row.id)
    await stage.tap(max, "teamplan.show", f"{row.id}|1")
    await stage.due(max, RHYTHM, row.id)
    form = await stage.tap(max, "teamplan.change", row.id)
    await stage.fill(max, form)
    await stage.fill(max, form, answers=texts | {"ends": day(stage, 40), "why": "Lorem"})
    new = {name: stage.words(LONG) for name in texts} | {"ends": day(stage, 50), "why": stage.words(200)}
    assert await stage.fill(max, form, answers=new) is None
    stage.later(days=50)
    await stage.due(max, RHYTHM, row.id, 1)
    form = await stage.tap(max, "teamplan.measure", row.id)
    await stage.fill(max, form, answers={"value": "?"})
    assert await stage.fill(max, form, answers={"value": "3", "measure": stage.words(LONG)}) is None
    for end in ("stop", "handed", "due"):
        form = await opened(stage, max)
        assert await stage.fill(max, form, answers=good | {"ends": day(stage, 40)}) is None
        id = next(row.id for row in await rows(stage.store, TeamPlanRow) if row.state == "running")
        if end == "stop":
            form = await stage.tap(max, "teamplan.stop", id)
            await stage.fill(max, form)
            assert await stage.fill(max, form, answers={"stop": stage.words(LONG)}) is None
        elif end == "handed":
            await led_by(stage, "cy")
            await stage.due(ana, RHYTHM, id)
            form = await stage.tap(folk["cy"], "teamplan.stop", id)
            assert await stage.fill(folk["cy"], form, answers={"stop": "Lorem"}) is None
            await led_by(stage, "max")
        else:
            stage.later(days=100)
            await stage.due(max, RHYTHM, id)
        await stage.act(max, "teamplan.show", id)


async def opened(stage: Stage, who: Person) -> Form:
    answer = await stage.act(who, "teamplan.form")
    assert isinstance(answer, OpenForm)
    return answer.form
