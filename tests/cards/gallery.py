"""Every card and form there is, found by playing the features: one company per language, on a real store.

What the players type is either plain, or as wild as anybody could make it: names of 80 characters, texts of 3,000.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import update

from bot.core.calendar import period
from bot.core.cards import Button, Card, Form
from bot.core.dialogue import Dialogue, Question
from bot.core.effects import Answer, OpenForm, Post, Refuse, Replace, Retract, SendFile, ShowHome, Tell, Whisper
from bot.core.events import Arrived, Due, Event, Submission
from bot.core.features import Effects, Feature, Route, Routes
from bot.core.people import Person, Place, stranger
from bot.core.progress import Progress
from bot.core.sending import Can, Outgoing
from bot.core.settings import Settings
from bot.platforms.memory import ALL, Memory
from storage import dialogues
from storage import people as folk
from storage.engine import Store
from tests.conftest import NOON, SLACK, Desk, buttons, person

SHOWN = Post | Tell | SendFile | Whisper | Replace | Retract | ShowHome | OpenForm | Refuse
RECOGNITION = "C-thanks"
NAMES = ("Ana", "Max", "Ben", "Cy", "Gil", "Gus", "Robo")
MORE: Mapping[str, dict[str, Any]] = {
    "Ana": {"team": "design"},
    "Gil": {"gone": True},
    "Gus": {"guest": True},
    "Robo": {"bot": True},
}
Key = tuple[type[Event], str]


@dataclass
class Gallery:
    """All that was shown, each thing once, in the order of its coming."""

    lang: str
    wild: bool
    cards: dict[Card, None] = field(default_factory=dict)
    homes: dict[Card, None] = field(default_factory=dict)
    forms: dict[Form, None] = field(default_factory=dict)
    refusals: list[tuple[Form, Mapping[str, str]]] = field(default_factory=list)
    routes: set[Key] = field(default_factory=set)
    accounts: frozenset[str] = frozenset()

    @property
    def everything(self) -> Iterator[Card]:
        yield from self.cards
        yield from self.homes


class Observed(Routes):
    """Routes that note which of them have shown something, and what: a card may be replaced before it is delivered."""

    def __init__(self, gallery: Gallery, *features: Feature) -> None:
        super().__init__(*features)
        self.gallery = gallery

    def find(self, event: Any) -> Route | None:
        route = super().find(event)
        if route is None:
            return None
        handler, key = route.handler, (route.kind, route.key)

        def observed(*facts: Any) -> Effects:
            for effect in handler(*facts):
                if isinstance(effect, SHOWN):
                    self.gallery.routes.add(key)
                match effect:
                    case (
                        Post(card=card)
                        | Tell(card=card)
                        | SendFile(card=card)
                        | Whisper(card=card)
                        | Replace(card=card)
                    ):
                        self.gallery.cards[card] = None
                if isinstance(effect, Post) and effect.otherwise:
                    self.gallery.cards[effect.otherwise] = None
                yield effect

        return replace(route, handler=observed)


# Every mark-up of every platform, who would be called, what would be run, and what would be filled in.
WILD = (
    "🎉 שלום עולם **fet** _kursiv_ `kod` # rubrik\n- punkt\n1. ett\n> citat\n\n<b>&amp; & < > \"'</b>"
    "<script>alert(1)</script><!channel> <@U-max> <at>Max</at> @here [x](http://x) ![y](http://y/z.png)\t"
    "{typed} {0} %s "
    "https://x.example/?a=1&b=<2> \u202eesrever\u202c ***** ~~x~~ |a|b| \\ é\u0301 👩‍👩‍👧‍👦 \r\n"
)
WILD_NAME = "{} <b>&*_[x](http://x)_`#`</b> 🎉 שלום {{typed}} <!here> "


@dataclass
class Tongue:
    """What players say. Wild or plain, never in words of a language the bot speaks."""

    wild: bool
    number: int = 0

    def words(self, limit: int = 3000) -> str:
        self.number += 1
        plain = f"Lorem ipsum {self.number}"
        return (f"{plain} {WILD}" + WILD * (limit // len(WILD) + 1))[:limit].strip() if self.wild else plain

    def name(self, name: str) -> str:
        return WILD_NAME.format(name).ljust(80, "Å")[:80] if self.wild else name


class Stage(Desk):
    """A desk that notes what it shows, and on which buttons are pressed by what they do: their labels vary."""

    def __init__(self, store: Store, gallery: Gallery, *features: Feature, can: Can = ALL, first: str = "m") -> None:
        super().__init__(store, *features, now=NOON, platform=Memory(can, first=first))
        self.gallery, self.routes = gallery, Observed(gallery, *features)
        self.tongue = Tongue(gallery.wild)
        self.words = self.tongue.words
        self.opened = dict[tuple[str, str], Form]()

    async def take(self, event: Arrived) -> Answer | None:
        self.later(seconds=1)  # so that what was touched last is known
        answer = await super().take(event)
        match answer:
            case OpenForm(form):
                self.gallery.forms[form] = None
                self.opened[form.id, form.value] = form
            case Refuse(objections) if isinstance(event, Submission):
                self.gallery.refusals.append((self.opened[event.form, event.value], objections))
        return answer

    async def deliver(self) -> list[Outgoing]:
        sent = await super().deliver()
        for message in sent:
            if message.card:
                (self.gallery.homes if message.verb == "home" else self.gallery.cards)[message.card] = None
        return sent

    async def button(self, who: Person, action: str, value: str = "") -> tuple[Button, Place]:
        """The last shown button that does this, and where its card stands."""
        await self.deliver()
        for id, message in reversed(list(self.platform.shown.items())):
            place = message.place
            reader = message.only_for or (place.conversation if place.kind == "direct" else who.account)
            for button in buttons(message.card) if reader == who.account else ():
                if button.action == action and value in button.value:
                    return button, replace(place, thread=place.thread or id)
        raise LookupError(f"{who.account} sees no button for {action!r} {value!r}")

    async def thread(self, who: Person, action: str, value: str = "") -> Place:
        return (await self.button(who, action, value))[1]

    async def tap(self, who: Person, action: str, value: str = "", **more: Any) -> Form | None:
        """Press it; the form it opened, if it did."""
        button, place = await self.button(who, action, value)
        answer = await self.act(who, action, button.value, place, **more)
        return answer.form if isinstance(answer, OpenForm) else None

    async def fill(self, who: Person, form: Form | None, **more: Any) -> Answer | None:
        assert form, "no form was opened"
        return await self.submit(who, form.id, form.value, form.place, **more)

    async def happens(self, who: Person, what: type[Any], place: Place | None = None, /, **more: Any) -> Answer | None:
        """An event of a kind that has no method of its own."""
        return await self.take(what(**self.base(who, place, opens=True), **more))

    async def due(self, actor: Person, rhythm: str, period: str, step: int = 0) -> Answer | None:
        return await self.happens(actor, Due, rhythm=rhythm, period=period, step=step)

    def this(self, rhythm: str) -> str:
        """The rhythm's period now."""
        return period(self.store.settings.rhythms[rhythm].every, self.now.date())

    async def floor(self, who: Person) -> Progress | None:
        """The dialogue this person is in."""
        async with self.store.reading() as session:
            known = (await folk.introduced(session, [who]))[who.workspace, who.account]
            return await dialogues.with_the_floor(session, known)

    async def through(self, who: Person, dialogue: Dialogue, fuss: bool = False, **answers: str) -> str:
        """Talk it through to its end; with `fuss` making every mistake on the way,
        once per language: no refusal repeats what was typed. Returns the dialogue's id."""
        id, fussed = "", set[str]()
        while (progress := await self.floor(who)) and progress.dialogue == dialogue.name:
            id, question = progress.id, dialogue.next(progress)
            assert question, "an open dialogue asks something"
            if fuss and not self.gallery.wild and question.words not in fussed:
                fussed.add(question.words)
                await self.err(who, progress, question)
            else:
                await self.answer(who, progress, question, answers)
        return id

    async def answer(self, who: Person, progress: Progress, question: Question, answers: Mapping[str, str]) -> None:
        prefix = f"{progress.id}|{question.id}|"
        if question.words in answers:
            await self.say(who, answers[question.words])
        elif question.choices or question.day:
            await self.tap(who, "talk.answer", prefix)
        elif question.scale and self.gallery.wild:
            await self.say(who, f"2, {self.words(2900)}")
        elif question.scale:
            await self.tap(who, "talk.answer", f"{prefix}2")
        else:
            await self.say(who, self.words(question.limit))

    async def err(self, who: Person, progress: Progress, question: Question) -> None:
        """Everything that can be done wrong with a question, and every way around it."""
        first = not progress.given
        wrong = "zzz" if question.choices or question.scale or question.day else "x" * 3001
        for text in (" ", "help", wrong) if first else (wrong,):
            await self.say(who, text)
        if question.must:
            await self.say(who, "skip")
        value = f"{progress.id}|{question.id}"
        if first:
            await self.act(who, "talk.form", value)
        if len(progress.given) == 1:
            for rest in ("pause", "stop"):
                await self.say(who, rest)
                await self.tap(who, "talk.resume", progress.id)
            before = progress.given[-1]
            await self.act(who, "talk.back", value)
            at = await self.floor(who)
            assert at
            await self.act(who, "talk.answer", f"{at.id}|{before.question}|{before.reply}")


async def company(stage: Stage, lang: str) -> dict[str, Person]:
    """The players, as the payloads of a platform name them: what else is known of them comes from the store."""
    found = dict[str, Person]()
    for name in NAMES:
        made = await person(stage.store, name, lang=lang, **MORE.get(name, {}))
        full = stage.tongue.name(name)
        async with stage.store.transaction() as session:
            await session.run(update(folk.people).where(folk.people.c.id == made.id).values(name=full))
        found[name.lower()] = stranger(SLACK, made.account, full, lang=lang)
    stage.gallery.accounts = frozenset(each.account for each in found.values())
    return found


def settings(lang: str, **kudos: Any) -> Settings:
    asked = {"design": {"ask": [{lang: "Quid novi?"}], "without": ["learn"]}}
    return Settings.model_validate(
        {
            "languages": {"default": lang},
            "kudos": {"recognition": {SLACK: RECOGNITION}, "guests": False, "allowance": {"default": 9}, **kudos},
            "checkin": {"teams": asked},
            "messages": {"week": 0},
        }
    )
