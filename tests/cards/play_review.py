"""The talk about a quarter, played from both sides: prepared, had, written down, agreed, and taken along.

Before it, Ana and Ben have said that Max is their manager, and Ana has looked back.
"""

from bot.core.cards import Form
from bot.core.effects import OpenForm
from bot.core.people import Person
from handlers.preparing import questions as preparing
from storage import people as store
from storage.summaries import SummaryRow
from tests.cards.gallery import Stage
from tests.conftest import rows

People = dict[str, Person]
SCALE = [{"en": "Lorem", "sv": "Lorem", "nl": "Lorem"}] * 3


async def quarter(stage: Stage, folk: People) -> None:
    for scene in (prepared, written_down, agreed):
        await scene(stage, folk)
    await stage.deliver()


async def summary(stage: Stage, person: str) -> str:
    """The id of somebody's latest."""
    found = await rows(stage.store, SummaryRow, person=person)
    return str(max(found, key=lambda row: row.at).id)


async def prepared(stage: Stage, folk: People) -> None:
    ana, ben, cy, max = (folk[name] for name in ("ana", "ben", "cy", "max"))
    for who in (max, cy):
        await stage.command(who, "review", "team")
        await stage.act(who, "preparing.board")
        for named in (ana, ben):
            await stage.command(who, "review", mentions=(named,))
        for action in ("preparing.start", "preparing.ready"):
            await stage.act(cy, action, "ana")
    await stage.due(max, "review.team", stage.this("review"))
    await stage.due(max, "review", stage.this("review"))
    await stage.say(max, "stop")
    await stage.act(max, "preparing.start", "ana")
    await stage.act(max, "preparing.start", "ana")
    await stage.tap(max, "talk.resume", "preparing:")
    await stage.through(max, preparing, fuss=True)
    await stage.act(max, "preparing.start", "ana")
    form = await stage.tap(max, "talk.form", "preparing:")
    await stage.fill(max, form, answers={"did": "Lorem", "share": "person"})
    await stage.tap(ana, "shared.agenda", "preparing:")
    await stage.command(ana, "review")


async def form(stage: Stage, who: Person, id: str) -> Form:
    opened = await stage.act(who, "summary.form", f"{id}|0")
    assert isinstance(opened, OpenForm)
    return opened.form


async def written_down(stage: Stage, folk: People) -> None:
    ana, cy, max = folk["ana"], folk["cy"], folk["max"]
    id = await summary(stage, "ana")
    for who, rhythm, about in ((ana, "review.talk", id), (max, "review.team", stage.this("review"))):
        await stage.due(who, rhythm, about)
    await stage.tap(ana, "summary.agenda", id)
    await stage.tap(max, "summary.form", id)
    one_line = " ".join(stage.words(190).split())
    words = {"words": stage.words(3000), "goals": f"{one_line}\nLorem: 9 -> 4", "learning": one_line}
    wrong: list[dict[str, str]] = [
        {},
        dict.fromkeys(words, "x" * 3001),
        {"words": "Lorem", "goals": "\n".join("123456"), "learning": "x" * 201},
    ]
    first = await form(stage, ana, id)
    for number, answers in enumerate(wrong):
        await stage.fill(ana, first, answers=answers, id=f"wrong {number}")
    await stage.fill(ana, first, answers=words)
    await stage.fill(ana, first, answers=words)
    await stage.act(cy, "summary.show", id)
    await stage.fill(cy, first, answers=words, id="not theirs")
    await stage.due(max, "review.team", stage.this("review"), 1)
    await stage.command(max, "review", "team")
    await stage.fill(max, await stage.tap(max, "summary.form", id), answers=words | {"words": "Lorem"})
    await stage.act(ana, "summary.agree", f"{id}|1")
    await stage.due(ana, "review.talk", id, 1)


async def agreed(stage: Stage, folk: People) -> None:
    ana, cy, max = folk["ana"], folk["cy"], folk["max"]
    id = await summary(stage, "ana")
    remark = await stage.tap(ana, "summary.remark", id)
    for words in ("", "x" * 2001, stage.words(2000)):
        await stage.fill(ana, remark, answers={"words": words})
    await stage.fill(cy, remark, answers={"words": "Lorem"}, id="a stranger's remark")
    await stage.say(max, stage.words(), await stage.thread(max, "summary.remark", id))
    for who in (cy, ana):
        await stage.act(who, "summary.remark", "nothing")
        await stage.act(who, "summary.agenda", "nothing")
    await stage.tap(ana, "summary.agree", id)
    await stage.act(max, "summary.agree", f"{id}|2")
    for action in ("goals", "learning", "carry"):
        await stage.tap(ana, f"summary.{action}", id)
        await stage.act(max, f"summary.{action}", id)
    for who in (ana, max):
        await stage.act(who, "summary.show", id)
        await stage.act(who, "summary.form", f"{id}|2")
        await stage.command(who, "review", mentions=(ana,))
        await stage.command(who, "kadens", "privacy")
        await stage.command(who, "kadens", "home")
    await stage.fill(ana, stage.opened["summary.form", f"{id}|0"], answers={"words": "Lorem"}, id="too late")
    await stage.command(ana, "review")
    await stage.act(max, "preparing.start", "ana")
    await stage.command(ana, "review", "history")


async def rated(stage: Stage, folk: People) -> None:
    """Where the company has a scale; Ben let his look back pass until the quarter was over."""
    ben, max, plain = folk["ben"], folk["max"], stage.store.settings
    stage.store.settings = plain.model_validate(plain.model_dump(exclude={"rhythms"}) | {"review": {"scale": SCALE}})
    await stage.act(max, "preparing.ready", "ben")
    id = await summary(stage, "ben")
    shown = await form(stage, max, id)
    for number, answers in enumerate(({"words": "Lorem"}, {"words": "Lorem", "rating": "2"})):
        await stage.fill(max, shown, answers=answers, id=f"no reason {number}")
    await stage.fill(max, shown, answers={"words": "Lorem", "rating": "2", "reason": stage.words(1000)})
    stage.store.settings = plain
    await stage.act(ben, "summary.show", id)
    await stage.command(ben, "kadens", "home")


async def handed(stage: Stage, folk: People) -> None:
    """Max prepares, and meanwhile somebody else becomes the manager."""
    ben, cy, max = folk["ben"], folk["cy"], folk["max"]
    await stage.act(max, "preparing.start", "ben")
    async with stage.store.transaction() as session:
        await store.Changed("ben", {"manager": "cy"}).save(session)
    await stage.say(max, "Lorem")
    await stage.say(max, "stop")
    await stage.act(max, "summary.show", await summary(stage, "ben"))
    await stage.command(cy, "kadens", "home")
    async with stage.store.transaction() as session:
        await store.Changed("ben", {"manager": "max"}).save(session)
    await stage.act(ben, "summary.show", await summary(stage, "ben"))


async def next_quarter(stage: Stage, folk: People) -> None:
    """The talk about the one before goes on until the new one is begun."""
    ben = folk["ben"]
    for scene in (rated, handed):
        await scene(stage, folk)
    await stage.command(ben, "review")
    await stage.tap(ben, "review.start")
    await stage.say(ben, "stop")
    await stage.command(folk["max"], "review", "team")
