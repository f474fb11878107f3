"""What is played of homes and histories: all that stands in them, and every way to look."""

from datetime import timedelta

from bot.core.cards import mention
from bot.core.events import Opened
from bot.core.people import Person
from scheduler.homes import renew
from storage.dialogues import dialogues
from storage.engine import table
from storage.goals import GoalRow, GoalUpdateRow
from storage.grow import CommitmentRow
from storage.oneonone import AgendaRow
from storage.people import introduced
from tests.cards.gallery import Stage
from tests.conftest import HALL, SLACK

People = dict[str, Person]


async def homes(stage: Stage, folk: People) -> None:
    """Empty, full to the brim, and drawn anew by the clock."""
    for name in ("ana", "max", "gus"):
        who = folk[name]
        await stage.happens(who, Opened)
        for about in ("", "home"):
            await stage.command(who, "kadens", about)
        await stage.act(who, "home.show")
    await brim(stage, folk)
    for name in ("ana", "max"):
        await stage.happens(folk[name], Opened)
    await stage.command(folk["ben"], "kudos", stage.words(900), HALL, mentions=(folk["ana"],))
    await renew(stage.turns, stage.store, stage.now)
    await stage.deliver()


async def brim(stage: Stage, folk: People) -> None:
    """More of everything than a home shows: half of the goals have had no word for long."""
    async with stage.store.transaction() as session:
        known = await introduced(session, [folk["ana"], folk["max"]])
        ana, max = (known[SLACK, folk[name].account] for name in ("ana", "max"))
        for number in range(8):
            at = stage.now - timedelta(days=40 * (number % 2), minutes=number)
            goal = {
                "id": f"goal:brim{number}", "company": ana.company, "person": ana.id, "level": "personal", "at": at,
                "kind": ("measure", "milestone", "development")[number % 3], "title": stage.words(200),
                "target": 3.0 if number % 3 < 2 else None, "value": 1.0, "unit": "%", "visibility": "everyone",
                "state": "open" if number < 7 else "achieved", "word": stage.words(), "word_at": at, "set_by": ana.id,
                "confidence": ("", "at_risk", "off_track")[number % 3], "learned": stage.words(),
                "closed_at": None if number < 7 else at,
            }  # fmt: skip
            await session.run(table(GoalRow).insert().values(goal))
            word = {"id": f"update:brim{number}", "goal": goal["id"], "author": ana.id, "at": at, "value": 1234.5}
            await session.run(table(GoalUpdateRow).insert().values(**word, story=stage.words()))
            day = (stage.now + timedelta(days=number - 2)).date()
            commitment = {"id": f"brim{number}", "person": ana.id, "words": stage.words(500), "day": day, "at": at}
            await session.run(table(CommitmentRow).insert().values(**commitment, thread="", learned="", state="open"))
            point = {"id": f"point:brim{number}", "person": ana.id, "manager": max.id, "words": stage.words()}
            await session.run(table(AgendaRow).insert().values(**point, source=f"brim{number}", at=at))
            talk = {"id": f"talk:brim{number}", "person": ana.id, "dialogue": ("grow", "unheard of")[number % 2]}
            talk |= {"subject": "", "seeds": "{}", "given": "[]", "state": "paused", "began": at, "touched": at}
            await session.run(dialogues.insert().values(**talk, thread=""))


async def history(stage: Stage, folk: People) -> None:
    """Everything one can ask for: alone and among others, of oneself and of somebody else."""
    ana, ben, max = folk["ana"], folk["ben"], folk["max"]
    for feature in ("checkin", "kudos", "goal", "feedback", "grow", "review"):
        await stage.command(ana, feature, "history")
    for about in ("", "kudos", "2019", "2026-03-06", "q1", f"search {stage.words(60)}"):
        await stage.command(ana, "kadens", f"history {about}")
    await stage.command(ana, "kadens", "history", HALL)
    for action in ("history.show", "history.older", "history.newer"):
        for place in (None, HALL):
            await stage.act(ana, action, "?", place)
    await stage.command(ana, "kadens", "history")
    for action in ("history.older", "history.newer", "history.show"):
        await stage.tap(ana, action)
    form = await stage.tap(ana, "history.filter")
    for words in ("", stage.words(60)):
        answers = {"kind": "goals", "period": "2026-03", "words": words}
        await stage.fill(ana, form, answers=answers)
        await stage.tap(ana, "history.filter")
    for reader, owner in ((max, ana), (ana, max), (ana, ben), (folk["gus"], ana)):
        await stage.command(reader, "kadens", f"history {mention(owner)}", mentions=(owner,))
        for action in ("history.show", "history.filter"):
            await stage.act(reader, action)
    for kind in ("goals", "checkins", "kudos", "feedback"):
        await stage.command(max, "kadens", f"history {kind} {mention(ana)}", mentions=(ana,))
    form = await stage.tap(max, "history.filter")
    await stage.fill(max, form, answers={"kind": "goals", "period": "all"})
    await stage.deliver()
