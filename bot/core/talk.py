"""How any dialogue is talked through: one question at a time in its thread, or all at once in a form.

A feature brings the dialogue and says what its end means; everything between the first question and the end is here,
pure: a Reply in, effects out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from bot.core import answers
from bot.core.cards import Button, Buttons, Card, Choice, Day, Field, Form, Note, Part, Scale, Text, TextBox
from bot.core.dates import read_day
from bot.core.dialogue import Dialogue, Question
from bot.core.effects import Effect, KeepDialogue, OpenForm, Refuse, Replace, Tell
from bot.core.events import Event, Move, Reply
from bot.core.people import Person
from bot.core.progress import Given, Progress
from bot.core.wording import Wording, wording

say = wording("dialogue")
MOVES: tuple[Move, ...] = ("back", "skip", "pause", "resume", "stop", "help")

Parts = Callable[[Person, Question, Progress], tuple[Part, ...]]
Finish = Callable[[Event, Progress], Iterator[Effect]]


def no_parts(reader: Person, question: Question, progress: Progress) -> tuple[Part, ...]:
    return ()


def no_intro(reader: Person, progress: Progress) -> tuple[Part, ...]:
    return ()


def no_moves(reader: Person, progress: Progress) -> tuple[Button, ...]:
    return ()


def no_title(reader: Person, progress: Progress) -> str:
    return ""


@dataclass(frozen=True)
class Talk:
    dialogue: Dialogue
    finish: Finish  # what the end means; also called when a finished one was edited
    beside: Callable[[Event, Progress, Question, str], Iterator[Effect]] | None = None  # after each answer
    more: Parts = no_parts  # shown with a question: what was said last time, say
    title: Callable[[Person, Progress], str] = no_title  # of the first card, which begins the thread
    before: Callable[[Person, Progress], tuple[Part, ...]] = no_intro  # on it, also once it is answered
    moves: Callable[[Person, Progress], tuple[Button, ...]] = no_moves  # that each question has besides

    @property
    def name(self) -> str:
        return self.dialogue.name

    @property
    def say(self) -> Wording:
        return self.dialogue.say

    def hear(self, event: Reply) -> Iterator[Effect]:
        """Everything that can happen in the dialogue."""
        progress = event.progress
        match event.move:
            case "answer" | "edit":
                yield from self._answer(event)
            case "back":
                yield from self.ask(event, self._back(progress))
            case "skip":
                yield from self._skip(event)
            case "pause" | "stop":
                yield from self._rest(event, "paused" if event.move == "pause" else "stopped")
            case "resume":
                yield from self.ask(event, self.dialogue.settled(progress))
            case "help":
                yield Tell(event.actor, Card(parts=(Text(say(event.actor, "help")),)), progress.topic)
            case "form":
                yield OpenForm(self.form(event.actor, progress))
            case "fill":
                yield from self._fill(event)

    def _back(self, progress: Progress) -> Progress:
        """To another question than the one asked now: what was said in one breath is taken back together."""
        asked, progress = self.dialogue.next(progress), progress.back()
        while progress.given and asked is not None and self.dialogue.next(progress) == asked:
            progress = progress.back()
        return progress

    def ask(self, event: Event, progress: Progress, *before: Part, after: tuple[Button, ...] = ()) -> Iterator[Effect]:
        """Keep the progress and ask what is next; past the last question, come to the end."""
        if progress.finished:
            yield KeepDialogue(progress)
            yield from self.finish(event, progress)
            return
        question = self.dialogue.next(progress)
        if question is None:
            yield from self.ask(event, replace(progress, state="finished"))
            return
        yield KeepDialogue(progress)
        card = self.card(event.actor, progress, question, before, after)
        yield Tell(event.actor, card, progress.topic, topic(progress, question))

    def card(
        self,
        reader: Person,
        progress: Progress,
        question: Question,
        before: tuple[Part, ...] = (),
        after: tuple[Button, ...] = (),
    ) -> Card:
        """One question, with the buttons that answer it and those that every question has."""
        parts = [*before, Text(self.dialogue.asks(question, reader)), *self.more(reader, question, progress)]
        if row := self._answers(reader, progress, question):
            parts.append(Buttons(row))
        value = f"{progress.id}|{question.id}"
        moves = [] if question.must else [Button(self._skip_label(reader, question), "talk.skip", value)]
        if progress.given:
            moves.append(Button(say(reader, "back"), "talk.back", value))
        elif len(self.dialogue.questions(progress)) > 1:
            moves.append(Button(say(reader, "all_at_once"), "talk.form", value, opens=True))
        if progress.given:
            moves.append(Button(say(reader, "pause"), "talk.pause", value))
        if not progress.given:
            parts = [*self.before(reader, progress), *parts]
        title = "" if progress.given else self.title(reader, progress)
        return Card(title, (*parts, Buttons((*moves, *self.moves(reader, progress), *after))))

    def _skip_label(self, reader: Person, question: Question) -> str:
        own = f"skip.{question.words}"
        return self.say(reader, own) if self.say.has(own) else say(reader, "skip")

    def edit_button(self, reader: Person, progress: Progress) -> Buttons:
        return Buttons((Button(say(reader, "edit"), "talk.form", progress.id, opens=True),))

    def reopen(self, reader: Person, progress: Progress, text: str) -> Tell:
        """A word about a dialogue that waits, with the button that takes it up."""
        return Tell(reader, Card(parts=(Text(text), Buttons((resume_button(reader, progress),)))), progress.topic)

    def left(self, event: Event, progress: Progress) -> Iterator[Effect]:
        """It ended before its last question: the card that asked keeps its words, and its buttons are gone."""
        if question := self.dialogue.next(progress):
            reader, first = event.actor, not progress.given
            parts = (*(self.before(reader, progress) if first else ()), Text(self.dialogue.asks(question, reader)))
            yield Replace(topic(progress, question), Card(self.title(reader, progress) if first else "", parts))

    def closed(self, event: Reply, text: str) -> Iterator[Effect]:
        """Its time is over: say so, and let go of it, or it would keep the floor for ever."""
        if not event.progress.finished:
            yield KeepDialogue(replace(event.progress, state="stopped"))
        yield Tell(event.actor, Card(parts=(Text(text),)), event.progress.topic)

    def _answers(self, reader: Person, progress: Progress, question: Question) -> tuple[Button, ...]:
        value = f"{progress.id}|{question.id}|"
        if question.scale:
            low, high = question.scale
            return tuple(Button(str(n), "talk.answer", f"{value}{n}") for n in range(low, high + 1))
        if question.day:
            return tuple(Button(say(reader, f"day.{days}"), "talk.answer", f"{value}+{days}") for days in (7, 14, 30))
        return tuple(
            Button(self.dialogue.choice(reader, question, choice), "talk.answer", f"{value}{choice}")
            for choice in question.choices
        )

    def _answer(self, event: Reply) -> Iterator[Effect]:
        dialogue, progress = self.dialogue, event.progress
        # An old button whose question is no longer on the page must not answer another one.
        question = dialogue.find(progress, event.question) if event.question else dialogue.next(progress)
        if question is None:
            return
        if event.move == "edit":
            progress, problem = answers.edited(self.dialogue, event, question)
        else:
            progress, problem = answers.answered(self.dialogue, event, progress, question, event.text)
        if problem:
            again = self._answers(event.actor, progress, question)
            parts = (Text(problem), Buttons(again)) if again else (Text(problem),)
            yield Tell(event.actor, Card(parts=parts), progress.topic)
            return
        progress = dialogue.settled(progress)
        if self.beside:
            yield from self.beside(event, progress, question, progress.answers.get(question.id, ""))
        asked = dialogue.next(event.progress)
        if event.move == "edit" and asked is not None and asked == dialogue.next(progress):
            yield KeepDialogue(replace(progress, state=event.progress.state))  # the question asked last still stands
        else:
            yield from self.ask(event, progress)
            yield from self._done_with(event, progress, question)

    def _done_with(self, event: Reply, progress: Progress, question: Question) -> Iterator[Effect]:
        """The card that asked has done its work: it shows what was chosen, and its buttons are gone.

        After the next question, which is not to wait for it. The first card, which may hold more than its question,
        keeps what it has while the talk goes on, unless it was answered by one of its buttons.
        """
        reader, first = event.actor, [given.question for given in progress.given[:1]] == [question.id]
        if first and (event.message or event.move == "skip"):
            return
        parts = [*(self.before(reader, progress) if first else ()), Text(self.dialogue.asks(question, reader))]
        if not event.message:
            parts.append(Note(self.shown(reader, question, progress.answers.get(question.id, ""))))
        yield Replace(topic(progress, question), Card(self.title(reader, progress) if first else "", tuple(parts)))

    def shown(self, reader: Person, question: Question, reply: str) -> str:
        """An answer as it reads: a choice by its label, a skipped one as such."""
        if not reply:
            return say(reader, "skipped")
        if question.choices:
            return self.dialogue.choice(reader, question, reply)
        if question.day and (day := read_day(reply, reader.lang)):
            return say(reader, "plain", text=day)
        return reply

    def _skip(self, event: Reply) -> Iterator[Effect]:
        dialogue, progress = self.dialogue, event.progress
        question = dialogue.find(progress, event.question) if event.question else dialogue.next(progress)
        if question is None:
            return
        if question.must:
            yield Tell(event.actor, Card(parts=(Text(say(event.actor, "must")),)), progress.topic)
            return
        progress = dialogue.settled(answers.given(dialogue, progress, question, "", event))
        yield from self.ask(event, progress)
        yield from self._done_with(event, progress, question)

    def _rest(self, event: Reply, state: str) -> Iterator[Effect]:
        progress = event.progress
        if progress.finished:
            return
        yield KeepDialogue(replace(progress, state="paused" if state == "paused" else "stopped"))
        yield self.reopen(event.actor, progress, say(event.actor, state))

    def form(self, reader: Person, progress: Progress) -> Form:
        """All questions at once, with what was answered already."""
        fields = list[Field]()
        for question in self.dialogue.questions(progress):
            if self._on_form(question, progress):
                fields += self._fields(reader, progress, question)
        title = self.say(reader, "form_title")
        return Form("talk.fill", title, say(reader, "done"), say(reader, "cancel"), tuple(fields), progress.id)

    def _on_form(self, question: Question, progress: Progress) -> bool:
        """A guard that only an answer on this same form could open is asked as well, and may be left empty."""
        return self.dialogue.holds(question, progress) or not question.must or self._is_story(question)

    def _is_story(self, question: Question) -> bool:
        return question.words in self.dialogue.stories

    def _fields(self, reader: Person, progress: Progress, question: Question) -> list[Field]:
        label, value, optional = (
            self.dialogue.asks(question, reader),
            progress.answers.get(question.id, question.default),
            # Whether a story is wanted follows from what is chosen beside it: the form cannot tell.
            not question.must or self._is_story(question),
        )
        if question.scale:
            low, high = question.scale
            return [Scale(question.id, label, low, high, int(value) if value else None, optional)]
        if question.choices:
            options = tuple((choice, self.dialogue.choice(reader, question, choice)) for choice in question.choices)
            return [Choice(question.id, label, options, value, optional=optional)]
        if question.day:
            return [Day(question.id, label, read_day(value, reader.lang) if value else None, optional)]
        return [TextBox(question.id, label, value, question.limit, optional=optional)]

    def _fill(self, event: Reply) -> Iterator[Effect]:
        """The form came back: the same record as if each question had been answered by itself."""
        progress, wrong = replace(event.progress, given=()), dict[str, str]()
        for question in self.dialogue.questions(progress):
            text = event.answers.get(question.id, "").strip()
            if text:
                progress, problem = answers.answered(self.dialogue, event, progress, question, text)
                if problem:
                    wrong[question.id] = problem
            elif question.id not in event.answers and (before := _before(event.progress, question)):
                if question.id not in progress.answers:
                    progress = progress.give(before)  # the form had no room to show it
            elif question.must and self.dialogue.holds(question, progress):
                if self._on_form(question, event.progress):  # what was not there to be filled in is asked afterwards
                    wrong[question.id] = say(event.actor, "must")
            elif question.id not in progress.answers:  # words given along with another answer stay
                progress = answers.given(self.dialogue, progress, question, "", event)
        if wrong:
            yield Refuse(wrong)
        else:
            asked, progress = self.dialogue.next(event.progress), self.dialogue.settled(progress)
            yield from self.ask(event, progress)
            if asked:
                yield from self._done_with(event, progress, asked)

    def summary(self, reader: Person, progress: Progress) -> tuple[tuple[str, str], ...]:
        """What was asked and answered, without what was skipped; for Facts."""
        rows = []
        for given in progress.given:
            question = self.dialogue.find(progress, given.question)
            if given.reply and question:
                short = f"short.{question.words}"
                label = self.say(reader, short, item=question.item) if self.say.has(short) else given.asked
                rows.append((label, self.shown(reader, question, given.reply)))
        return tuple(rows)


def _before(progress: Progress, question: Question) -> Given | None:
    return next((given for given in progress.given if given.question == question.id), None)


def resume_button(reader: Person, progress: Progress) -> Button:
    return Button(say(reader, "resume"), "talk.resume", progress.id, "primary")


def topic(progress: Progress, question: Question) -> str:
    """By which the card that asked this question is found again."""
    return f"ask:{progress.id}|{question.id}"


def spoken_move(text: str, reader: Person) -> Move | None:
    """The reserved word this text is, in the reader's language or in English."""
    word = text.strip().lower().strip(".!?")
    for move in MOVES:
        if word in (move, say(reader, f"words.{move}")):
            return move
    return None
