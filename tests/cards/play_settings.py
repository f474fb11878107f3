"""What is set in chat, played: by a person for themselves, by a manager for the team, by an admin for the company."""

from bot.core.people import Person, Place
from bot.core.settings import Settings
from tests.cards.gallery import Stage, settings
from tests.conftest import HALL, SLACK

People = dict[str, Person]
OWN = {"lang": "en", "zone": "Amsterdam", "days": "monday,thursday", "start": "9", "end": "17.30", "timing": "time",
       "form": "writing", "detail": "headline", "board": "hidden"}  # fmt: skip
KUDOS = {"values": "courage, craft, care, together", "emojis": "raised_hands, clap, tada, heart",
         "allowance": "default: 9", "guests": "no", "leaderboard": "no"}  # fmt: skip
LIMITS = {"first_days": "7", "sure": "8", "stale_goal": "21"}


async def own_settings(stage: Stage, folk: People) -> None:
    cy, lang = folk["cy"], stage.gallery.lang
    for text in ("", stage.words(), lang):
        await stage.command(cy, "kadens", f"language {text}")
    await stage.act(cy, "people.language", lang)
    await stage.command(cy, "kadens", "settings")
    await away(stage, cy)
    await stage.act(cy, "people.settings")
    await stage.tap(cy, "rhythm.back")
    for about in ("back", "resume"):
        await stage.command(cy, "kadens", about)
    await resting(stage, cy)
    before = stage.store.settings
    stage.store.settings = settings(lang, leaderboard=True)
    await stage.act(cy, "people.settings")
    form = await stage.tap(cy, "settings.form")
    await stage.fill(cy, form, answers={"lang": "xx", "zone": "?", "days": "", "start": "?", "end": ""})
    await stage.fill(cy, form, answers=OWN | {"start": "17", "end": "9"})
    await stage.fill(cy, form, answers=OWN | {"start": "21", "end": "22"})
    await stage.fill(cy, form, answers=OWN | {"lang": lang})
    await stage.tap(cy, "settings.form")
    await stage.fill(cy, form, answers=OWN | {"lang": lang, "zone": "UTC", "board": "shown", "days": ALL_DAYS,
                                              "start": "9", "end": "17", "detail": "detail"})  # fmt: skip
    stage.store.settings = before


ALL_DAYS = "monday,tuesday,wednesday,thursday,friday"


async def away(stage: Stage, cy: Person) -> None:
    form = await stage.tap(cy, "rhythm.away")
    for first, last in (("", "?"), ("2026-04-02", "2026-04-01"), ("2026-01-02", "2026-01-03")):
        await stage.fill(cy, form, answers={"first": first, "last": last})
        await stage.command(cy, "kadens", f"away {first} {last}")
    for text in ("", stage.words(), "2026-04-01 2028-01-01", "2026-03-05 2026-03-19"):
        await stage.command(cy, "kadens", f"away {text}")
    await stage.fill(cy, form, answers={"first": "2026-03-05", "last": "2026-03-20"})


async def resting(stage: Stage, cy: Person) -> None:
    """A rhythm that rests for a while, another until further notice; and buttons of another time."""
    await stage.command(cy, "kadens", "settings")
    form = await stage.tap(cy, "rhythm.rest")
    await stage.fill(cy, form, answers={"which": "?", "until": "2020-01-01"})
    await stage.fill(cy, form, answers={"which": "checkin", "until": ""})
    await stage.fill(cy, form, answers={"which": "review", "until": "2026-04-02"})
    await stage.command(cy, "kadens", "settings")
    await stage.tap(cy, "rhythm.resume", "checkin")
    for value in ("review", "?"):
        await stage.act(cy, "rhythm.resume", value)
    await stage.act(cy, "rhythm.skip", "checkin|2026-W10")
    await stage.command(cy, "kadens", "resume checkin")


async def team_rhythm(stage: Stage, folk: People) -> None:
    """Max has reports by now; Cy has none."""
    max, cy = folk["max"], folk["cy"]
    await stage.command(cy, "kadens", "team")
    await stage.command(max, "kadens", "team")
    for action in ("cadence.form", "cadence.save", "cadence.back"):
        await stage.act(max, action, "?")
        await stage.act(cy, action, "checkin|week")
    for value, day in (("checkin|week", "thursday"), ("checkin|quarter", "last workday"), ("checkin|month", "day 15")):
        await stage.command(max, "kadens", "team")
        form = await stage.tap(max, "cadence.form", value)
        await stage.fill(max, form, answers={"on": "day 99", "at": "?"})
        await stage.fill(max, form, answers={"on": day, "at": "16.30"})
        await stage.tap(max, "cadence.form", day)
        await stage.tap(max, "cadence.save", day)
        await stage.act(max, "cadence.show")
    form = await stage.tap(max, "cadence.form", "review")
    await stage.fill(max, form, answers={"on": "2 weeks before end", "at": "10"})
    await stage.tap(max, "cadence.save", "review")
    await stage.act(max, "cadence.show")
    for name in ("checkin", "review"):
        await stage.act(max, "cadence.back", name)
        await stage.tap(max, "cadence.save", f"{name}|||")
    await stage.command(max, "kadens", "team")


async def administration(stage: Stage, folk: People) -> None:
    """Max looks after the company for a while, and leaves it as it was."""
    max, ana, before = folk["max"], folk["ana"], stage.store.settings
    await stage.command(ana, "kadens", "admin")
    for action in ("admin.show", "admin.kudos", "admin.people", "admin.channel", "admin.back"):
        await stage.act(ana, action, f"{SLACK}|C1")
    stage.store.settings = admins(before, max)
    await stage.act(max, "admin.back")
    await stage.command(max, "kadens", "admin", HALL)
    await stage.act(max, "admin.channel", "?")
    form = await stage.tap(max, "admin.channel")
    await stage.fill(max, form, answers={"recognition": "yes", "channels": "company"})
    await stage.fill(max, form, answers={"recognition": "no", "channels": stage.gallery.lang})
    await stage.submit(ana, "admin.channel", f"{SLACK}|C1", answers={})
    await stage.command(max, "kadens", "admin")
    form = await stage.tap(max, "admin.kudos")
    await stage.fill(max, form, answers=dict.fromkeys(KUDOS, "?;?"))
    await stage.fill(max, form, answers=KUDOS)
    await stage.fill(max, form, answers=KUDOS | {"values": "joy", "leaderboard": "yes"})
    form = await stage.tap(max, "admin.people")
    await stage.fill(max, form, answers=dict.fromkeys(LIMITS, "?"))
    await stage.fill(max, form, answers=LIMITS | {"sure": "6"})
    await stage.tap(max, "admin.show")
    form = await stage.tap(max, "admin.back")
    await stage.fill(max, form, answers={"which": ""})
    every = ",".join(value for value, _ in form.fields[0].options)  # type: ignore[union-attr]
    await stage.fill(max, form, answers={"which": every})
    await stage.command(max, "kadens", "admin", Place(SLACK, "C1", kind="public"))
    stage.store.settings = before


def admins(base: Settings, *those: Person) -> Settings:
    """The same settings, which some of the players may change."""
    people = base.people.model_copy(update={"admins": tuple(each.account for each in those)})
    return base.model_copy(update={"people": people})
