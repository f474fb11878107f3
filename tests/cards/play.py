"""What is played: every feature from its first word to its last, with all that can go wrong."""

from bot.core.cards import mention
from bot.core.events import Met, Opened, Rewritten, Shortcut
from bot.core.people import Person, Place
from bot.core.sending import Unreachable
from bot.platforms.teams.outbound import CAN
from handlers import FEATURES
from handlers.checkin import questions as checkin
from handlers.grow import asking as followup
from handlers.grow import questions as grow
from handlers.review import questions as review
from handlers.thanks import why
from storage.engine import Store
from storage.places import keep_group
from tests.cards import (
    play_aspirations,
    play_coach,
    play_digest,
    play_expectations,
    play_feedback,
    play_goals,
    play_growth,
    play_home,
    play_improvement,
    play_oneonone,
    play_pack,
    play_privacy,
    play_review,
    play_settings,
    play_tree,
    play_welcome,
)
from tests.cards.gallery import Gallery, Stage, company, settings
from tests.conftest import HALL, SLACK

People = dict[str, Person]
DAYS = (
    (("week", "friday"), ("half-year", "7 days before the end")),
    (("month", "day 3"), ("year", "2 days before the end")),
    (("month", "first workday"), ("month", "last workday")),
    (("month", "second friday"), ("quarter", "last monday")),
    (("month", "third friday"), ("quarter", "1 day before the end")),
    (("month", "fourth friday"), ("quarter", "1 week before the end")),
)
DENIED = Place(SLACK, "C9", kind="public")


async def played(lang: str, wild: bool, url: str) -> Gallery:
    """The gallery of one language, from a database with empty tables."""
    gallery, store = Gallery(lang, wild), Store(url, settings(lang))
    try:
        await play(gallery, store)
    finally:
        await store.close()
    return gallery


async def play(gallery: Gallery, store: Store) -> None:
    stage = Stage(store, gallery, *FEATURES)
    folk = await company(stage, gallery.lang)
    for scene in (meeting, managers, own_settings, rhythm, checkins, shares, kudos_given, kudos_seen):
        await scene(stage, folk)
    for scene in (grow_alone, grow_beside, reviews, play_review.quarter, homes, another_month):
        await scene(stage, folk)
    await play_review.next_quarter(stage, folk)
    await play_welcome.welcome(stage, folk)
    await play_digest.digest(stage, folk)
    for scene in (play_settings.own_settings, play_settings.team_rhythm, play_settings.administration):
        await scene(stage, folk)
    for scene in (play_feedback.feedback, play_goals.goals, play_home.homes, play_home.history):
        await scene(stage, folk)
    for scene in (play_growth.growth, play_expectations.expectations, play_aspirations.aspirations):
        await scene(stage, folk)
    await play_coach.coach(stage, folk)
    await play_pack.reviews(stage, folk)
    await play_improvement.improvement(stage, folk)
    await play_oneonone.oneonone(stage, folk)
    for scene in (play_privacy.privacy, play_tree.tree):  # people are erased, and a month goes by
        await scene(stage, folk)
    await stage.deliver()
    await without_threads(store, gallery, folk, stage)


async def meeting(stage: Stage, folk: People) -> None:
    ana = folk["ana"]
    await stage.happens(ana, Met, kind="direct")
    await stage.happens(ana, Met, HALL, kind="public")
    await stage.happens(ana, Met, Place(SLACK, "C8", kind="private"), kind="private")
    await stage.say(ana, "?")
    for about in ("checkin", "kudos", "grow", "review", "kadens"):
        await stage.command(ana, about, "help")
    await stage.act(ana, "people.help")
    await stage.command(ana, "kadens", "history")
    for place in (None, HALL):
        await stage.act(ana, "history.older", "?", place)
    await stage.command(ana, "checkin", "team")
    for about in ("me", "team", "values", "board", "undo"):
        await stage.command(ana, "kudos", about, HALL)
    await stage.happens(ana, Opened)


async def managers(stage: Stage, folk: People) -> None:
    ana, ben, max, robo = (folk[name] for name in ("ana", "ben", "max", "robo"))
    for about in ("privacy", "manager"):
        await stage.command(ana, "kadens", about)
    form = await stage.tap(ana, "people.manager")
    for named in ((), (ana,), (robo,)):
        await stage.fill(ana, form, people={"manager": named})
    await stage.command(ana, "kadens", "manager", mentions=(ana,))
    await stage.fill(ana, form, people={"manager": (max,)})
    await stage.happens(max, Opened)
    await stage.tap(max, "people.refuse", "ana")
    await stage.act(max, "people.refuse", "ana")
    for person in (ana, ben):
        await stage.command(person, "kadens", f"manager {mention(max)}", mentions=(max,))
        await stage.tap(max, "people.confirm", person.account[2:])
        await stage.act(max, "people.confirm", person.account[2:])
    await stage.command(ana, "kadens", "manager", mentions=(max,))
    await stage.command(max, "kadens", "manager", mentions=(ana,))
    for about in ("privacy", "manager"):
        await stage.command(ana, "kadens", about)
    await stage.command(max, "checkin", "team")


async def own_settings(stage: Stage, folk: People) -> None:
    cy, lang = folk["cy"], stage.gallery.lang
    for text in ("", stage.words(), lang):
        await stage.command(cy, "kadens", f"language {text}")
    await stage.act(cy, "people.language", lang)
    await stage.command(cy, "kadens", "settings")
    form = await stage.tap(cy, "rhythm.away")
    for first, last in (("", "?"), ("2026-04-02", "2026-04-01"), ("2026-01-02", "2026-01-03")):
        await stage.fill(cy, form, answers={"first": first, "last": last})
        await stage.command(cy, "kadens", f"away {first} {last}")
    for text in ("", stage.words(), "2026-04-01 2028-01-01", "2026-03-05 2026-03-19"):
        await stage.command(cy, "kadens", f"away {text}")
    await stage.fill(cy, form, answers={"first": "2026-03-05", "last": "2026-03-20"})
    await stage.act(cy, "people.settings")
    await stage.tap(cy, "rhythm.back")
    for about in ("back", "resume"):
        await stage.command(cy, "kadens", about)


async def rhythm(stage: Stage, folk: People) -> None:
    cy = folk["cy"]
    await stage.command(cy, "kadens", "rhythm")
    plain = stage.store.settings
    for one, other in DAYS:
        rhythms = {name: {"every": every, "on": on} for name, (every, on) in (("checkin", one), ("review", other))}
        stage.store.settings = type(plain).model_validate(plain.model_dump(exclude={"rhythms"}) | {"rhythms": rhythms})
        await stage.command(cy, "kadens", "rhythm")
        if one[0] == "week":
            await stage.command(folk["max"], "checkin", "team")
    stage.store.settings = plain
    for action in ("rhythm.snooze", "rhythm.skip"):
        await stage.tap(cy, action)
    for about in ("skip ?", "skip", "snooze", "snooze checkin 3", "snooze review 1", "pause", "pause review", "resume"):
        await stage.command(cy, "kadens", about)


async def checkins(stage: Stage, folk: People) -> None:
    ana, ben, max = folk["ana"], folk["ben"], folk["max"]
    await stage.command(ana, "checkin")
    await stage.command(ben, "kadens", "skip")
    await stage.command(max, "checkin", "team")
    for person in (ben, max):
        await stage.due(person, "checkin", stage.this("checkin"))
    await stage.tap(max, "rhythm.skip")
    await stage.tap(ben, "rhythm.snooze")
    for step in (1, 2):
        await stage.due(ben, "checkin", stage.this("checkin"), step)
    await stage.due(ben, "checkin.again", stage.this("checkin"))
    await stage.due(folk["cy"], "checkin.again", stage.this("checkin"))
    await stage.command(ben, "checkin")
    await stage.happens(ben, Shortcut, name="checkin")
    await stage.happens(ben, Opened)
    about = await stage.through(ana, checkin, fuss=True)
    await stage.command(ana, "checkin")
    form = await stage.tap(ana, "talk.form", about)
    assert form
    wrong = {field.id: "x" * 3001 for field in form.fields if not hasattr(field, "body")}
    await stage.fill(ana, form, answers={})
    await stage.fill(ana, form, answers=wrong)
    answers = {**dict.fromkeys(wrong, "Lorem"), "energy": "5", "workload": "1", "share": "manager"}
    await stage.fill(ana, form, answers=answers)
    await stage.act(folk["cy"], "checkin.start")
    await stage.say(folk["cy"], "Lorem", message="w-cy")
    await stage.happens(folk["cy"], Rewritten, message="w-cy", text=stage.words())
    await stage.happens(folk["cy"], Rewritten, message="w-cy", text=None)
    await stage.through(folk["cy"], checkin)
    for about in ("history", "skip"):
        await stage.command(ana, "kadens", about)


async def shares(stage: Stage, folk: People) -> None:
    """What the manager got from Ana: all four answers to it, talking about it, and its being withdrawn."""
    ana, max = folk["ana"], folk["max"]
    about = await answered(stage, max, questions=6)
    there = await stage.thread(max, "shared.reply", about)
    await stage.say(max, stage.words(), there)
    own = await stage.thread(ana, "talk.form", about)
    await stage.say(ana, stage.words(), own)
    form = await stage.tap(ana, "talk.form", about)
    kept = {"energy": "4", "workload": "2", "well": stage.words(), "talk": "", "share": "me"}
    await stage.fill(ana, form, answers=kept)
    await stage.say(ana, "Lorem", own)
    await stage.say(max, "Lorem", there)
    for action in ("shared.reply", "shared.thank", "shared.agenda", "shared.ask", "shared.asked"):
        await stage.act(max, action, about)
    await stage.submit(max, "shared.reply", about, answers={"words": "Lorem"})
    form = await stage.tap(ana, "talk.form", about)
    await stage.fill(ana, form, answers=kept | {"share": "manager", "way": stage.words()})
    await answered(stage, max)


async def answered(stage: Stage, reader: Person, questions: int = 1) -> str:
    """All four answers to what was shared last; the id of what it is about."""
    about = (await stage.button(reader, "shared.reply"))[0].value
    form = await stage.tap(reader, "shared.reply", about)
    await stage.fill(reader, form, answers={"words": stage.words()})
    for action in ("shared.thank", "shared.agenda", "shared.ask"):
        await stage.tap(reader, action, about)
    for number in range(questions):
        await stage.act(reader, "shared.asked", f"{about}|{number}")
    return about


async def kudos_given(stage: Stage, folk: People) -> None:
    ana, ben, cy, max = (folk[name] for name in ("ana", "ben", "cy", "max"))
    await stage.command(ana, "kudos", "", HALL)
    form = next(reversed(stage.gallery.forms))
    wrong = tuple(folk[name] for name in ("ana", "robo", "gil", "gus"))
    await stage.fill(ana, form, people={"to": ()}, answers={"why": ""})
    await stage.fill(ana, form, people={"to": wrong}, answers={"why": "x" * 1001})
    await stage.command(ana, "kudos", "x" * 1001, HALL, mentions=wrong)
    await stage.command(ana, "kudos", "#care", HALL, groups=("S9",))
    await stage.fill(ana, form, people={"to": (ben, cy, max)},
                     answers={"why": stage.words(1000), "values": "care,craft"})  # fmt: skip
    await stage.happens(ana, Shortcut, HALL, name="kudos", author=ben, text=stage.words(), message="9.1")
    async with stage.store.transaction() as session:
        await keep_group(session, SLACK, "S1", "design", ["U-cy", "U-max"])
    await stage.command(ana, "kudos", stage.words(1000), HALL, groups=("S1",))
    await stage.tap(ben, "kudos.join")
    await stage.tap(max, "kudos.remove")
    await stage.deliver()
    [card] = [id for id, message in stage.platform.shown.items() if message.card and "kudos.join" in str(message.card)
              and message.place.conversation == "C1"][-1:]  # fmt: skip
    gus = folk["gus"]
    await stage.react(gus, "tada", card, HALL)
    await stage.react(gus, "tada", card, HALL, removed=True)
    for text in ("", "#care"):
        await stage.command(ben, "kudos", f"{stage.words(900)} {text}", HALL, mentions=(ana, cy))
    await stage.tap(ben, "kudos.undo")
    await stage.act(ana, "kudos.undo", (await stage.button(cy, "kudos.remove"))[0].value)
    await stage.act(max, "kudos.remove", (await stage.button(cy, "kudos.remove"))[0].value)
    await stage.command(ben, "kudos", "undo", HALL)
    for action in ("kudos.undo", "kudos.remove", "kudos.join"):
        await stage.act(ben, action, "kudos:?", HALL)
    stage.platform.barred[DENIED.conversation] = Unreachable("not_in_channel")
    await stage.command(ben, "kudos", stage.words(900), DENIED, mentions=(cy,))
    await stage.tap(cy, "kudos.form")
    await stage.command(ben, "kudos", stage.words(900), HALL, mentions=(ana, cy, max, folk["gus"]))
    for to in ((ana, ben, cy, max), (ana, ben, cy, max), (ana, cy)):
        await stage.command(gus, "kudos", f"{stage.words(900)} #courage", mentions=to)
    for _ in range(3):
        await stage.command(ben, "kudos", f"{stage.words(900)} #care", mentions=(ana, cy))
    await stage.command(ben, "kudos", "Lorem", mentions=(cy, max, ana))
    await by_emoji(stage, folk)


async def by_emoji(stage: Stage, folk: People) -> None:
    ana, ben, max, cy = (folk[name] for name in ("ana", "ben", "max", "cy"))
    for number in range(4):
        await stage.react(ben, "tada", f"7.{number}", HALL, author=cy)
    for giver in (max, cy, folk["gus"]):
        await stage.react(giver, "heart", "8.1", HALL, author=ana)
        await stage.happens(giver, Opened)
        if giver != cy:
            await stage.through(giver, why, why=f"{stage.words(900)} #care")
    await stage.deliver()
    card = next(
        id for id, m in reversed(list(stage.platform.shown.items())) if m.place.thread == "8.1" and not m.only_for
    )
    await stage.react(max, "heart", card, HALL, removed=True)
    await stage.react(cy, "clap", card, HALL)
    for giver in (cy, folk["gus"], max):
        for emoji in ("heart", "clap"):
            await stage.react(giver, emoji, "8.1", HALL, author=ana, removed=True)
    await stage.say(cy, "Lorem")


async def kudos_seen(stage: Stage, folk: People) -> None:
    ana = folk["ana"]
    for about in ("me", "team", "values", "board"):
        await stage.command(ana, "kudos", about, HALL)
    await stage.command(folk["cy"], "kudos", "me")
    before = stage.store.settings
    stage.store.settings = settings(stage.gallery.lang, leaderboard=True)
    for about in ("board", "board off", "board on"):
        await stage.command(ana, "kudos", about, HALL)
    stage.store.settings = before


async def grow_alone(stage: Stage, folk: People) -> None:
    ana, max = folk["ana"], folk["max"]
    for action in (stage.act(ana, "grow.start"), stage.happens(ana, Shortcut, name="grow")):
        await action
        await stage.say(ana, "stop")
    await stage.command(ana, "grow", stage.words())
    await stage.happens(ana, Opened)
    about = await stage.through(ana, grow, fuss=True, sure=f"2, {stage.words(900)}")
    form = await stage.tap(ana, "talk.form", about)
    await stage.fill(ana, form, answers={})
    sure = {"goal": stage.words(), "will": stage.words(500), "sure": "9", "day": "2026-03-30", "share": "manager"}
    await stage.fill(ana, form, answers=sure)
    await answered(stage, max)
    await stage.happens(max, Opened)
    await follow_up(stage, ana, about)


async def follow_up(stage: Stage, who: Person, about: str) -> None:
    for how in ("done", "partly", "not_yet"):
        await stage.due(who, "grow.followup", about)
        await stage.happens(who, Opened)
        talking = await stage.floor(who)
        assert talking and talking.dialogue == "followup"
        await stage.act(who, "talk.form", f"{talking.id}|how")
        await stage.tap(who, "talk.answer", f"{talking.id}|how|{how}")
        await stage.through(who, followup, fuss=how == "partly")
        about = f"next:{talking.id}"


async def grow_beside(stage: Stage, folk: People) -> None:
    ana, ben, max = folk["ana"], folk["ben"], folk["max"]
    await stage.command(ana, "grow", "Lorem", mentions=(ben,))
    await stage.command(max, "grow", "", mentions=(ana,))
    await stage.tap(ana, "grow.decline")
    await stage.command(max, "grow", stage.words(), mentions=(ana,))
    await stage.tap(ana, "grow.accept")
    await stage.through(ana, grow, sure="3")
    await answered(stage, max)


async def reviews(stage: Stage, folk: People) -> None:
    ana, ben, cy, max = (folk[name] for name in ("ana", "ben", "cy", "max"))
    await stage.due(ben, "review", stage.this("review"))
    await stage.tap(ben, "rhythm.snooze", "review")
    await stage.due(ben, "review", stage.this("review"), 1)
    await stage.due(ben, "review.again", stage.this("review"))
    await stage.due(cy, "review.again", stage.this("review"))
    await stage.due(folk["gus"], "review", stage.this("review"))
    await stage.happens(cy, Opened)
    await stage.happens(ana, Shortcut, name="review")
    await stage.command(ana, "review")
    about = await stage.through(ana, review, fuss=True)
    await stage.command(ana, "review")
    await answered(stage, max)
    form = await stage.tap(ana, "talk.form", about)
    await stage.fill(ana, form, answers={"next": "Lorem", "share": "me"})


async def homes(stage: Stage, folk: People) -> None:
    for name in ("ana", "max"):
        who = folk[name]
        await stage.happens(who, Opened)
        for about in ("", "home", "history"):
            await stage.command(who, "kadens", about)
        await stage.act(who, "home.show")
        await stage.act(who, "history.show")
    await stage.tap(folk["ana"], "history.older")


async def another_month(stage: Stage, folk: People) -> None:
    """What was left open is closed, and the next one begins with what was said in the last."""
    ana, ben = folk["ana"], folk["ben"]
    stage.later(days=100)
    for dialogue in ("checkin", "review"):
        await stage.tap(ben, "talk.resume", dialogue)
    await stage.happens(ana, Opened)
    await stage.due(ana, "checkin", stage.this("checkin"))
    await stage.tap(ana, "talk.answer", "settled")
    await stage.tap(ana, "talk.skip")
    await stage.through(ana, checkin)
    await stage.due(ana, "review", stage.this("review"))
    await stage.happens(ana, Opened)


async def without_threads(store: Store, gallery: Gallery, folk: People, before: Stage) -> None:
    """As on a platform with neither threads nor whispers, and where not every moment can open a form."""
    stage = Stage(store, gallery, *FEATURES, can=CAN, first="n")
    stage.now, ana = before.now, folk["ana"]
    for text in ("kudos", "kadens away"):
        await stage.say(ana, text, id=f"plain {text}")
    for command in ("grow", "checkin"):
        await stage.command(ana, command, id=f"waits {command}")
    await stage.command(ana, "kudos", "", HALL, id="no form", opens=False)
    await stage.tap(ana, "kudos.form", id="the form after all")
    await stage.command(ana, "kudos", "Lorem", HALL, id="no whisper", mentions=(ana,))
    await stage.deliver()
