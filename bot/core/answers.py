"""What a reply says: the answer to a question, and the story told along with it or instead. Pure."""

import re
from dataclasses import replace
from datetime import timedelta

from bot.core.dates import read_day
from bot.core.dialogue import Dialogue, Question
from bot.core.events import Event, Reply
from bot.core.progress import Given, Progress
from bot.core.wording import either, speaks, wording

say = wording("dialogue")
# `4`, `4/5`, `4, because of the sun`: a number, and what else was said.
NUMBER = re.compile(r"(\d{1,9})(?:\s*/\s*\d{1,9})?(?!\w)[\s.,:;–—-]*(.*)", re.DOTALL)
PAUSE = r"(?:\s*[.,:;]\s*|\s+[–—-]\s*)"  # between a choice and its story
FARTHEST = timedelta(days=366)  # a promise for later is none; and a day is shown without its year
Answered = tuple[Progress, str | None]  # the progress after an answer, and what is wrong with it in the actor's words


def answered(dialogue: Dialogue, event: Event, progress: Progress, question: Question, text: str) -> Answered:
    actor, text = event.actor, text.strip()
    if not text:
        return progress, say(actor, "empty")
    if len(text) > question.limit:
        return progress, say(actor, "too_long", limit=question.limit)
    if question.scale:
        return _rated(dialogue, event, progress, question, text)
    if question.choices:
        return _chosen(dialogue, event, progress, question, text)
    if question.day:
        day = read_day(text, actor.lang, event.today)
        if day is None or not event.today <= day <= event.today + FARTHEST:
            return progress, say(actor, "no_day")
        text = day.isoformat()
    return given(dialogue, progress, question, text, event), None


def _rated(dialogue: Dialogue, event: Event, progress: Progress, question: Question, text: str) -> Answered:
    low, high = question.scale or (0, 0)
    found = NUMBER.fullmatch(text)
    if not found or not low <= int(found[1]) <= high:
        return progress, say(event.actor, "off_scale", low=low, high=high)
    progress = given(dialogue, progress, question, str(int(found[1])), event)
    story = dialogue.find(progress, question.story or "")
    return (given(dialogue, progress, story, found[2], event) if story and found[2] else progress), None


def _chosen(dialogue: Dialogue, event: Event, progress: Progress, question: Question, text: str) -> Answered:
    """A choice, by its label or its name; where there is a question for the story, words besides or instead."""
    actor, chosen, words = event.actor, "", text
    for choice in question.choices:
        for label in (dialogue.choice(actor, question, choice), choice):
            if text.lower() == label.lower():
                return given(dialogue, progress, question, choice, event), None
            if found := re.fullmatch(rf"{re.escape(label)}{PAUSE}(.*)", text, re.IGNORECASE | re.DOTALL):
                chosen, words = choice, found[1]
    story = dialogue.find(progress, question.story or "")
    if story is None:
        choices = [dialogue.choice(actor, question, choice) for choice in question.choices]
        return progress, say(actor, "not_a_choice", choices=either(choices, speaks(actor)))
    progress = given(dialogue, progress, question, chosen, event)
    return (given(dialogue, progress, story, words, event) if words else progress), None


def edited(dialogue: Dialogue, event: Reply, question: Question) -> Answered:
    """All that the message had said goes, and what it says now takes its place: nothing, if it was deleted.

    What cannot be left empty is asked again.
    """
    before, message, problem = event.progress, event.message, None
    emptied = [replace(each, reply="") if each.message == message else each for each in before.given]
    progress = replace(before, given=tuple(emptied))
    if event.text.strip():
        progress, problem = answered(dialogue, event, progress, question, event.text)
    owed = {question.id for question in dialogue.questions(progress) if question.must}
    kept = [each for each in progress.given if each.reply or each.message != message or each.question not in owed]
    return replace(progress, given=tuple(kept)), problem


def given(dialogue: Dialogue, progress: Progress, question: Question, reply: str, event: Event) -> Progress:
    """The progress with this reply, in the words that were asked; empty: the question was skipped."""
    message = event.message if isinstance(event, Reply) else ""
    return progress.give(Given(question.id, dialogue.asks(question, event.actor), reply, message))
