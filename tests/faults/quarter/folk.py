"""People: they read what they are told, press what it offers, and write words of which each can be known again."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from bench.year.company import Human
from bench.year.lives import TALK, Lives, all_buttons
from bot.core.cards import Button, Choice, Day, Form, PeoplePicker, Remark, Scale, TextBox
from bot.core.effects import Answer, OpenForm, Refuse
from bot.core.events import Action, Command, Reaction, Shortcut, Submission, Words
from bot.core.people import Place
from bot.core.sending import Outgoing
from bot.core.watch import ref_of
from tests.faults.quarter.habits import (
    ANSWERED,
    DAYS,
    FORMS,
    HOURS,
    JOINS,
    KEPT,
    NEVER,
    NEXT_DAY,
    PRESSED,
    REMARKS,
    SLOW,
    TALKED,
    Wait,
)
from tests.faults.quarter.town import Town
from tests.faults.quarter.words import Words as Said


@dataclass
class Folk(Lives):
    words: Said = field(default_factory=Said)
    objections: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)  # buttons nobody has a habit for
    explored: Counter[tuple[str, str]] = field(default_factory=Counter)
    town: Town = field(init=False)
    _lately: set[tuple[object, ...]] = field(default_factory=set)
    exploring: set[str] = field(default_factory=set)  # ids of events by which somebody looks around

    def day(self, at: datetime, least: int, most: int) -> str:
        return (at.date() + timedelta(days=self.chance.randrange(least, most))).isoformat()

    # -- what a platform would send

    def _event(self, one: Human, at: datetime, place: Place | None, look: bool) -> dict[str, Any]:
        base = self._base(one, at, place, opens=True)
        if look:
            self.exploring.add(base["id"])
        return base

    async def press_on(
        self, one: Human, at: datetime, button: Button, place: Place | None, look: bool = False, **over: Any
    ) -> None:
        """A button where it stands, and the form it opens."""
        if button.action == "people.confirm":
            self.town.moved(self.town.humans[button.value], one, at)
        base = self._event(one, at, place, look)
        answer = await self.take(Action(**base, action=button.action, value=button.value))
        await self._answered(one, at, answer, look, **over)

    async def do(
        self, one: Human, at: datetime, name: str, text: str = "", *whom: Human, place: Place | None = None,
        look: bool = False, **over: Any,
    ) -> None:  # fmt: skip
        """A command, and the form it opens; where there are no commands, the same in words."""
        mentions, base = tuple(each.payload for each in whom), self._event(one, at, place, look)
        if self.threads(one) or place:
            answer = await self.take(Command(**base, name=name, text=text, mentions=mentions))
        else:
            said = {**base, "opens": False, "text": f"{name} {text}".strip(), "mentions": mentions}
            answer = await self.take(Words(**said, message=f"w{self.events}"))
        await self._answered(one, at, answer, look, **over)

    async def choose(self, one: Human, at: datetime, name: str, author: Human | None = None) -> None:
        """Something from a menu; with an author from that of their message."""
        place = Place(one.workspace, self.hall(one), kind="public") if author else None
        base = self._event(one, at, place, look=True)
        on = {"text": "It is done", "message": f"x{self.events}"} if author else {}
        more: dict[str, Any] = {**on, "author": author.payload if author else None}
        await self._answered(one, at, await self.take(Shortcut(**base, name=name, **more)), look=True)

    async def react(self, one: Human, at: datetime, emoji: str, message: str, author: Human | None = None) -> None:
        """On a message in the channel of their team."""
        base = self._base(one, at, Place(one.workspace, self.hall(one), kind="public"))
        await self.take(Reaction(**base, emoji=emoji, author=author.payload if author else None, message=message))

    def hall(self, one: Human) -> str:
        """The channel of their team."""
        return f"C{one.number // 10}"

    async def _answered(self, one: Human, at: datetime, answer: Answer | None, look: bool = False, **over: Any) -> None:
        if isinstance(answer, OpenForm) and not (look and answer.form.id in NEVER):
            await self.fill(one, at, answer.form, look, **over)

    async def fill(self, one: Human, at: datetime, form: Form, look: bool = False, **over: Any) -> None:
        """A form as somebody fills it in who means it."""
        name = form.value.partition(":")[0] if form.id == "talk.fill" else form.id
        said = ANSWERED[name](self, one, form, at) if name in ANSWERED else {}
        pickers = [each for each in form.fields if isinstance(each, PeoplePicker)]
        known = {each.id for each in form.fields if not isinstance(each, Remark)} - {each.id for each in pickers}
        own = {id: value for id, value in {**said, **over}.items() if id in known}
        answers = {**self._answers(one, at, form, name), **own}
        chosen = {each.id: over.get("whom") or self.whom(one, at, each) for each in pickers}
        people = {id: tuple(each.payload for each in those) for id, those in chosen.items()}
        base = self._event(one, at, form.place, look)
        answer = await self.take(Submission(**base, form=form.id, value=form.value, answers=answers, people=people))
        if isinstance(answer, Refuse):
            self.refused += 1
            self.objections[f"{name}: {'; '.join(f'{a}: {b[:60]}' for a, b in answer.objections.items())}"] += 1
        elif form.id == "goals.form":
            one.goals = [*one.goals[-1:], f"goal:{ref_of(base['id'])}"]

    def whom(self, one: Human, at: datetime, field: PeoplePicker) -> list[Human]:
        """Who stands there already; else whoever is near, and has the same clock."""
        if field.people:
            return [self.town.humans[each.id] for each in field.people]
        mates = [self.town.humans[id] for id in sorted(self.town.mates(one.id, at)) if id != one.id]
        here = [mate for mate in mates if mate.here(at.date()) and mate.calendar.zone == one.calendar.zone]
        return self.chance.sample(here, min(len(here), 2 if field.many else 1))

    def _answers(self, one: Human, at: datetime, form: Form, name: str) -> Mapping[str, str]:
        """Every field: what stands in it already, a new word, or whatever chance says."""
        found = dict[str, str]()
        for each in form.fields:
            match each:
                case TextBox(id=id, value=value):
                    found[id] = value or ("" if name in KEPT else self.words.new(one.id, name, id, about=form.value))
                case Choice(id=id, options=options, value=value, many=many):
                    found[id] = value if many or name in KEPT else self.chance.choice(options)[0]
                case Scale(id=id, low=low, high=high):
                    found[id] = str(self.chance.randint(low, high))
                case Day(id=id, value=value):
                    found[id] = value.isoformat() if value else self.day(at, 7, 40)
        return found

    # -- reading

    def read(self, one: Human, message: Outgoing, id: str, now: datetime) -> None:
        explores = message.event in self.exploring
        if not message.card or message.verb not in (("post", "update") if explores else ("post",)):
            return
        where = message.place
        place = Place(where.workspace, where.conversation, where.thread or id, where.kind)
        buttons = {button.action: button for button in all_buttons(message.card)}
        talks = (button.value.partition("|")[0] for button in buttons.values() if button.action in TALK)
        if explores:
            self._explore(one, now, list(all_buttons(message.card)), place)
        elif talk := next((id for id in talks if ":" in id), ""):
            self._talk(one, now, talk, buttons, place, message)
        elif "people.confirm" in buttons:
            asks = self.town.humans[buttons["people.confirm"].value]
            self._press_soon(one, now, buttons["people.refuse" if asks.number % 2 else "people.confirm"], place, HOURS)
        else:
            self._offered(one, now, buttons, place)

    def _offered(self, one: Human, now: datetime, buttons: Mapping[str, Button], place: Place) -> None:
        """One of the buttons, as is their habit; or a word in its thread."""
        group = next((group for group in PRESSED if group.keys() & buttons.keys()), {})
        if action := self._chosen({name: chance for name, chance in group.items() if name in buttons}):
            self._press_soon(one, now, buttons[action], place, HOURS)
        elif form := next((button for name, button in buttons.items() if name in FORMS and len(buttons) == 1), None):
            self._press_soon(one, now, form, place, HOURS)
        elif self.chance.random() < REMARKS and self.threads(one):
            self._soon(one, now, lambda o, at: self.say(o, at, self.words.new(o.id, "a thread"), place.thread), *HOURS)
        if not group:
            self.unknown.update(buttons.keys())

    def seen(self, message: Outgoing, id: str, now: datetime) -> None:
        """What stands in a channel: somebody of the team joins in, by an emoji or by the button."""
        team, channel = self._teams.get(message.place.conversation), message.place
        if message.verb != "post" or not message.card or not team or self.chance.random() > JOINS:
            return
        one, buttons = self.chance.choice(team), {each.action: each for each in all_buttons(message.card)}
        place = Place(channel.workspace, channel.conversation, channel.thread or id, channel.kind)
        if "kudos.join" in buttons and self.chance.random() < 0.3:
            self._press_soon(one, now, buttons["kudos.join"], place, HOURS)
        else:
            self._soon(one, now, lambda o, at: self.react(o, at, "clap", id), *HOURS)

    @cached_property
    def _teams(self) -> Mapping[str, list[Human]]:
        """By the channel of each."""
        found = defaultdict[str, list[Human]](list)
        for one in self.town.humans.values():
            found[self.hall(one)].append(one)
        return found

    def _chosen(self, chances: Mapping[str, float]) -> str:
        way = self.chance.random()
        for name, chance in chances.items():
            if (way := way - chance) < 0:
                return name
        return ""

    def _press_soon(
        self, one: Human, now: datetime, button: Button, place: Place, wait: Wait, look: bool = False
    ) -> None:
        """Nobody presses the same button again and again."""
        this = one.id, button.action, button.value, now.isocalendar()[:2]
        if this in self._lately:
            return
        self._lately.add(this)
        self._soon(one, now, lambda o, at: self.press_on(o, at, button, place, look), *wait)

    def _explore(self, one: Human, now: datetime, buttons: list[Button], place: Place) -> None:
        for button in buttons:
            if button.action in NEVER or self.explored[one.id, button.action] > 1:
                continue
            wait = DAYS if button.action in SLOW or self.explored[one.id, button.action] else NEXT_DAY
            self.explored[one.id, button.action] += 1
            self._press_soon(one, now, button, place, wait, look=True)

    # -- dialogues

    def _talk(
        self, one: Human, now: datetime, talk: str, buttons: Mapping[str, Button], place: Place, message: Outgoing
    ) -> None:
        name = talk.partition(":")[0]
        if self._talks.get(one.id) == talk and any("|" in b.value for b in buttons.values()):
            self._soon(one, now, lambda o, at: self.reply(o, at, message, place), 1, 9)
            return
        if "talk.form" not in buttons and "talk.resume" not in buttons:
            return
        if not ("talk.form" in buttons and "|" in buttons["talk.form"].value) and "talk.resume" not in buttons:
            return  # it is over, and could be changed
        form = Button("", "talk.form", buttons.get("talk.form", Button("", "", talk)).value or talk)
        match self._chosen(TALKED.get(name, TALKED[""])):
            case "form":
                self._press_soon(one, now, form, place, HOURS)
            case "late":
                self._press_soon(one, now, form, place, DAYS)
            case "thread":
                self._talks[one.id] = talk
                self._soon(one, now, lambda o, at: self.reply(o, at, message, place), *HOURS)
            case "skip" | "snooze" as way if f"rhythm.{way}" in buttons:
                self._press_soon(one, now, buttons[f"rhythm.{way}"], place, HOURS)

    async def reply(self, one: Human, at: datetime, message: Outgoing, place: Place) -> None:
        """To one question: by a button where it has some, else in words where the question stands."""
        choices = [b for b in all_buttons(message.card) if b.action == "talk.answer"]
        if choices:
            await self.press_on(one, at, self.chance.choice(choices), place)
            return
        name = next((b.value.partition(":")[0] for b in all_buttons(message.card) if b.action in TALK), "")
        said = self.words.new(one.id, name)
        base = self._base(one, at, place if self.threads(one) else Place(one.workspace, one.account, kind="direct"))
        await self.take(Words(**base, text=said, message=f"w{self.events}"))
