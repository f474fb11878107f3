"""Privacy, one's own data, the recognition record and being erased, played.

Three come for it: Eli, who is erased twice, Flo, who has Eli as a manager, and Hal of HR.
"""

from datetime import date

from sqlalchemy import update

from bot.core.effects import OpenForm
from bot.core.people import Person, stranger
from handlers.checkin import questions as checkin
from handlers.grow import questions as grow
from storage import people as store
from tests.cards.gallery import Stage
from tests.conftest import HALL, SLACK, person

People = dict[str, Person]


async def privacy(stage: Stage, folk: People) -> None:
    folk = folk | {name: await joined(stage, name) for name in ("eli", "flo", "hal")}
    async with stage.store.transaction() as session:
        await store.Changed("eli", {"manager": "max", "team": stage.tongue.name("Care")}).save(session)
        await store.Changed("flo", {"manager": "eli"}).save(session)
        await store.Changed("hal", {"role": "hr"}).save(session)
    for scene in (who_sees_what, my_data, recognition, erased, erased_by_the_company):
        await scene(stage, folk)
    await stage.deliver()


async def joined(stage: Stage, name: str) -> Person:
    made = await person(stage.store, name.title(), lang=stage.gallery.lang)
    full = stage.tongue.name(name.title())
    async with stage.store.transaction() as session:
        await session.run(update(store.people).where(store.people.c.id == made.id).values(name=full))
    stage.gallery.accounts |= {made.account}
    return stranger(SLACK, made.account, full, lang=stage.gallery.lang)


async def who_sees_what(stage: Stage, folk: People) -> None:
    eli, max, cy = folk["eli"], folk["max"], folk["cy"]
    for place in (None, HALL):
        await stage.command(eli, "kadens", "privacy", place)
    await stage.act(eli, "checkin.start")
    await stage.through(eli, checkin, share="manager")
    for topic in ("", stage.words(180)):
        await stage.command(eli, "grow", topic)
        await stage.through(eli, grow, sure="9", share="manager")
    await stage.command(eli, "kadens", "manager", mentions=(cy,))
    await stage.act(eli, "privacy.show")
    await stage.tap(cy, "people.confirm", "eli")
    await stage.command(eli, "kadens", "privacy")
    await stage.tap(eli, "talk.form")
    await stage.tap(eli, "privacy.withdraw", "checkin")
    for who in (eli, max):
        await stage.act(who, "privacy.withdraw", "checkin:?")
    await stage.command(max, "kadens", "privacy")


async def my_data(stage: Stage, folk: People) -> None:
    await stage.command(folk["eli"], "kadens", "my-data", HALL)
    await stage.tap(folk["eli"], "export.data")


async def recognition(stage: Stage, folk: People) -> None:
    eli, flo, hal, gus = (folk[name] for name in ("eli", "flo", "hal", "gus"))
    await stage.command(flo, "kudos", f"{stage.words(900)} #care", HALL, mentions=(eli, folk["cy"]))
    await stage.command(eli, "kudos", stage.words(900), HALL, mentions=(flo,))
    await stage.tap(gus, "kudos.join")
    await stage.react(eli, "heart", "8.7", HALL, author=flo)
    await stage.command(flo, "kadens", "record")
    await stage.submit(flo, "record.form", answers={})
    answer = await stage.command(hal, "kadens", "record", HALL)
    assert isinstance(answer, OpenForm)
    days = {"first": date(stage.now.year, 1, 1).isoformat(), "last": stage.now.date().isoformat()}
    for answers in ({}, {"first": "2001-01-01", "last": "2001-02-01"}, {**days, "team": "*"}):
        await stage.fill(hal, answer.form, answers=answers)
    await stage.command(eli, "kadens", "privacy")
    form = await stage.tap(eli, "record.form")
    await stage.fill(eli, form, answers=days)


async def erased(stage: Stage, folk: People) -> None:
    eli = folk["eli"]
    await stage.command(folk["gus"], "kadens", "erase")
    await stage.command(eli, "kadens", "erase", HALL)
    await stage.act(eli, "privacy.show")
    await stage.tap(eli, "erasure.ask")
    form = await stage.tap(eli, "erasure.form")
    await stage.fill(eli, form, answers={"word": "?"})
    await stage.fill(eli, form, answers={"word": "erase", "others": "keep"})
    for who in (folk["flo"], folk["cy"]):
        await stage.command(who, "kudos", "me")
        await stage.command(who, "kadens", "history")


async def erased_by_the_company(stage: Stage, folk: People) -> None:
    """By whoever looks after the server, once Eli was met again."""
    await stage.command(folk["eli"], "kudos", stage.words(), HALL, mentions=(folk["flo"],))
    await stage.due(folk["eli"], "erasure", "take")
