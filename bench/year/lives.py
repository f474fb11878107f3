"""What people do: some at once, some late, some never; one in the thread, another by the form."""

import hashlib
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bench.year.calendars import day_of
from bench.year.company import Human
from bench.year.ledger import Ledger
from bot.core.cards import Button, Buttons, Card, Choice, Day, Form, Scale, TextBox
from bot.core.effects import Answer, OpenForm, Refuse
from bot.core.events import Action, Arrived, Command, Opened, Submission, Words
from bot.core.people import Place
from bot.core.sending import Outgoing

SAID = ("A good week with two customers", "The release took longer than planned", "More time for reading", "Pairing")
MOMENT = "On 3 March in the stand-up with two customers"  # feedback wants one that both can remember
Later = Callable[[datetime, "Human", "Deed"], None]
Deed = Callable[["Human", datetime], Awaitable[None]]


@dataclass
class Lives:
    """`take` is the turn; `later` puts a deed into the days to come, and it is done if they are at work then."""

    take: Callable[[Arrived], Awaitable[Answer | None]]
    later: Later
    ledger: Ledger
    chance: random.Random
    threads: Callable[[Human], bool]
    refused: int = 0
    events: int = 0

    def __post_init__(self) -> None:
        self._talks = dict[str, str]()  # who answers a dialogue one question at a time

    # -- what a platform would send

    def _base(self, one: Human, at: datetime, place: Place | None = None, **more: Any) -> dict[str, Any]:
        self.events += 1
        home = Place(one.workspace, one.account, kind="direct")
        return {"id": f"e{self.events}", "actor": one.payload, "place": place or home, "at": at, **more}

    async def command(
        self, one: Human, at: datetime, name: str, text: str = "", *whom: Human, public: bool = False
    ) -> None:
        place = Place(one.workspace, f"C{one.number // 10}", kind="public") if public else None
        mentions = tuple(each.payload for each in whom)
        base = self._base(one, at, place, opens=True)
        await self._answer(one, at, await self.take(Command(**base, name=name, text=text, mentions=mentions)))

    async def press(self, one: Human, at: datetime, action: str, value: str, /, **over: str) -> None:
        answer = await self.take(Action(**self._base(one, at, opens=True), action=action, value=value))
        await self._answer(one, at, answer, **over)

    async def submit(self, one: Human, at: datetime, form: Form, whom: tuple[Human, ...] = (), /, **over: str) -> str:
        """The id of the event by which it came."""
        base = self._base(one, at, form.place, opens=True)
        people = {"whom": tuple(each.payload for each in whom)} if whom else {}
        answers = {**filled(form, self.chance, at.date()), **over}
        answer = await self.take(Submission(**base, form=form.id, value=form.value, answers=answers, people=people))
        self.refused += isinstance(answer, Refuse)
        return str(base["id"])

    async def _answer(self, one: Human, at: datetime, answer: Answer | None, **over: str) -> None:
        if isinstance(answer, OpenForm):
            await self.submit(one, at, answer.form, **over)

    async def say(self, one: Human, at: datetime, text: str, thread: str | None) -> None:
        base = self._base(one, at, Place(one.workspace, one.account, thread, "direct"))
        await self.take(Words(**base, text=text, message=f"w{self.events}"))

    # -- reading

    def read(self, one: Human, message: Outgoing, id: str, now: datetime) -> None:
        """What this message leads to."""
        if message.verb != "post" or not message.card:
            return
        buttons = {button.action: button for button in all_buttons(message.card)}
        source, *rest = message.key.split("/")
        form = next((b.value.partition("|")[0] for b in buttons.values() if "|" in b.value and b.action in TALK), "")
        if form and self._talks.get(one.id) == form:
            self._soon(one, now, lambda o, at: self._reply(o, at, message, id, buttons), 1, 6)
        elif source == "due" and len(rest) > 4:
            self._due(one, now, rest[1], rest[2], int(rest[3]), buttons, message, id, form)
        elif "feedback.answer" in buttons:
            self._asked(one, now, buttons)
        elif form.startswith("grow:") and "talk.form" in buttons:
            self._soon(one, now, lambda o, at: self.press(o, at, "talk.form", form, day=in_days(at, 5, 40)), 5, 60)

    def _due(
        self, one: Human, now: datetime, rhythm: str, period: str, step: int, buttons: dict[str, Button],
        message: Outgoing, id: str, form: str,
    ) -> None:  # fmt: skip
        if rhythm in ("checkin", "review") and step == 0 and form:
            self._round(one, now, rhythm, period, form, buttons, message, id)
        elif rhythm.endswith(".again"):
            resume = next((button.value for name, button in buttons.items() if name in TALK), "")
            self._soon(
                one, now, lambda o, at: self.press(o, at, "talk.form", (form or resume).partition("|")[0]), 5, 90
            )
        elif rhythm == "goals" and self.chance.random() < 0.6:
            name = "goals.still" if "goals.still" in buttons and self.chance.random() < 0.5 else "goals.update"
            if name in buttons:
                self._soon(one, now, lambda o, at: self.press(o, at, name, buttons[name].value, **UPDATE), 10, 400)
        elif rhythm == "grow.followup" and form and self.chance.random() < 0.8:
            over = {"how": self.chance.choice(("done", "partly", "not_yet")), "next": "", "day": ""}
            self._soon(one, now, lambda o, at: self.press(o, at, "talk.form", form, **over), 10, 400)
        elif "feedback.answer" in buttons:
            self._asked(one, now, buttons)

    def _round(
        self, one: Human, now: datetime, rhythm: str, period: str, form: str, buttons: dict[str, Button],
        message: Outgoing, id: str,
    ) -> None:  # fmt: skip
        way = self.chance.random()
        if way < 0.55:
            self._soon(one, now, lambda o, at: self.press(o, at, "talk.form", form), 3, 420)
        elif way < 0.65:

            async def begin(o: Human, at: datetime) -> None:
                self._talks[o.id] = form
                await self._reply(o, at, message, id, buttons)

            self._soon(one, now, begin, 3, 420)
        elif way < 0.70 and "rhythm.skip" in buttons:

            async def skip(o: Human, at: datetime) -> None:
                await self.press(o, at, "rhythm.skip", buttons["rhythm.skip"].value)
                self.ledger.skipped(o.id, rhythm, period, at)

            self._soon(one, now, skip, 3, 420)
        elif way < 0.75 and "rhythm.snooze" in buttons:

            async def snooze(o: Human, at: datetime) -> None:
                await self.press(o, at, "rhythm.snooze", buttons["rhythm.snooze"].value)
                self.ledger.snoozed(o.id, rhythm, period, at, (local(o, at) + timedelta(days=3)).isoformat())

            self._soon(one, now, snooze, 3, 120)
        elif way < 0.90:  # late: some days after, some of them after the first reminder
            days = self.chance.randrange(2, 9) * 24 * 60
            self._soon(one, now, lambda o, at: self.press(o, at, "talk.form", form), days, days + 200)

    async def _reply(self, one: Human, at: datetime, message: Outgoing, id: str, buttons: dict[str, Button]) -> None:
        """To one question: where it has choices by a button, else in words where the question stands."""
        choices = [b for b in all_buttons(message.card) if b.action == "talk.answer"]
        if choices:
            chosen = self.chance.choice(choices)
            await self.press(one, at, chosen.action, chosen.value)
        else:
            thread = (message.place.thread or id) if self.threads(one) else None
            await self.say(one, at, self.chance.choice(SAID), thread)

    def _asked(self, one: Human, now: datetime, buttons: dict[str, Button]) -> None:
        way, request = self.chance.random(), buttons["feedback.answer"].value
        if way < 0.5:
            over = {"situation": MOMENT}
            self._soon(one, now, lambda o, at: self.press(o, at, "feedback.answer", request, **over), 30, 600)
        elif way < 0.65:
            self._soon(one, now, lambda o, at: self.press(o, at, "feedback.decline", request), 30, 600)

    def _soon(self, one: Human, now: datetime, deed: Deed, least: int, most: int) -> None:
        self.later(now + timedelta(minutes=self.chance.uniform(least, most)), one, deed)

    # -- of their own accord

    async def thank(self, one: Human, at: datetime, whom: Human) -> None:
        await self.command(one, at, "kudos", f"for {self.chance.choice(SAID).lower()} #care", whom, public=True)

    async def set_goal(self, one: Human, at: datetime) -> None:
        form = Form("goals.form", "", "", "", ())
        over = {"title": f"Fewer open questions {self.events}", "kind": "measure", "measure": "from 40 to 10 calls",
                "why": "So that we sleep", "due": in_days(at, 90, 300), "visibility": "team"}  # fmt: skip
        event = await self.submit(one, at, form, **over)
        ref = hashlib.sha256(event.encode()).hexdigest()[:16]
        one.goals = [*one.goals[-1:], f"goal:{ref}"]

    async def update_goal(self, one: Human, at: datetime, goal: str) -> None:
        await self.press(one, at, "goals.update", goal, **UPDATE, value=str(self.chance.randrange(10, 40)))

    async def give_feedback(self, one: Human, at: datetime, whom: Human) -> None:
        event = Command(**self._base(one, at, opens=True), name="feedback", mentions=(whom.payload,))
        await self._answer(one, at, await self.take(event), situation=MOMENT)

    async def ask_feedback(self, one: Human, at: datetime, whom: tuple[Human, ...]) -> None:
        await self.command(one, at, "feedback ask", "How did I lead the last retrospective?", *whom)

    async def opened(self, one: Human, at: datetime) -> None:
        await self.take(Opened(**self._base(one, at)))


TALK = ("talk.form", "talk.answer", "talk.skip", "talk.back", "talk.pause", "talk.resume")
UPDATE = {"confidence": "on_track", "story": "The last customer said yes"}


def all_buttons(card: Card | None) -> Iterator[Button]:
    for part in card.parts if card else ():
        if isinstance(part, Buttons):
            yield from part.row


def local(one: Human, at: datetime) -> date:
    return day_of(one.calendar, at)


def in_days(at: datetime, least: int, most: int) -> str:
    return (at.date() + timedelta(days=least + at.minute * 37 % (most - least))).isoformat()


def filled(form: Form, chance: random.Random, today: date) -> dict[str, str]:
    """Every field, as somebody in a hurry does it."""
    found = dict[str, str]()
    for each in form.fields:
        match each:
            case TextBox(id=id, value=value):
                found[id] = value or chance.choice(SAID)
            case Choice(id=id, options=options):
                found[id] = chance.choice(options)[0]
            case Scale(id=id, low=low, high=high):
                found[id] = str(chance.randint(low, high))
            case Day(id=id):
                found[id] = (today + timedelta(days=chance.randrange(7, 40))).isoformat()
    return found
