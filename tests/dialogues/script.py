"""A conversation as a list of lines, played through the real turn, store and delivery.

ana: /grow a quieter inbox          says or commands, in her direct conversation
ana [7]                             presses the last button with that label
ana ✎ lead > manage                 rewrites her message "lead" (after > nothing: deletes it)
+ 14 days                           moves the clock, with the planner's beats
> ana: What would you like          what arrives for her must begin so, in order; … somewhere, * anything
> nobody                            nothing arrives
"""

import re
from dataclasses import replace
from datetime import timedelta

from bot.core.cards import Facts, Heading, Note, Quote, Text, plain
from bot.core.events import Rewritten
from bot.core.people import Person, Place, stranger
from bot.core.sending import Outgoing
from scheduler import nudges
from scheduler.ahead import next_moment
from storage.outbox import OutboxRow
from tests.conftest import Desk, rows


class Script:
    def __init__(self, desk: Desk, *people: Person) -> None:
        self.desk, self.people = (
            desk,
            {
                # As strangers, the way a payload names them: the turn fills in what is known by then.
                person.name.lower(): stranger(person.workspace, person.account, person.name)
                for person in people
            },
        )
        self.names = {person.account: name for name, person in self.people.items()}
        self.heard = list[tuple[str, str]]()
        self.messages = dict[str, str]()

    async def expects(self, *lines: str) -> None:
        for line in (each.strip() for text in lines for each in text.splitlines()):
            if line:
                await self._line(line)
        rest = [f"{name}: {text}" for name, text in self.heard]
        assert not rest, f"said besides: {rest}"

    async def _line(self, line: str) -> None:
        if line == "> nobody":
            assert not self.heard, self.heard
        elif line.startswith("> "):
            name, _, text = line[2:].partition(": ")
            heard = next(((who, said) for who, said in self.heard if who == name), None)
            assert heard, f"nothing was said where {line!r} was expected; there is {self.heard}"
            self.heard.remove(heard)
            said = heard[1]
            assert text == "*" or (text[1:] in said if text[:1] == "…" else said.startswith(text)), (
                f"{line!r}: {said!r}"
            )
        else:
            assert not self.heard, f"before {line!r}: {self.heard}"
            await self._do(line)
            self.heard += [self._said(message) for message in await self.desk.deliver() if message.verb == "post"]

    async def _do(self, line: str) -> None:
        if found := re.fullmatch(r"\+ (\d+) (\w+)", line):
            await self._wait(timedelta(**{found[2]: int(found[1])}))
        elif found := re.fullmatch(r"(\w+) \[(.+)\]", line):
            await self.desk.press(self.people[found[1]], found[2])
        elif found := re.fullmatch(r"(\w+) ✎ (.+) >(.*)", line):
            who, message = self.people[found[1]], self.messages[found[2]]
            base = self.desk.base(who, None)
            await self.desk.take(Rewritten(**base, message=message, text=found[3].strip() or None))
        elif found := re.fullmatch(r"(\w+)(?: in ([\w.:]+))?: (.+)", line):
            await self._says(self.people[found[1]], found[3], found[2])
        else:
            raise AssertionError(f"no such line: {line!r}")

    async def _says(self, who: Person, text: str, thread: str | None) -> None:
        place = who.home
        if thread:  # the thread whose topic begins so
            place = await self._thread(who, thread)
        if text.startswith("/"):
            name, _, rest = text[1:].partition(" ")
            named = tuple(self.people[word[1:]] for word in rest.split() if word[1:] in self.people and word[0] == "@")
            rest = " ".join(word for word in rest.split() if not (word[0] == "@" and word[1:] in self.people))
            await self.desk.command(who, name, rest, place, mentions=named)
        else:
            self.messages[text] = f"w-{len(self.messages)}"
            await self.desk.say(who, text, place, message=self.messages[text])

    async def _thread(self, who: Person, topic: str) -> Place:
        begun = await rows(self.desk.store, OutboxRow, conversation=who.account)
        roots = [row for row in begun if (row.thread_topic or "").startswith(topic) and row.sent_as]
        assert roots, f"no thread {topic!r}"
        return replace(who.home, thread=roots[0].sent_as)

    async def _wait(self, time: timedelta) -> None:
        until = self.desk.now + time
        while (moment := await next_moment(self.desk.store, self.desk.now)) and moment <= until:
            self.desk.now = max(moment, self.desk.now + timedelta(minutes=1))
            await nudges.plan(self.desk.store, self.desk.now)
            await nudges.play(self.desk.turns, self.desk.store, self.desk.now)
        self.desk.now = until

    def _said(self, message: Outgoing) -> tuple[str, str]:
        where = message.only_for or message.place.conversation
        return self.names.get(where, where), text_of(message)


def text_of(message: Outgoing) -> str:
    """The words of a card, in one line."""
    card = message.card
    if card is None:
        return ""
    words = [card.title] if card.title else []
    for part in card.parts:
        match part:
            case Text(body) | Heading(body) | Note(body) | Quote(body):
                words.append(body)
            case Facts(rows):
                words += [f"{name}: {value}" for name, value in rows]
    return plain(" / ".join(words))
