"""Letting the bot in, played: the choice with whom it begins, who may choose, and the first word to a newcomer."""

from dataclasses import replace

from bot.core.events import Installed
from bot.core.people import Person
from storage.people import Changed
from tests.cards.gallery import Stage
from tests.cards.play_settings import admins

People = dict[str, Person]


async def welcome(stage: Stage, folk: People) -> None:
    """Max lets it in, and looks after the company for a while."""
    max, ana, ben, robo = folk["max"], folk["ana"], folk["ben"], folk["robo"]
    before = stage.store.settings
    for who in (max, ana):  # the second finds it there
        await stage.happens(who, Installed)
    for action in ("welcome.show", "welcome.pilot"):
        await stage.act(ana, action)
    await stage.submit(ana, "welcome.pilot", answers={})
    stage.store.settings = admins(before, max)
    await stage.act(max, "welcome.show")
    await stage.act(max, "welcome.choose", "everybody")
    form = await stage.tap(max, "welcome.pilot")
    for wrong in ((), (robo,)):
        await stage.fill(max, form, people={"pilot": wrong})
    await stage.fill(max, form, people={"pilot": (ana, ben)})
    await stage.act(max, "welcome.choose", "not_yet")
    await stage.act(max, "welcome.choose", "everybody")
    async with stage.store.transaction() as session:
        await Changed(ben.id or "ben", {"unmet": True}).save(session)
    await stage.command(max, "kudos", "@ben thanks for the help", mentions=(replace(ben, unmet=True),))
    stage.store.settings = before
