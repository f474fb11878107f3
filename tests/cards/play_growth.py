"""Skills, the plan of what to learn, and mentors, played: every way in, every objection, and how each of it ends.

Before it, Ana and Ben have said that Max is their manager, and Ben has given Ana feedback.
"""

from bot.core.cards import Choice, Form
from bot.core.learning import KINDS, LEARNED, WORDS, Offering
from bot.core.mentors import MOST, TOPIC
from bot.core.people import Person
from bot.core.skills import NAME
from bot.core.skills import WORDS as STORY
from storage import catalogue
from storage import people as store
from storage.learning import LearningRow
from storage.mentors import MentoringRow, MentorOfferRow
from storage.skills import SkillRow
from tests.cards.gallery import Stage
from tests.conftest import HALL, SLACK, rows

People = dict[str, Person]


async def growth(stage: Stage, folk: People) -> None:
    for scene in (looked, named, rated, planned, ended, offered, asked, mentored, overview):
        await scene(stage, folk)
    await stage.deliver()


async def overview(stage: Stage, folk: People) -> None:
    for who in (folk["ana"], folk["max"]):
        await stage.command(who, "growth", "", HALL)
        await stage.act(who, "growth.show")
    await stage.command(folk["ana"], "growth", "history")


async def looked(stage: Stage, folk: People) -> None:
    """With nothing there yet."""
    ana, cy = folk["ana"], folk["cy"]
    for about in ("help", "", "plan", "skills", "mentors", "mentors zzz", "catalogue"):
        await stage.command(ana, "growth", about)
    for about in ("plan", "skills"):
        await stage.command(cy, "growth", about, mentions=(ana,))
        await stage.command(folk["max"], "growth", about, mentions=(ana,))
        await stage.command(cy, "growth", about)
    await stage.act(ana, "learning.list", "nobody")
    for action in ("show", "form", "rate", "remove"):
        await stage.act(cy, f"skills.{action}", "ana")
    await stage.act(ana, "skills.rate")


# Skills.


async def named(stage: Stage, folk: People) -> None:
    ana = folk["ana"]
    await stage.act(ana, "skills.show")
    form = await stage.tap(ana, "skills.form")
    for names in ("", ",".join("abcdefghi"), "x" * (NAME + 1)):
        await stage.fill(ana, form, answers={"names": names})
    await stage.fill(ana, form, answers={"names": "\n".join(plain(stage, NAME) for _ in range(8))})
    await stage.fill(folk["cy"], form, answers={"names": "Lorem"})


def plain(stage: Stage, limit: int) -> str:
    """A line, without the commas between two of them."""
    return " ".join(stage.words(limit).replace(",", " ").replace(";", " ").split())[:limit]


async def rated(stage: Stage, folk: People) -> None:
    ana, max = folk["ana"], folk["max"]
    skills = [row.id for row in await rows(stage.store, SkillRow, person="ana")]
    form = await stage.tap(ana, "skills.rate")
    for level, words in (("", ""), ("3", ""), ("", "Lorem"), ("3", "x" * (STORY + 1))):
        await stage.fill(ana, form, answers={f"level.{skills[0]}": level, f"words.{skills[0]}": words})
    await stage.fill(folk["cy"], form)
    for who, step in ((max, 0), (ana, 1)):
        answers = dict[str, str]()
        for n, id in enumerate(skills[1:]):
            answers |= {f"level.{id}": str(1 + (n * (1 + step)) % 5), f"words.{id}": stage.words(STORY)}
        await stage.act(who, "skills.rate", "ana")
        await stage.submit(who, "skills.rate", "ana", answers=answers)
        for reader in (ana, max):
            await stage.act(reader, "skills.show", "ana")
    form = await stage.tap(ana, "skills.remove")
    await stage.fill(ana, form, answers={"skill": "nothing"})
    await stage.fill(ana, form, answers={"skill": skills[0]})


# The plan.


async def planned(stage: Stage, folk: People) -> None:
    ana, max = folk["ana"], folk["max"]
    many = tuple(Offering(f"{n} {stage.words(100)}", "course", "https://l.example/w", stage.words(300))
                 for n in range(8))  # fmt: skip
    async with stage.store.transaction() as session:
        await catalogue.Listed(SLACK, many).save(session)
    for about in ("catalogue", f"catalogue {many[3].title[:20]}", f"learn {stage.words(WORDS)}"):
        await stage.command(ana, "growth", about)
    await stage.command(ana, "growth", "learn Lorem", opens=False, id="no form for learning")
    await stage.command(ana, "growth", "catalogue")
    await stage.tap(ana, "learning.catalogue", "1|")
    form = await stage.tap(ana, "learning.form", "catalogue:")
    await stage.fill(ana, form, answers={"words": "x" * 900, "day": "never"})
    offered = (
        next(each.value for each in form.fields if isinstance(each, Choice) and each.id == "offered") if form else ""
    )
    answers = {"words": stage.words(WORDS), "offered": offered, "day": day(stage, 30), "seen_by": "manager"}
    await stage.fill(ana, form, answers=answers)
    form = await stage.tap(ana, "learning.form", "feedback:")
    await stage.fill(ana, form, answers={"words": "", "day": day(stage, 1)})
    for n, kind in enumerate(KINDS):
        words = {"words": stage.words(WORDS), "kind": kind, "day": day(stage, n), "seen_by": "me"}
        await stage.fill(ana, form, answers=words)
    await stage.command(ana, "growth", "plan")
    await stage.command(max, "growth", "plan", mentions=(ana,))
    form = await stage.tap(ana, "learning.change")
    await stage.fill(ana, form, answers={"words": "", "day": ""})
    await stage.fill(ana, form, answers={"words": "Lorem", "kind": "rest", "day": day(stage, 3)})
    await stage.fill(folk["cy"], form, answers={"words": "Lorem", "kind": "rest", "day": day(stage, 3)})


def day(stage: Stage, days: int) -> str:
    return stage.now.date().fromordinal(stage.now.date().toordinal() + days).isoformat()


async def ended(stage: Stage, folk: People) -> None:
    ana = folk["ana"]
    actions = {row.kind: row.id for row in await rows(stage.store, LearningRow, person="ana")}
    for kind in ("rest", "team"):
        await stage.due(ana, "learning", actions[kind])
        await stage.say(ana, stage.words(), await stage.thread(ana, "learning.done", actions[kind]))
    await stage.tap(ana, "learning.later", actions["team"])
    stage.later(days=9)
    await stage.command(ana, "growth", "plan")
    for kind, action in (("rest", "learning.done"), ("team", "learning.drop")):
        form = await stage.tap(ana, action, actions[kind])
        for words in ("", "x" * (LEARNED + 1), stage.words(LEARNED)):
            await stage.fill(ana, form, answers={"learned": words})
        for again in ("done", "drop", "change", "later"):
            await stage.act(ana, f"learning.{again}", actions[kind])
        await stage.fill(ana, form, answers={"learned": "Lorem"})
        await stage.act(folk["cy"], "learning.done", actions[kind])
    await stage.command(ana, "kadens", "history learning")


# Mentors.


async def offered(stage: Stage, folk: People) -> None:
    max, gus = folk["max"], folk["gus"]
    await stage.act(max, "mentors.list")
    form = await stage.tap(max, "mentors.offer")
    for topic, words in (("", "x" * 501), ("x" * 101, "")):
        await stage.fill(max, form, answers={"topic": topic, "words": words})
    await stage.act(gus, "mentors.offer")
    for _ in range(MOST):
        await stage.fill(max, form, answers={"topic": stage.words(TOPIC), "words": stage.words(500)})
    await stage.fill(max, form, answers={"topic": "Lorem"})
    await stage.act(max, "mentors.offer")
    await stage.tap(max, "mentors.close")
    await stage.command(max, "growth", "mentors")
    await stage.command(gus, "growth", "mentors")


async def asked(stage: Stage, folk: People) -> None:
    ana, max = folk["ana"], folk["max"]
    await stage.command(ana, "growth", "mentors")
    await stage.tap(ana, "mentors.list")
    form = await stage.tap(ana, "mentors.ask")
    for words in ("", "x" * 501, stage.words(500)):
        await stage.fill(ana, form, answers={"words": words})
    await stage.fill(ana, form, answers={"words": "Lorem"})
    assert form
    await stage.act(ana, "mentors.ask", form.value)
    await stage.act(max, "mentors.ask", form.value)
    await stage.act(ana, "mentors.ask", "nothing")
    await stage.submit(ana, "mentors.ask", form.value, answers={"words": "Lorem"})
    [one] = [row.id for row in await rows(stage.store, MentoringRow)]
    for who in (ana, max):
        await stage.command(who, "growth", "mentors")
        await stage.command(who, "growth")
    await stage.due(max, "mentors.wait", one)
    await stage.act(folk["cy"], "mentors.accept", one)
    await stage.tap(ana, "mentors.withdraw", one)
    for action in ("accept", "decline"):
        await stage.act(max, f"mentors.{action}", one)
    await stage.act(ana, "mentors.withdraw", one)
    await answered(stage, folk, form)


async def again(stage: Stage, folk: People, form: Form) -> str:
    """Asked anew; the id of what came of it."""
    before = {row.id for row in await rows(stage.store, MentoringRow)}
    await stage.act(folk["ana"], "mentors.ask", form.value)
    await stage.submit(folk["ana"], "mentors.ask", form.value, answers={"words": stage.words(500)})
    [id] = {row.id for row in await rows(stage.store, MentoringRow)} - before
    return str(id)


async def answered(stage: Stage, folk: People, form: Form) -> None:
    ana, max = folk["ana"], folk["max"]
    id = await again(stage, folk, form)
    no = await stage.tap(max, "mentors.decline", id)
    for words in ("x" * 501, stage.words(500), "Lorem"):
        await stage.fill(max, no, answers={"words": words})
    id = await again(stage, folk, form)
    await stage.due(ana, "mentors.wait", id)
    id = await again(stage, folk, form)
    await stage.tap(max, "mentors.accept", id)


async def mentored(stage: Stage, folk: People) -> None:
    ana, max = folk["ana"], folk["max"]
    [one] = await rows(stage.store, MentoringRow, state="accepted")
    await stage.command(ana, "growth", "mentors")
    await stage.tap(ana, "learning.form", one.id)
    await stage.due(ana, "mentors.look", one.id)
    await stage.tap(ana, "mentors.on", one.id)
    await stage.act(max, "mentors.on", one.id)
    end = await stage.tap(ana, "mentors.end", one.id)
    for words in ("x" * 501, stage.words(500), "Lorem"):
        await stage.fill(ana, end, answers={"words": words})
    await stage.act(ana, "mentors.on", one.id)
    await stage.act(ana, "mentors.end", one.id)
    offer = (await rows(stage.store, MentorOfferRow, closed_at=None))[0].id
    for left in (False, True):
        await stage.act(ana, "mentors.ask", offer)
        await stage.submit(ana, "mentors.ask", offer, answers={"words": "Lorem"})
        id = (await rows(stage.store, MentoringRow, state="asked" if not left else "accepted"))[-1].id
        await stage.act(max, "mentors.accept", id)
        async with stage.store.transaction() as session:
            await store.Changed("max", {"gone": left}).save(session)
    await stage.act(ana, "mentors.end", id)
    await stage.due(ana, "mentors.look", id)
    async with stage.store.transaction() as session:
        await store.Changed("max", {"gone": False}).save(session)
