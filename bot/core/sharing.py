"""Two people who talk about something, each in a thread of their own: the card by which a manager gets what somebody
shared, and the one by which the words of one reach the other."""

from collections.abc import Iterator

from bot.core.cards import Button, Buttons, Card, Note, Part, Quote, Text
from bot.core.effects import Effect, Grant, Replace, Retract, Tell
from bot.core.people import Person
from bot.core.wording import wording

say = wording("sharing")


def topic(about: str) -> str:
    """Of the reader's thread, in which what they say is passed on."""
    return f"shared:{about}"


def offer(
    about: str, reader: Person | None, before: frozenset[str], title: str = "", parts: tuple[Part, ...] = ()
) -> Iterator[Effect]:
    """Let this reader, or nobody, read it. `before`: ids of those who could until now; their card changes or goes."""
    yield Grant(about, reader)
    if reader and reader.id in before:
        yield Replace(topic(about), shared_card(reader, about, title, parts))
        return
    if before:
        yield Retract(topic(about))
    if reader:
        yield Tell(reader, shared_card(reader, about, title, parts), topic(about), topic(about))


def shared_card(reader: Person, about: str, title: str, parts: tuple[Part, ...]) -> Card:
    """To reply stands out, unless something of the `parts` does."""
    leads = any(button.style == "primary" for part in parts if isinstance(part, Buttons) for button in part.row)
    buttons = (
        Button(say(reader, "reply"), "shared.reply", about, "plain" if leads else "primary", opens=True),
        Button(say(reader, "thank"), "shared.thank", about),
        Button(say(reader, "agenda"), "shared.agenda", about),
        Button(say(reader, "ask"), "shared.ask", about),
    )
    return Card(title, (*parts, Buttons(buttons)))


def remark_card(reader: Person, author: Person, how: str, words: str, *buttons: Button) -> Card:
    """What the author says, or asks (`how`: said, asks), in the thread of the other one."""
    parts = (Text(say(reader, how, who=author.name)), Quote(words), Note(say(reader, "answer_here")))
    return Card(parts=(*parts, Buttons(buttons)) if buttons else parts)
