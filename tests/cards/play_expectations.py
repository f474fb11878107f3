"""Expectations, played: written, read, remarked on, changed, and looked at again.

Before it, Ana and Ben have said that Max is their manager.
"""

from bot.core.effects import OpenForm
from bot.core.expectations import UNREAD
from bot.core.people import Person
from storage import people as store
from storage.expectations import ExpectationRow
from tests.cards.gallery import Stage
from tests.conftest import HALL, rows

People = dict[str, Person]


async def expectations(stage: Stage, folk: People) -> None:
    for scene in (nothing_yet, written, changed, twice_a_year):
        await scene(stage, folk)
    await stage.deliver()


async def current(stage: Stage, who: str = "ana") -> str:
    """The id of what holds."""
    [row] = await rows(stage.store, ExpectationRow, person=who, replaced_at=None)
    return str(row.id)


async def nothing_yet(stage: Stage, folk: People) -> None:
    ana, cy, max = folk["ana"], folk["cy"], folk["max"]
    await stage.command(ana, "growth", "expectations", HALL)
    await stage.command(cy, "growth", "expectations", mentions=(ana,))
    await stage.command(cy, "growth", "expectations")
    await stage.act(max, "expectations.show", "ana")
    await stage.act(max, "expectations.earlier", "ana")
    for who, action in ((cy, "team"), (cy, "form"), (cy, "earlier"), (ana, "seen"), (ana, "remark")):
        await stage.act(who, f"expectations.{action}", "ana")
    await stage.due(max, "expectations", stage.this("expectations"))
    await stage.tap(max, "expectations.form", "ben")
    answer = await stage.command(max, "growth", "expectations", mentions=(ana,))
    assert isinstance(answer, OpenForm)
    await stage.fill(max, answer.form, answers={"words": "", "news": ""})
    await stage.fill(max, answer.form, answers={"words": "x" * 2001})
    await stage.command(max, "growth", f"expectations {stage.words(500)}", mentions=(ana,), opens=False, id="expected")
    await stage.fill(max, answer.form, answers={"words": stage.words(2000)})


async def written(stage: Stage, folk: People) -> None:
    ana, ben, max = folk["ana"], folk["ben"], folk["max"]
    await stage.command(ana, "kadens", "home")
    await stage.tap(ana, "expectations.show")
    form = await stage.tap(ana, "expectations.remark")
    for remark in ("", "x" * 1001):
        await stage.fill(ana, form, answers={"remark": remark})
    await stage.due(ana, UNREAD, await current(stage))
    await stage.act(max, "expectations.show", "ana")
    await stage.tap(ana, "expectations.seen")
    await stage.act(ana, "expectations.seen", await current(stage))
    await stage.fill(ana, form, answers={"remark": stage.words(1000)})
    await stage.fill(ana, form, answers={"remark": "Lorem"})
    await stage.act(ana, "expectations.remark", await current(stage))
    await stage.act(max, "expectations.show", "ana")
    await stage.command(ana, "growth", "expectations")
    form = await stage.tap(max, "expectations.form", "ana")
    await stage.act(ben, "expectations.right", await current(stage))
    await stage.tap(max, "expectations.right")
    await stage.fill(max, form, answers={"words": stage.words(2000), "news": "x" * 301})


async def changed(stage: Stage, folk: People) -> None:
    ana, max = folk["ana"], folk["max"]
    before = await current(stage)
    form = await stage.tap(max, "expectations.form", "ana")
    await stage.fill(max, form, answers={"words": stage.words(2000), "news": stage.words(300)})
    await stage.fill(max, form, answers={"words": "Lorem"})
    old = await stage.tap(ana, "expectations.remark", await current(stage))
    for action in ("seen", "remark"):
        await stage.act(ana, f"expectations.{action}", before)
    await stage.command(ana, "growth", "expectations")
    await stage.tap(ana, "expectations.earlier")
    await stage.act(max, "expectations.show", "ana")
    await stage.tap(max, "expectations.earlier", "ana")
    await stage.act(max, "expectations.right", before)
    form = await stage.tap(max, "expectations.form", "ana")
    await stage.fill(max, form, answers={"words": "Ipsum"})
    await stage.fill(ana, old, answers={"remark": "Lorem"})
    async with stage.store.transaction() as session:
        await store.Changed("ana", {"manager": None}).save(session)
    await stage.act(ana, "expectations.seen", await current(stage))
    async with stage.store.transaction() as session:
        await store.Changed("ana", {"manager": "max"}).save(session)


async def twice_a_year(stage: Stage, folk: People) -> None:
    max, this = folk["max"], stage.this("expectations")
    await stage.due(max, "expectations.again", this)
    await stage.due(max, "expectations", this, 1)
    for name in ("cy", "gus"):
        async with stage.store.transaction() as session:
            await store.Changed(name, {"manager": "max"}).save(session)
    await stage.due(max, "expectations", this, 2)
    await stage.tap(max, "expectations.team")
    for name in ("cy", "gus"):
        async with stage.store.transaction() as session:
            await store.Changed(name, {"manager": None}).save(session)
