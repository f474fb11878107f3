"""One turn: gather, decide, write, commit. The only place where anything happens; what it says leaves by the outbox."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from bot.core.cards import MENTION, Button, Buttons, Card, Form, Note, Text, mention, spelled
from bot.core.effects import (
    Answer,
    Effect,
    Grant,
    KeepDialogue,
    OpenForm,
    Post,
    Record,
    Refuse,
    Replace,
    Retract,
    SendFile,
    ShowHome,
    Tell,
    Whisper,
)
from bot.core.events import (
    DEFAULTS,
    Action,
    Arrived,
    Command,
    Due,
    Event,
    Move,
    Reaction,
    Remark,
    Reply,
    Rewritten,
    Routed,
    Shortcut,
    Submission,
    Words,
)
from bot.core.features import Routes
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.sending import Can
from bot.core.talk import resume_button, spoken_move
from bot.core.watch import Span
from bot.core.wording import wording
from storage import access, addressing, dialogues, digest, homes, introductions, nudges, outbox
from storage import people as folk
from storage.engine import Session, Store

log = logging.getLogger(__name__)
say = wording("common")
BUTTONS: Mapping[str, Move] = {
    "answer": "answer",
    "back": "back",
    "skip": "skip",
    "pause": "pause",
    "resume": "resume",
    "form": "form",
}


@dataclass(frozen=True)
class Turns:
    routes: Routes
    store: Store
    cans: Mapping[str, Can]  # by the platform's name

    async def take(self, event: Arrived) -> Answer | None:
        """Do what this event asks for, once. Returns what the request itself is answered with, if anything.

        A repeat of an event does nothing and is answered with nothing. Whatever a handler or the store raises leaves
        no trace, so that a repeat works. Raises Full for a nudge to somebody who was told enough this week.
        """

        async def taken(session: Session) -> Answer | None:
            answer = await self._taken(session, event, span)
            span.mark()
            return answer

        with Span("turn", _kind(event), event.actor.home.platform, event.ref) as span:
            try:
                # The answer comes only after the commit: no form is opened for what did not happen.
                return await self.store.unit(taken, f"{event.actor.workspace}/{event.actor.account}")
            except digest.Full as full:
                span.outcome, waits = "waits", full
        raise waits

    async def offer(self, event: Command | Shortcut | Action | Submission, form: Form) -> None:
        """The form this event was answered with could not be opened after all: send a button that opens it instead."""

        async def offered(session: Session) -> None:
            known = await _introduced(session, replace(event, opens=False))
            assert isinstance(known, Command | Shortcut | Action | Submission)
            await self._do(session, known, -1, OpenForm(form))

        await self.store.unit(offered)

    async def _taken(self, session: Session, event: Arrived, span: Span) -> Answer | None:
        if not await outbox.first_time(session, event):
            span.outcome = "repeat"
            return None
        routed = await self._understood(session, await _introduced(session, event))
        if isinstance(routed, Due):
            await nudges.said(session, routed)
        if routed is None or (route := self.routes.find(routed)) is None:
            span.outcome = "unheard"
            return None
        span.what, span.feature = _kind(routed), route.feature
        facts = [await route.gather(session, routed)] if route.gather else []
        answer, effects = None, list[Effect](route.handler(routed, *facts))
        await introductions.before(session, routed, effects)
        waiting = await digest.waiting(session, routed, effects)
        for number, effect in enumerate(effects):
            answer = await self._do(session, routed, number, effect, number in waiting) or answer
        await homes.changed(session, routed, effects)
        return answer

    async def _do(
        self, session: Session, event: Routed, number: int, effect: Effect, waits: bool = False
    ) -> Answer | None:
        if session.settings.companies:
            effect = await addressing.addressed(session, event, effect)
        match effect:
            case Record(fact):
                await fact.save(session)
            case KeepDialogue(progress):
                await dialogues.keep(session, event, progress)
                await self._give_the_floor(session, event, number, progress)
            case Grant():
                await access.grant(session, event, effect)
            case Whisper(card) if event.place.kind == "direct":
                # Nobody else is there, and an ephemeral message would be gone after a reload.
                await outbox.put(session, event, number, Post(event.place, card))
            case Whisper(card) if not self.cans[event.place.platform].whispers:
                await outbox.put(session, event, number, Tell(event.actor, card))
            case ShowHome(person, card, asked) if self.cans[person.home.platform].home:
                await outbox.put(session, event, number, effect)
                if asked:
                    await outbox.put(session, event, f"{number}.asked", Tell(person, card))
            case ShowHome(person):
                below = Card(parts=(Note(say(person, "home_below")),))
                await outbox.put_home(session, event, number, effect, below)
            case Tell() if waits:
                await digest.hold(session, event, number, effect)
            case Tell(person, _, thread) if thread and person.id != event.actor.id:
                await digest.first_of(session, event, effect)
                await outbox.put(session, event, number, effect)
            case Replace() | Retract():
                await digest.changed(session, event, effect)
                await outbox.put(session, event, number, effect)
            case Post() | Tell() | SendFile() | Whisper():
                await outbox.put(session, event, number, effect)
            case OpenForm(form) if event.opens:
                form = spelled(form, say(event.actor, "somebody"))
                return OpenForm(form if form.place else replace(form, place=event.place))
            case OpenForm(form):
                # Nothing here can open a form: a button that can is sent instead.
                action = "talk.form" if form.id == "talk.fill" else form.id
                button = Button(say(event.actor, "open_form"), action, form.value, "primary", opens=True)
                await outbox.put(session, event, number, Tell(event.actor, Card(form.title, (Buttons((button,)),))))
            case Refuse() if isinstance(event, Submission | Reply):
                return spelled(effect, say(event.actor, "somebody"))
            case Refuse(objections):
                lines = tuple(Text(objection) for objection in objections.values())
                await outbox.put(session, event, number, Tell(event.actor, Card(parts=lines)))
        return None

    async def _give_the_floor(self, session: Session, event: Event, number: int, progress: Progress) -> None:
        """Without threads one dialogue has the floor: what else was open waits, and a button brings it back."""
        if self.cans[event.actor.home.platform].threads_in_direct or progress.state != "open":
            return
        for waiting, other in enumerate(await dialogues.pause_others(session, event, progress)):
            card = Card(parts=(Text(say(event.actor, "waits")), Buttons((resume_button(event.actor, other),))))
            await outbox.put(session, event, f"{number}.{waiting}", Tell(event.actor, card))

    async def _understood(self, session: Session, event: Arrived) -> Routed | None:
        match event:
            case Words():
                return await self._heard(session, event)
            case Rewritten():
                return await _rewritten(session, event)
            case Action(action=action, value=value) if action.removeprefix("talk.") in BUTTONS:
                return await _pressed(session, event, BUTTONS[action.removeprefix("talk.")], value)
            case Submission(form="talk.fill", value=value):
                if progress := await dialogues.own(session, event.actor, value):
                    return _reply(event, progress, "fill", answers=event.answers)
                return None
            case Reaction():
                # Somebody else's message has the topic "message".
                topic = await outbox.about(session, event.place, event.message)
                return replace(event, about="message" if topic is None else topic)
            case Command():
                return self.routes.refine(event)
            case _:
                return event

    async def _heard(self, session: Session, words: Words) -> Routed | None:
        """In a thread of ours words are its dialogue's; elsewhere they are a command, or answer what has the floor."""
        actor, place = words.actor, words.place
        if place.thread and (topic := await outbox.topic_of(session, place)):
            if progress := await dialogues.in_thread(session, actor, topic):
                if progress.finished:  # what is said after the end is said to whoever it is shared with
                    return Remark(**_base(words), topic=f"finished:{topic}", text=words.text)
                return _spoken(words, progress)
            return Remark(**_base(words), topic=topic, text=words.text)
        floor = await dialogues.with_the_floor(session, actor) if place.kind == "direct" else None
        if command := self._spelled(words, strict=floor is not None):
            return command
        if floor:
            return _spoken(words, floor)
        return Command(**_base(words), name="kadens help") if words.text.strip() else None

    def _spelled(self, words: Words, strict: bool) -> Command | None:
        """The command these words spell. While a dialogue has the floor, `strict`: only what cannot be an answer."""
        first, _, rest = words.text.strip().partition(" ")
        slash, name = first.startswith("/"), first.lower().lstrip("/")
        name = name.removeprefix(words.settings.prefix)
        if name not in self.routes.commands:
            return None
        said = Command(**_base(words), name=name, text=rest.strip(), mentions=words.mentions, groups=words.groups)
        command = self.routes.refine(said)
        # "review of the plan" is an answer; "kadens home" and "kudos me" can hardly be one.
        certain = command.name != name and (name == "kadens" or not command.text)
        plain = rest.strip() and not (slash or words.mentions or certain)
        return None if strict and plain else command


def _kind(event: Event) -> str:
    return type(event).__name__.lower()


async def _introduced(session: Session, event: Arrived) -> Arrived:
    """The event with the people we keep instead of the strangers its payload named."""
    strangers = [someone for someone in _people_in(event) if not someone.id]
    known = await folk.received(session, strangers, event.at) if strangers else {}

    def who(someone: Person) -> Person:
        return someone if someone.id else known[someone.workspace, someone.account][0]

    actor, settings = who(event.actor), event.settings
    if not event.actor.id:
        key = event.actor.workspace, event.actor.account
        actor, settings = await addressing.met(session, event, actor, key), known[key][1]
    elif settings is DEFAULTS:  # what the store itself has made, such as a nudge that is due, brings its own
        settings = session.settings
    event = replace(event, actor=actor, settings=settings)
    if session.settings.companies:  # the lock that the turn took is an account's, and they may have two
        await session.hold(f"person/{actor.id}")
    match event:
        case Words(mentions=mentions) | Command(mentions=mentions):
            named = {someone.account: who(someone) for someone in mentions}
            return replace(event, mentions=tuple(map(who, mentions)), text=_with_names(event.text, named))
        case Submission(people=people):
            return replace(event, people={field: tuple(map(who, those)) for field, those in people.items()})
        case Shortcut(author=Person() as author) | Reaction(author=Person() as author):
            return replace(event, author=who(author))
        case _:
            return event


def _with_names(text: str, known: Mapping[str, Person]) -> str:
    """The text with the names we know in its mentions, by account: not every platform tells them along."""
    return MENTION.sub(lambda found: mention(known[found[1]]) if found[1] in known else found[0], text)


def _people_in(event: Arrived) -> list[Person]:
    match event:
        case Words(mentions=mentions) | Command(mentions=mentions):
            return [event.actor, *mentions]
        case Submission(people=people):
            return [event.actor, *(someone for those in people.values() for someone in those)]
        case Shortcut(author=Person() as author) | Reaction(author=Person() as author):
            return [event.actor, author]
        case _:
            return [event.actor]


async def _rewritten(session: Session, event: Rewritten) -> Reply | None:
    progress = await dialogues.answered_by(session, event.actor, event.message)
    if progress is None:
        return None
    # The store compares without case; a message without an id answers nothing.
    same = (given.question for given in progress.given if given.message and given.message == event.message)
    if (question := next(same, None)) is None:
        return None
    return _reply(event, progress, "edit", text=event.text or "", message=event.message, question=question)


async def _pressed(session: Session, event: Action, move: Move, value: str) -> Reply | None:
    """A button of a dialogue. Only its owner can press it."""
    id, _, rest = value.partition("|")
    question, _, text = rest.partition("|")
    progress = await dialogues.own(session, event.actor, id)
    if progress is None:
        return None
    return _reply(event, progress, move, text=text, question=question)


def _spoken(words: Words, progress: Progress) -> Reply:
    move = spoken_move(words.text, words.actor) or "answer"
    return _reply(words, progress, move, text=words.text, message=words.message)


def _reply(event: Event, progress: Progress, move: Move, **more: Any) -> Reply:
    return Reply(**_base(event), progress=progress, move=move, **more)


def _base(event: Event) -> dict[str, Any]:
    return {field.name: getattr(event, field.name) for field in fields(Event)}
