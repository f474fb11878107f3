"""What somebody finds who opens the example company for the first time: each room has something in it, in the language
of whoever looks."""

from collections.abc import Mapping

from bot.platforms.playground.inbound import resolve
from bot.platforms.playground.people import BOT, MEMBERS
from bot.platforms.playground.render import card_html
from bot.platforms.playground.world import Playground
from storage.engine import Store
from tests.platforms.playground_world import open_demo

# What one of each language reads there, by what they look at.
LOOKS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "mila": {
        "home": ("Bring Priya the next request", "For your next 1:1", "A whole day a week to draw", "My growth"),
        "/growth": ("Next in your plan, by Friday 6 November", "Priya Raman helps you with saying no"),
        "/growth expectations": ("Written by Sanne de Vries", "Then please tell sales, too"),
        "/growth aspirations": (
            "To lead a small team",
            "Your manager sees it, too",
            "To draw again",
            "Only you see it",
        ),
        "/growth skills": ("All eight spoke", "Astrid asked her", "1 step apart"),
        "/growth plan": ("With a mentor, by Friday 6 November", "Rest and balance"),
        "/growth mentors": ("questions that customers like to answer",),
        "/oneonone @Sanne de Vries": ("Thursday 5 November 14:00", "Show the icon set to sales", "how she learned"),
        "/review pack Q3": ("41 %", "You put the mouse down", "Sit in when Noah plans a round of calls"),
        "/kadens history reviews": ("you and Sanne de Vries agreed on Q3", "listened more"),
        "/kadens history learning": ("He writes down what he hopes to hear", "Priya Raman began to help you"),
        "/kadens history 1:1s": ("your 1:1 with Sanne de Vries", "Write down what I would stop", "(done)"),
        "/kadens history expectations": ("Two projects at a time",),
        "/kadens history aspirations": ("To lead a small team",),
    },
    "femke": {
        "home": ("Lees wat Grace Coleman van je verwacht", "Met Maya twee maanden tickets lezen"),
        "/growth": ("Als eerste in je plan, uiterlijk vrijdag 6 november",),
        "/growth aspirations": ("Ooit een team opbouwen",),
        "/growth expectations": ("Every customer hears from a person", "Ik heb het gelezen"),
        "/kadens history": ("wat Grace Coleman van je verwacht", "waar je naartoe wilt"),
        "/kadens history terugblikken": (
            "jij en Grace Coleman werden het eens over Q3",
            "eerst bellen, dan pas mailen",
        ),
    },
    "jonas": {
        "home": ("Felsöka tillsammans med Priya", "Mina enskilda samtal"),
        "/growth": ("Härnäst i din plan, senast fredag 6 november",),
        "/growth aspirations": ("förklarar hur allt hänger ihop",),
        "/growth expectations": ("Plattformen går att lita på", "Skrivet av Erik Sandberg"),
        "/growth skills": ("efter tre kvällar", "när loggarna inte säger något"),
        "/oneonone @Erik Sandberg": ("onsdag 11 november", "Rita hur importen hänger ihop"),
        "/kadens history": ("ditt enskilda samtal med Erik Sandberg", "(inte dags än)"),
        "/kadens history tillbakablickar": ("Q3", "Importen kraschar inte längre"),
    },
    "priya": {"home": ("Erik Sandberg proposes a 1:1, every", "Agree"), "/growth": ("You help Mila Jansen",)},
    "sanne": {
        "home": ("Voor je volgende 1-op-1", "The review when I am not there"),
        "/growth aspirations @Mila Jansen": ("To lead a small team",),
        "/review @Mila Jansen": ("Mila Jansen",),
    },
}


async def shown(world: Playground, who: str, what: str) -> str:
    """The home, or what the bot answers to a command, as the page draws it."""
    if what == "home":
        await world.take(world.inbound.opened(who))
        return card_html(world.chat.homes[who])
    before = len(world.chat.messages)
    message = world.chat.post(who, who, world.clock(), text=resolve(what))
    command = world.inbound.command(who, who, None, message.text)
    assert command
    await world.take(command)
    new = [each for each in list(world.chat.messages.values())[before:] if each.author == BOT]
    return "\n".join(card_html(each.card) for each in new if each.card)


async def test_each_room_has_something_in_it_for_whoever_looks_first(store: Store) -> None:
    world = await open_demo(store)
    assert {MEMBERS[who].lang for who in LOOKS} == {"en", "nl", "sv"}
    missing = list[str]()
    for who, looks in LOOKS.items():
        for what, wanted in looks.items():
            seen = await shown(world, who, what)
            missing += [f"{who}, {what}: {words}" for words in wanted if words not in seen]
    assert missing == []
    assert "To draw again" not in await shown(world, "sanne", "/growth aspirations @Mila Jansen")
