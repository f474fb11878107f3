"""Feedback and asking for it, played: every way in, every objection, everything that is said about it afterwards.

Before it, Ana and Ben have said that Max is their manager.
"""

from bot.core.cards import Form
from bot.core.effects import Answer, OpenForm
from bot.core.events import Shortcut
from bot.core.people import Person
from storage import people as store
from storage.feedback import FeedbackRow
from storage.places import keep_group
from storage.requests import FeedbackRequestRow
from tests.cards.gallery import Stage
from tests.conftest import HALL, SLACK, rows

People = dict[str, Person]


async def feedback(stage: Stage, folk: People) -> None:
    for scene in (begun, refused, received, asked, about_a_report, ended, looked_back):
        await scene(stage, folk)
    await stage.deliver()


async def send(stage: Stage, who: Person, form: Form | None, **answers: str) -> Answer | None:
    """As often as it comes back: for an example, or because the manager is another one."""
    assert form
    words = {name: stage.words(1000) for name in ("situation", "behaviour", "impact", "wish")}
    answer = await stage.fill(who, form, answers=words | answers, opens=True)
    while isinstance(answer, OpenForm):
        answer = await stage.fill(who, answer.form, answers=words | answers, opens=True)
    return answer


async def given(stage: Stage, who: Person, to: Person, seen_by: str = "receiver") -> str:
    """The id of what was given."""
    before = {row.id for row in await rows(stage.store, FeedbackRow)}
    answer = await stage.command(who, "feedback", mentions=(to,))
    assert isinstance(answer, OpenForm)
    assert await send(stage, who, answer.form, seen_by=seen_by) is None
    [id] = {row.id for row in await rows(stage.store, FeedbackRow)} - before
    return str(id)


async def begun(stage: Stage, folk: People) -> None:
    ana, ben = folk["ana"], folk["ben"]
    async with stage.store.transaction() as session:
        ways = {"takes_timing": "time", "takes_form": "person", "takes_detail": "headline"}
        await store.Changed("ana", ways).save(session)
    await stage.command(ben, "feedback", "help")
    await stage.command(ben, "feedback", "me")
    await stage.command(ben, "feedback", "", HALL)
    await stage.command(ben, "feedback", stage.words(1000))
    await stage.command(ben, "feedback", stage.words(), mentions=(ana,), opens=False, id="no feedback form")
    await stage.deliver()
    await stage.tap(ben, "feedback.write", id="the feedback form after all")
    for author in (ana, None):
        await stage.happens(ben, Shortcut, HALL, name="feedback", author=author, text=stage.words(), message="9.2")
    form = await stage.tap(ben, "feedback.form")
    picked = await stage.fill(ben, form, people={"to": (ana,)}, opens=True)
    assert isinstance(picked, OpenForm)
    await stage.fill(ben, form, people={"to": (ana,)}, answers={"situation": stage.words()}, id="no second step")
    await send(stage, ben, picked.form, seen_by="receiver")


async def refused(stage: Stage, folk: People) -> None:
    ana, ben = folk["ana"], folk["ben"]
    form = await stage.tap(ben, "feedback.form")
    for name in ("ben", "robo", "gil", "gus"):
        await stage.command(ben, "feedback", "", HALL, mentions=(folk[name],))
        await stage.fill(ben, form, people={"to": (folk[name],)})
    await stage.fill(ben, form, people={"to": ()})
    answer = await stage.command(ben, "feedback", mentions=(ana,))
    assert isinstance(answer, OpenForm)
    await stage.fill(ben, answer.form)
    long = dict.fromkeys(("situation", "behaviour", "impact", "wish"), "x" * 1001)
    await stage.fill(ben, answer.form, answers=long)
    async with stage.store.transaction() as session:
        await store.Changed("ana", {"manager": "cy"}).save(session)
    await stage.fill(ben, answer.form, answers={**dict.fromkeys(long, "Lorem"), "seen_by": "both"})
    await send(stage, ben, answer.form, seen_by="both")
    async with stage.store.transaction() as session:
        await store.Changed("ana", {"manager": "max"}).save(session)


async def received(stage: Stage, folk: People) -> None:
    ana, ben, max = folk["ana"], folk["ben"], folk["max"]
    id = await given(stage, ben, ana, "both")
    hers, his = await stage.thread(ana, "feedback.reply", id), await stage.thread(max, "feedback.thank", id)
    form = await stage.tap(ana, "feedback.reply", id)
    await stage.fill(ana, form, answers={"words": stage.words(2000)})
    await stage.fill(ben, await stage.tap(ben, "feedback.reply", id), answers={"words": stage.words()})
    theirs = await stage.thread(ben, "feedback.reply", id)
    await stage.say(ana, stage.words(), hers)
    await stage.say(ben, stage.words(), theirs)
    await stage.say(max, stage.words(), his)
    for who in (ana, max):
        await stage.tap(who, "feedback.thank", id)
        await stage.act(who, "feedback.thank", id)
    for who in (ana, ben, max, folk["cy"]):
        await stage.act(who, "feedback.show", id)
        await stage.act(who, "feedback.reply", id)
        await stage.act(who, "feedback.thank", "nothing")
    await stage.say(ana, stage.words(), hers)
    async with stage.store.transaction() as session:
        await store.Changed("ben", {"gone": True}).save(session)
    await stage.say(ana, "Lorem", hers)
    async with stage.store.transaction() as session:
        await store.Changed("ben", {"gone": False}).save(session)


async def asked(stage: Stage, folk: People) -> None:
    ana, ben, cy = folk["ana"], folk["ben"], folk["cy"]
    form = await stage.tap(ben, "feedback.ask")
    await stage.fill(ben, form, people={"whom": ()}, answers={"question": "", "about": "nobody"})
    await stage.command(ana, "feedback", "ask Lorem", opens=False, id="no question form")
    wrong = tuple(folk[name] for name in ("ana", "robo", "gil", "gus"))
    await stage.command(ana, "feedback", f"ask {'x' * 501}", HALL, mentions=wrong)
    await stage.command(ana, "feedback", "ask Lorem", HALL, groups=("S8",))
    async with stage.store.transaction() as session:
        await keep_group(session, SLACK, "S7", "many", [f"U-p{n}" for n in range(11)])
    await stage.command(ana, "feedback", "ask Lorem", HALL, groups=("S7",))
    await stage.command(ana, "feedback", f"ask {stage.words(480)}", mentions=(ben, cy, folk["max"]))
    form = await stage.tap(ben, "feedback.answer")
    await send(stage, ben, form, seen_by="both")
    request = (await rows(stage.store, FeedbackRequestRow, by="ana"))[-1]
    for step in (0, 1):
        await stage.due(cy, "feedback.request", request.id, step)
    await stage.tap(cy, "feedback.decline", request.id)
    for who in (ben, cy, folk["gus"]):
        await stage.act(who, "feedback.answer", request.id)
        await stage.act(who, "feedback.decline", request.id)
    await stage.fill(ben, form)
    await stage.tap(folk["max"], "feedback.decline", request.id)


async def about_a_report(stage: Stage, folk: People) -> None:
    ana, ben, cy, max = (folk[name] for name in ("ana", "ben", "cy", "max"))
    answer = await stage.command(max, "feedback", "ask")
    assert isinstance(answer, OpenForm)
    form = answer.form
    await stage.fill(max, form, people={"whom": (ana, max)}, answers={"question": "x" * 501, "about": "ana"})
    await stage.fill(max, form, people={"whom": (ben,)}, answers={"question": "Lorem", "about": "gus"})
    for whom in ((cy,), (ben, cy)):
        await stage.fill(max, form, people={"whom": whom}, answers={"question": stage.words(500), "about": "ana"})
    request = (await rows(stage.store, FeedbackRequestRow, by="max"))[-1]
    for who, seen_by in ((ben, "manager"), (cy, "both")):
        form = await stage.tap(who, "feedback.answer", request.id)
        await stage.fill(who, form, answers=dict.fromkeys(("situation", "behaviour", "impact"), "Lorem"))
        await send(stage, who, form, seen_by=seen_by)
    id = (await rows(stage.store, FeedbackRow, request=request.id, seen_by="manager"))[0].id
    await stage.say(max, stage.words(), await stage.thread(max, "feedback.reply", id))
    for who in (ana, ben, max):
        await stage.act(who, "feedback.show", id)


async def ended(stage: Stage, folk: People) -> None:
    ana, cy = folk["ana"], folk["cy"]
    for text in ("one", "two"):
        await stage.command(ana, "feedback", f"ask Lorem {text}", mentions=(cy,))
    first, second = [row.id for row in await rows(stage.store, FeedbackRequestRow, by="ana")][-2:]
    await stage.tap(ana, "feedback.close", first)
    await stage.act(cy, "feedback.close", first)
    await stage.act(cy, "feedback.answer", first)
    await stage.due(ana, "feedback.close", second)


async def looked_back(stage: Stage, folk: People) -> None:
    ana = folk["ana"]
    for _ in range(4):
        await given(stage, ana, folk["cy"])
    await stage.command(ana, "feedback", "me")
    await stage.tap(ana, "feedback.show")
    await stage.command(ana, "feedback", "me")
    await stage.tap(ana, "feedback.older")
