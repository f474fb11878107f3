"""What is played of goals: set in every way, made clearer, kept alive, changed, asked about, closed and celebrated."""

from bot.core.cards import Form
from bot.core.effects import OpenForm
from bot.core.events import Opened, Shortcut
from bot.core.people import Person
from bot.core.smart import questions as smart
from storage.goals import GoalRow
from tests.cards.gallery import Stage
from tests.conftest import HALL, rows

People = dict[str, Person]
RESULTS = {"en": "Lorem from 5 to 3 %", "sv": "Lorem från 5 till 3 %", "nl": "Lorem van 5 naar 3 %"}
MEASURE, KEY_RESULTS = "60 %", "Lorem: 5 → 3 %\nIpsum: 10 → 20"


async def goals(stage: Stage, folk: People) -> None:
    for scene in (by_words, by_form, with_a_report, on_the_way, adjusted, nothing_heard, ended, seen):
        await scene(stage, folk)


async def ids(stage: Stage, who: Person, **more: str) -> list[str]:
    """Of this person's goals, the latest first; key results are none."""
    person = who.account.removeprefix("U-")
    found = [row for row in await rows(stage.store, GoalRow, person=person, **more) if row.objective is None]
    return [row.id for row in sorted(found, key=lambda row: row.at, reverse=True)]


async def by_words(stage: Stage, folk: People) -> None:
    ana, cy = folk["ana"], folk["cy"]
    await stage.command(cy, "goal", "help", HALL)
    await stage.command(cy, "goal", "me", HALL)
    await stage.command(cy, "goal", "x" * 201, HALL)
    await stage.command(ana, "goal", stage.words(150))
    await stage.happens(ana, Opened)
    await stage.through(ana, smart, fuss=True, kind="milestone")
    for kind in ("measure", "objective"):
        await stage.command(ana, "goal", f"Lorem {kind}")
        progress = await stage.floor(ana)
        assert progress
        if not stage.gallery.wild:
            await stage.say(ana, "zzz")
        await stage.through(ana, smart, kind=kind, measure=MEASURE, results=KEY_RESULTS)
    await stage.command(cy, "goal", "Lorem")
    progress = await stage.floor(cy)
    assert progress
    form = await stage.tap(cy, "talk.form", progress.id)
    wrong = {"kind": "measure", "measure": "zzz", "results": "zzz\nyyy", "title": "x" * 201}
    await stage.fill(cy, form, answers=wrong)
    await stage.fill(
        cy,
        form,
        answers={
            "title": stage.words(200),
            "kind": "measure",
            "measure": MEASURE,
            "results": KEY_RESULTS,
            "day": "2026-05-01",
        },
    )
    await stage.act(cy, "talk.form", progress.id)
    await stage.act(cy, "goals.keep", progress.id)
    await stage.act(folk["ben"], "goals.keep", progress.id)
    await stage.command(cy, "goal", "Ipsum")
    await stage.say(cy, "keep it")


async def by_form(stage: Stage, folk: People) -> None:
    ana, max = folk["ana"], folk["max"]
    await stage.happens(ana, Shortcut, name="goal")
    answer = await stage.act(ana, "goals.form", "")
    assert isinstance(answer, OpenForm)
    form = answer.form
    wrong = {"title": "", "why": "x" * 1001, "measure": "zzz", "due": "?", "kind": "measure"}
    await stage.fill(ana, form, answers=wrong)
    wrong = {"title": "x" * 201, "kind": "milestone", "measure": "5 → 3 %", "parent": "?"}
    await stage.fill(ana, form, answers={**wrong, "for": "?"})
    many = "\n".join(f"Lorem {n}: 5 → 3 %" for n in range(7))
    for lines in ("zzz", many):
        await stage.fill(ana, form, answers={"title": "Lorem", "kind": "objective", "measure": lines})
    for kind in ("measure", "milestone", "development"):
        whole = {"title": stage.words(200), "why": stage.words(1000), "kind": kind, "due": "2026-06-30"}
        figures = {"measure": "40 → 60 %"} if kind == "measure" else {}
        await stage.fill(ana, form, answers={**whole, **figures, "visibility": "manager"})
    results = RESULTS[stage.gallery.lang]
    whole = {"title": stage.words(200), "why": "Lorem", "kind": "objective", "due": "2026-06-30", "measure": results}
    await stage.fill(ana, form, answers={**whole, "visibility": "everyone"})
    answer = await stage.act(max, "goals.form", "development|feedback:?")
    assert isinstance(answer, OpenForm)
    await stage.fill(max, answer.form, answers={"title": "Lorem", "for": "zoe"})


async def with_a_report(stage: Stage, folk: People) -> None:
    ana, ben, max = folk["ana"], folk["ben"], folk["max"]
    await stage.command(max, "goal", stage.words(150), mentions=(ben,))
    form = stage.opened["goals.form", ""]
    for _ in range(3):
        whole = {"title": stage.words(200), "kind": "milestone", "why": stage.words(1000), "for": "ben"}
        await stage.fill(max, form, answers=whole)
        await stage.deliver()
    first, second, third = await ids(stage, ben)
    await stage.act(max, "goals.show", first)
    await stage.tap(ben, "goals.decline", first)
    for action in ("goals.decline", "goals.accept"):
        await stage.act(ben, action, first)
    await stage.tap(ben, "goals.accept", second)
    await stage.say(ben, "keep it")
    change = await stage.tap(ben, "goals.adjust", third)
    await stage.fill(ben, change, answers={"title": ""})
    await stage.fill(ben, change, answers={"title": "Lorem", "visibility": "team"})
    await stage.act(ana, "goals.accept", third)


async def on_the_way(stage: Stage, folk: People) -> None:
    ana, ben, max = folk["ana"], folk["ben"], folk["max"]
    for id in await ids(stage, ana):
        stage.later(days=1)
        answer = await stage.act(ana, "goals.update", id)
        assert isinstance(answer, OpenForm)
        form = answer.form
        await stage.fill(ana, form, answers={"value": "zzz", "result.0": "zzz", "confidence": "off_track"})
        await stage.fill(ana, form, answers={"story": "x" * 1001, "confidence": "on_track"})
        said = {"value": "50", "result.0": "4", "result.1": "20", "done": "yes", "confidence": "at_risk"}
        await stage.fill(ana, form, answers={**said, "story": stage.words(1000)})
    [last, *_] = await ids(stage, ana, kind="measure")
    await stage.fill(ana, (await form_of(stage, ana, last)), answers={"value": "60", "confidence": "on_track",
                                                                      "story": "Lorem"})  # fmt: skip
    await stage.fill(max, await form_of(stage, max, last), answers={"story": stage.words(1000), "value": "55"})
    there = await stage.thread(ana, "goals.update", last)
    for text in ("57, Lorem", "Lorem 3", stage.words(1000), "60"):
        stage.later(minutes=1)
        await stage.say(ana, text, there)
    await stage.act(ben, "goals.update", last)
    await stage.submit(ben, "goals.update", last, answers={"story": "Lorem"})
    await stage.submit(ben, "goals.update", "goal:?", answers={"story": "Lorem"})


async def form_of(stage: Stage, who: Person, id: str, action: str = "goals.update") -> Form:
    answer = await stage.act(who, action, id)
    assert isinstance(answer, OpenForm)
    return answer.form


async def adjusted(stage: Stage, folk: People) -> None:
    ana = folk["ana"]
    for id in await ids(stage, ana):
        form = await form_of(stage, ana, id, "goals.adjust")
        await stage.fill(ana, form, answers={"title": "", "why": "x" * 1001, "target": "zzz", "due": "?",
                                             "result.0": "zzz"})  # fmt: skip
        [row] = await rows(stage.store, GoalRow, id=id)
        same = {"title": row.title, "why": row.why, "due": row.due.isoformat() if row.due else "", "reason": "x" * 1001}
        await stage.fill(ana, form, answers=same)
        await stage.fill(ana, form, answers=same | {"reason": "Lorem", "visibility": row.visibility, "target": "60 %"})
        new = {"title": stage.words(200), "why": stage.words(1000), "target": "80 %", "due": "2026-07-31"}
        new |= {"result.0": "Lorem: 5 → 2 %", "visibility": "everyone", "reason": stage.words(1000)}
        await stage.fill(ana, form, answers=new)
    await stage.act(folk["ben"], "goals.adjust", "goal:?")
    await stage.submit(folk["ben"], "goals.adjust", "goal:?", answers={"title": "Lorem"})


async def nothing_heard(stage: Stage, folk: People) -> None:
    ana, cy = folk["ana"], folk["cy"]
    for step in range(3):
        stage.later(days=22)
        for who in (ana, cy, folk["gus"]):
            await stage.due(who, "goals", "stale", step)
    await stage.tap(ana, "goals.still")
    await stage.act(cy, "goals.still", "goal:?")
    await stage.tap(ana, "goals.adjust")


async def ended(stage: Stage, folk: People) -> None:
    ana, ben = folk["ana"], folk["ben"]
    found = await ids(stage, ana, state="open")
    for n, id in enumerate(found[:4]):
        form = await form_of(stage, ana, id, "goals.close")
        await stage.fill(ana, form, answers={})
        await stage.fill(ana, form, answers={"outcome": "achieved", "learned": "x" * 1001})
        outcome = {"outcome": "achieved" if n else "closed", "learned": stage.words(1000)}
        await stage.fill(ana, form, answers=outcome)
        await stage.deliver()
    team, told, again, gone = found[1], found[2], found[3], found[0]
    await stage.tap(ana, "goals.celebrate", team)
    await stage.act(ana, "goals.celebrate", team)
    await stage.act(ana, "goals.celebrate", f"{told}|learned")
    await stage.tap(ana, "goals.reopen", again)
    await stage.act(ana, "goals.reopen", again)
    for action in ("goals.update", "goals.adjust", "goals.close", "goals.still", "goals.celebrate", "goals.reopen"):
        await stage.act(ana, action, gone)
        await stage.act(ben, action, "goal:?")
    for form_id in ("goals.close", "goals.update"):
        await stage.submit(ben, form_id, "goal:?", answers={})
    stage.later(days=8)
    await stage.act(ana, "goals.reopen", gone)
    before = stage.store.settings
    stage.store.settings = type(before).model_validate({"languages": {"default": stage.gallery.lang}})
    await stage.act(ana, "goals.celebrate", again)
    form = await form_of(stage, ana, again, "goals.close")
    await stage.fill(ana, form, answers={"outcome": "achieved", "nothing": "nothing"})
    await stage.act(ana, "goals.celebrate", again)
    stage.store.settings = before


async def seen(stage: Stage, folk: People) -> None:
    ana, ben, max = folk["ana"], folk["ben"], folk["max"]
    answer = await stage.act(max, "goals.form", "")
    assert isinstance(answer, OpenForm)
    for who, named in ((ana, ()), (ben, (ana,)), (max, (ana,)), (ana, (folk["robo"],))):
        await stage.command(who, "goal", "" if named else "me", HALL, mentions=named)
    for value in ("", "ana|", "|1", "?|", "ana|9"):
        await stage.act(ben, "goals.mine", value)
    for n in range(9):
        await stage.command(ben, "goal", f"Lorem ipsum dolor {n}")
        await stage.say(ben, "keep it")
    await stage.act(ben, "goals.mine")
    await stage.tap(ben, "goals.mine", "|1")
    for id in await ids(stage, ana):
        await stage.act(ana, "goals.show", id)
        await stage.act(max, "goals.show", id)
        await stage.act(ana, "goals.show", f"{id}|1")
    await stage.act(ben, "goals.show", "goal:?")
    await stage.happens(ana, Opened)
