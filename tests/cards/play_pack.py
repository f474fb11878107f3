"""The evidence pack and HR's round of reviews, played: everybody's way to them, and what comes of each press.

Before it, Ana has said that Max is her manager, and has goals, check-ins and kudos of this quarter.
"""

from datetime import timedelta

from sqlalchemy import update

from bot.core.calendar import bounds
from bot.core.people import Person, stranger
from storage import people as store
from storage.cycle import OVER, RHYTHM, CycleRow, cycles
from tests.cards.gallery import Stage
from tests.conftest import HALL, SLACK, person, rows

People = dict[str, Person]
TEAMS = ("Alfa", "Beta")


async def reviews(stage: Stage, folk: People) -> None:
    for scene in (packs, few, cycle):
        await scene(stage, folk)
    await stage.deliver()


async def packs(stage: Stage, folk: People) -> None:
    ana, max, cy = folk["ana"], folk["max"], folk["cy"]
    for place in (None, HALL):
        await stage.command(ana, "review", "pack", place)
        await stage.command(max, "review", "pack", place, mentions=(ana,))
    for text in ("pack help", "pack 1999"):
        await stage.command(ana, "review", text)
    await stage.command(cy, "review", "pack", HALL, mentions=(ana,))
    await stage.tap(cy, "pack.show")
    await stage.command(max, "review", "pack", mentions=(ana,))
    for action in ("pack.pdf", "pack.page"):
        await stage.tap(max, action)
    form = await stage.tap(max, "pack.form")
    for how in ("card", "pdf", "page"):
        await stage.fill(max, form, answers={"who": ana.account[2:], "span": "2026", "how": how})


async def few(stage: Stage, folk: People) -> None:
    """Of so few that nothing can be told of them."""
    eve = await person(stage.store, "Eve", workspace="slack:T7", lang=stage.gallery.lang, role="hr")
    until = bounds("quarter", stage.this("review"))[1].isoformat()
    await stage.command(eve, "review", "cycle")
    await stage.fill(eve, await stage.tap(eve, "cycle.form"), answers={"until": until})
    await stage.tap(eve, "cycle.show")


async def cycle(stage: Stage, folk: People) -> None:
    hugo = await person(stage.store, "Hugo", lang=stage.gallery.lang, role="hr")
    for n in range(12):
        await person(stage.store, f"Row{n}", lang=stage.gallery.lang, team=stage.tongue.name(TEAMS[n % 2]))
    async with stage.store.transaction() as session:
        full = stage.tongue.name("Hugo")
        await session.run(update(store.people).where(store.people.c.id == hugo.id).values(name=full))
    hugo = stranger(SLACK, hugo.account, full, lang=stage.gallery.lang)
    for text in ("cycle", "cycle help"):
        await stage.command(folk["ana"], "review", text, HALL)
    for action in ("cycle.form", "cycle.close"):
        await stage.act(folk["ana"], action)
    await stage.submit(folk["ana"], "cycle.form", answers={})
    await stage.command(hugo, "review", "cycle")
    form = await stage.tap(hugo, "cycle.form")
    until = bounds("quarter", stage.this("review"))[1].isoformat()
    for day in ("?", until):
        await stage.fill(hugo, form, answers={"until": day})
    await stage.fill(hugo, form, answers={"until": until})
    newcomer = await person(stage.store, "Nia", lang=stage.gallery.lang)
    await person(stage.store, "Oda", lang=stage.gallery.lang, manager=newcomer.id)
    for about in ("", "|last"):
        await stage.due(newcomer, RHYTHM, stage.this("review") + about)
    await stage.command(hugo, "review", "cycle")
    [one] = await rows(stage.store, CycleRow, company=SLACK)
    await stage.tap(hugo, "cycle.close", one.id)
    await stage.act(hugo, "cycle.close", one.id)
    await stage.act(hugo, "cycle.show", place=HALL)
    await stage.fill(hugo, await stage.tap(hugo, "cycle.form"), answers={"until": until})
    async with stage.store.transaction() as session:
        await session.run(update(cycles).values(until=stage.now.date() - timedelta(days=1)))
    await stage.due(hugo, OVER, stage.this("review"))
    await stage.act(hugo, "cycle.show")
