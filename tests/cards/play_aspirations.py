"""Aspirations, played: said, shown, linked, reached and let go, by Ana, whose manager is Max."""

from bot.core.aspirations import MOST
from bot.core.people import Person
from storage.aspirations import AspirationRow
from tests.cards.gallery import Stage
from tests.conftest import HALL, rows

People = dict[str, Person]


async def aspirations(stage: Stage, folk: People) -> None:
    for scene in (nothing_yet, said, shown, linked, ended):
        await scene(stage, folk)
    await stage.deliver()


async def last(stage: Stage) -> str:
    """The id of what Ana said last."""
    found = await rows(stage.store, AspirationRow, person="ana")
    return str(max(found, key=lambda row: row.at).id)


async def nothing_yet(stage: Stage, folk: People) -> None:
    ana, gil, boss = folk["ana"], folk["gil"], folk["max"]
    await stage.due(ana, "aspirations", stage.this("aspirations"))
    await stage.due(ana, "aspirations", stage.this("aspirations"), 1)
    await stage.command(ana, "growth", "aspirations", HALL)
    await stage.command(boss, "growth", "aspirations", mentions=(ana,))
    await stage.act(boss, "aspirations.show", "nobody")
    for action in ("look", "form", "share", "move", "link", "agenda"):
        await stage.act(ana, f"aspirations.{action}", "nothing|me")
    form = await stage.tap(ana, "aspirations.form")
    for words in ("", "x" * 1001):
        await stage.fill(ana, form, answers={"words": words, "share": "me"})
    await stage.command(ana, "growth", f"aspirations {'x' * 1001}")
    await stage.act(gil, "aspirations.form")


async def said(stage: Stage, folk: People) -> None:
    ana = folk["ana"]
    await stage.command(ana, "growth", f"aspirations {stage.words(1000)}")
    form = await stage.tap(ana, "aspirations.form", await last(stage))
    await stage.fill(ana, form, answers={"words": stage.words(1000), "share": "me"})
    await stage.act(ana, "aspirations.show")
    await stage.tap(ana, "aspirations.look", await last(stage))
    await stage.due(ana, "aspirations", stage.this("aspirations"))
    await stage.tap(ana, "aspirations.still")
    await stage.due(ana, "aspirations.again", stage.this("aspirations"))


async def shown(stage: Stage, folk: People) -> None:
    ana, boss, id = folk["ana"], folk["max"], await last(stage)
    await stage.act(ana, "aspirations.look", id)
    await stage.tap(ana, "aspirations.share", "manager")
    await stage.act(ana, "aspirations.share", f"{id}|manager")
    await stage.tap(boss, "aspirations.show", "ana")
    await stage.act(boss, "aspirations.look", id)
    await stage.tap(boss, "aspirations.agenda", id)
    await stage.fill(ana, await stage.tap(ana, "aspirations.form", id),
                     answers={"words": stage.words(1000), "share": "manager"})  # fmt: skip
    await stage.act(boss, "aspirations.form", id)
    await stage.act(ana, "aspirations.show")
    await stage.tap(ana, "aspirations.share", "me")
    await stage.tap(ana, "aspirations.share", "manager")


async def linked(stage: Stage, folk: People) -> None:
    ana, boss, id = folk["ana"], folk["max"], await last(stage)
    await stage.tap(ana, "aspirations.link", id)
    answers = {"title": stage.words(200), "kind": "development", "visibility": "manager", "due": "2026-07-01"}
    await stage.fill(ana, await stage.tap(ana, "goals.form", id), answers=answers)
    plan = {"words": stage.words(400), "kind": "course", "day": "2026-07-01", "seen_by": "manager"}
    await stage.act(ana, "aspirations.look", id)
    await stage.fill(ana, await stage.tap(ana, "learning.form", id), answers=plan)
    form = await stage.tap(ana, "aspirations.link", id)
    assert form
    chosen = {field.id: field.options[0][0] for field in form.fields}  # type: ignore[union-attr]
    await stage.fill(ana, form, answers=chosen)
    await stage.act(boss, "aspirations.show", "ana")
    await stage.act(ana, "aspirations.show")


async def ended(stage: Stage, folk: People) -> None:
    ana, id = folk["ana"], await last(stage)
    form = await stage.tap(ana, "aspirations.link", id)
    words = await stage.tap(ana, "aspirations.form", id)
    await stage.act(ana, "aspirations.look", id)
    await stage.tap(ana, "aspirations.move", "reached")
    for each in (form, words):
        await stage.fill(ana, each, answers={"words": "Lorem", "share": "me"})
    await stage.act(ana, "aspirations.move", f"{id}|reached")
    await stage.tap(ana, "aspirations.move", "open")
    await stage.tap(ana, "aspirations.move", "let_go")
    for n in range(MOST):
        await stage.command(ana, "growth", f"aspirations Lorem {n}")
    await stage.act(ana, "aspirations.move", f"{id}|open")
    await stage.act(ana, "aspirations.show")
