"""One-to-ones, played: lists, notes and promises, a rhythm proposed, agreed and ended, and the talks in between.

Before it, Ana and Ben have said that Max is their manager.
"""

from bot.core.effects import OpenForm
from bot.core.events import Shortcut
from bot.core.oneonone import LIMIT
from bot.core.people import Person
from handlers.briefs import questions
from storage.absences import Absence
from storage.meetings import MeetingRow, OneOnOneRow
from storage.oneonone import AgendaRow, NoteRow
from storage.people import Changed
from tests.cards.gallery import Stage
from tests.conftest import HALL, rows

People = dict[str, Person]
THURSDAY = {"weekday": "3", "at": "13:30", "weeks": "1"}


async def oneonone(stage: Stage, folk: People) -> None:
    for scene in (lists, refused, proposed, talked, otherwise, ended):
        await scene(stage, folk)
    await stage.deliver()


async def lists(stage: Stage, folk: People) -> None:
    ana, max, cy = folk["ana"], folk["max"], folk["cy"]
    await stage.command(cy, "oneonone")
    await stage.happens(cy, Shortcut, HALL, name="oneonone", author=ana, text=stage.words(), message="9.5")
    for text in ("help", "", stage.words(LIMIT), "x" * (LIMIT + 1)):
        await stage.command(ana, "oneonone", text)
    await stage.command(ana, "oneonone", "", mentions=(cy,))
    await stage.command(max, "oneonone", stage.words(LIMIT), opens=False, id="no point form")
    await stage.tap(max, "oneonone.point", id="the point form after all")
    form = await stage.tap(max, "oneonone.point")
    await stage.fill(max, form, answers={"who": "nobody", "words": ""})
    await stage.happens(ana, Shortcut, HALL, name="oneonone", author=max, text=stage.words(), message="9.6")
    for n in range(9):
        await stage.command(ana, "oneonone", f"Lorem {n}", mentions=(max,))
    await stage.command(ana, "oneonone", "", mentions=(max,))
    form = await stage.tap(ana, "oneonone.point")
    await stage.fill(ana, form, answers={"words": stage.words(LIMIT)})
    await stage.fill(ana, form, answers={"words": ""})
    form = await stage.tap(ana, "oneonone.note")
    await stage.fill(ana, form, answers={"words": "x" * (LIMIT + 1)})
    for _ in range(2):
        await stage.fill(ana, form, answers={"words": stage.words(LIMIT)})
    await stage.command(ana, "oneonone", "", mentions=(max,))
    await stage.tap(ana, "oneonone.forget")
    await stage.tap(ana, "oneonone.talked")
    await stage.act(ana, "oneonone.show")
    await stage.tap(ana, "oneonone.show")


async def refused(stage: Stage, folk: People) -> None:
    """What is not theirs, or not there."""
    cy = folk["cy"]
    note, point = (await rows(stage.store, NoteRow))[0], (await rows(stage.store, AgendaRow))[0]
    for action, id in (("talked", point.id), ("forget", note.id), ("done", "nothing"), ("drop", "nothing")):
        await stage.act(cy, f"oneonone.{action}", id)
    for action in ("oneonone.point", "oneonone.note", "meetings.move", "meetings.cancel", "meetings.end"):
        await stage.act(cy, action, "nobody")
    for action in ("meetings.propose", "meetings.agree", "meetings.decline"):
        await stage.act(cy, action, "nobody|nothing")


async def propose(stage: Stage, one: Person, other: Person, **answers: str) -> None:
    form = await stage.command(one, "oneonone", "rhythm", mentions=(other,))
    assert isinstance(form, OpenForm)
    await stage.fill(one, form.form, people={"who": (other,)}, answers=THURSDAY | answers)
    await stage.tap(one, "meetings.propose")
    await stage.deliver()


async def proposed(stage: Stage, folk: People) -> None:
    ana, max, cy = folk["ana"], folk["max"], folk["cy"]
    await stage.command(ana, "oneonone", "rhythm", opens=False, id="no rhythm form")
    form = await stage.tap(ana, "meetings.rhythm", id="the rhythm form after all")
    for answers in ({"at": "noon"}, THURSDAY | {"at": "23:00"}):
        for whom in ((), (ana,), (folk["robo"],), (max,)):
            await stage.fill(ana, form, people={"who": whom}, answers=answers)
    async with stage.store.transaction() as session:
        await Changed("cy", {"zone": "Asia/Tokyo", "calendar": "Asia/Tokyo||56|18:00|23:00"}).save(session)
    await stage.fill(ana, form, people={"who": (cy,)}, answers=THURSDAY)
    async with stage.store.transaction() as session:
        await Changed("cy", {"calendar": "Asia/Tokyo||01234|18:00|23:00"}).save(session)
    await propose(stage, ana, cy)
    for who in (ana, cy):
        await stage.command(who, "oneonone")
    await stage.tap(cy, "meetings.decline")
    async with stage.store.transaction() as session:
        await Changed("cy", {"zone": "UTC", "calendar": stage.store.settings.people.calendar().key}).save(session)
    await stage.act(cy, "meetings.decline", (await rows(stage.store, OneOnOneRow))[0].id)
    for weeks in ("4", "2"):
        await propose(stage, ana, max, weeks=weeks)
        await stage.command(max, "oneonone", "", mentions=(ana,))
        await stage.tap(max, "meetings.rhythm")
    await propose(stage, max, ana)
    await stage.tap(ana, "meetings.agree")
    await stage.deliver()
    await stage.command(ana, "oneonone")
    await stage.command(ana, "kadens privacy")
    await stage.command(ana, "oneonone", "", mentions=(max,))


async def meeting(stage: Stage) -> MeetingRow:
    """The next one."""
    return (await rows(stage.store, MeetingRow, state="planned"))[-1]  # type: ignore[no-any-return]


async def talked(stage: Stage, folk: People) -> None:
    """Two talks: of the first both tell that it was, of the second one that it was not."""
    ana, max = folk["ana"], folk["max"]
    first = await meeting(stage)
    for who in (ana, max):
        await stage.due(who, "oneonone", first.id)
    await asked(stage, first, (ana, max))
    for who in (ana, max):
        id = await stage.through(who, questions, fuss=True, mine="Lorem ipsum\n- dolor", theirs="sit amet")
    form = await stage.tap(max, "talk.form", id)
    await stage.fill(max, form, answers={"happened": "held", "covered": "rest", "mine": "consectetur", "theirs": ""})
    await stage.tap(ana, "oneonone.show")
    await stage.tap(ana, "oneonone.done")
    form = await stage.tap(ana, "oneonone.drop")
    for word in ("", "x" * 301, stage.words(300), stage.words(300)):
        await stage.fill(ana, form, answers={"word": word})
    second = await meeting(stage)
    await asked(stage, second, (ana,))
    await stage.through(ana, questions, happened="missed")


async def asked(stage: Stage, one: MeetingRow, people: tuple[Person, ...]) -> None:
    stage.now = one.at
    stage.later(hours=2)
    for who in people:
        await stage.due(who, "oneonone.after", one.id)


async def otherwise(stage: Stage, folk: People) -> None:
    """Moved, left out, and with one of them away."""
    ana, max, next = folk["ana"], folk["max"], await meeting(stage)
    await stage.command(max, "oneonone", "", mentions=(ana,))
    form = await stage.tap(max, "meetings.move")
    far = {"day": "2099-01-01", "at": "10:00"}
    for answers in ({"day": "2020-01-01", "at": "10:00"}, {"day": "2026-05-05", "at": "noon"}, far):
        await stage.fill(max, form, answers=answers)
    day = next.at.date().isoformat()
    await stage.fill(max, form, answers={"day": day, "at": "15:45"})
    await stage.fill(folk["cy"], form, answers={"day": day, "at": "15:00"})
    await stage.command(max, "oneonone", "", mentions=(ana,))
    await stage.tap(max, "meetings.cancel")
    third = await meeting(stage)
    async with stage.store.transaction() as session:
        await Absence("away for a talk", "max", "*", third.day, third.day).save(session)
    stage.now = third.at
    await stage.due(ana, "oneonone", third.id)


async def ended(stage: Stage, folk: People) -> None:
    """By one of them, and because one of them left."""
    ana, ben, max = folk["ana"], folk["ben"], folk["max"]
    await stage.command(ana, "oneonone", "", mentions=(max,))
    await stage.tap(ana, "meetings.end")
    await stage.act(ana, "meetings.end", (await rows(stage.store, OneOnOneRow, state="ended"))[-1].id)
    await propose(stage, ana, ben)
    await stage.tap(ben, "meetings.agree")
    last = await meeting(stage)
    async with stage.store.transaction() as session:
        await Changed("ben", {"gone": True}).save(session)
    await stage.due(ana, "oneonone", last.id)
    async with stage.store.transaction() as session:
        await Changed("ben", {"gone": False}).save(session)
