"""The coaching manager, played: what they see of their own rhythm, every stage and habit, and all tips."""

from datetime import timedelta

from bot.core.coach import LISTENING, STAGES, tips
from bot.core.people import Person
from handlers.grow import questions as grow
from storage.coach import Told
from storage.meetings import meetings
from storage.nudges import nudges
from storage.people import introduced
from tests.cards.gallery import Stage

People = dict[str, Person]


async def coach(stage: Stage, folk: People) -> None:
    ana, ben, cy, max = (folk[name] for name in ("ana", "ben", "cy", "max"))
    for text in ("", "help", stage.words(), *STAGES, LISTENING):
        for who in (max, cy):
            await stage.command(who, "grow", f"coach {text}")
    for stage_ in (*STAGES, LISTENING):
        for page in range(4):
            await stage.act(max, "coach.stage", f"{stage_}|{page}")
    await stage.act(max, "coach.stage", "?")
    await stage.act(max, "coach.show")
    for one, other in ((ana, max), (max, ben)):
        await held(stage, one, other)
        await stage.act(max, "coach.show")
    await beside(stage, ana, max)
    await mondays(stage, max)


async def held(stage: Stage, one: Person, other: Person) -> None:
    at = stage.now - timedelta(days=2)
    async with stage.store.transaction() as session:
        known = await introduced(session, (one, other))
        first, second = (known[each.workspace, each.account].id for each in (one, other))
        row = {"id": f"coach:{first}:{second}", "pair": "coach", "one": first, "other": second, "day": at.date()}
        await session.run(meetings.insert().values(**row, at=at, state="held"))


async def beside(stage: Stage, ana: Person, max: Person) -> None:
    """In somebody's talk, at each of its stages."""
    await stage.command(max, "grow", stage.words(200), mentions=(ana,))
    await stage.tap(ana, "grow.accept")
    for _ in range(5):
        await stage.act(max, "coach.show")
        progress = await stage.floor(ana)
        assert progress
        question = grow.next(progress)
        assert question
        await stage.answer(ana, progress, question, {})
        await stage.tap(max, "coach.stage")
    await stage.say(ana, "stop")


async def mondays(stage: Stage, max: Person) -> None:
    for n, tip in enumerate(tips()):
        await stage.due(max, "tips", f"2030-W{n + 1:02}")
        async with stage.store.transaction() as session:
            await Told("max", tip, stage.now).save(session)
    mine = (nudges.c.person == "max") & (nudges.c.rhythm == "checkin") & (nudges.c.period == stage.this("checkin"))
    async with stage.store.transaction() as session:
        await session.run(nudges.delete().where(mine))
        row = {"person": "max", "rhythm": "checkin", "period": stage.this("checkin"), "step": 0, "due_at": stage.now}
        await session.run(nudges.insert().values(**row, state="said", tries=0))
    await stage.due(max, "tips.again", "2031-W01")
