"""A story belongs to its choice: said along with it, instead of it, or asked for; and taken back with it."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bot.core.dialogue import Dialogue, Question, dialogue
from bot.core.effects import Effect, OpenForm, Refuse
from bot.core.events import Command, Event, Reply
from bot.core.features import Feature
from bot.core.progress import Progress
from bot.core.talk import Talk
from storage.dialogues import DialogueRow, progress_of
from tests.conftest import Company, Desk, rows
from tests.dialogues.script import Script

QUESTIONS = """\
questions:
  - id: weather
    each: legs
    choices: [fair, poor]
    story: why
  - id: why
    each: legs
    when: wet
    must: true
  - id: end
"""
WORDS = """\
form_title: A walk
ask:
  weather: "The {item}?"
  why: "Why so, {item}?"
  end: The end?
skip:
  weather: Nothing to say
choices:
  weather:
    fair: Fair
    poor: Poor
"""


def wet(progress: Progress, question: Question) -> bool:
    answers = progress.answers
    return answers.get(f"weather.{question.number}") == "poor" or bool(answers.get(question.id))


@pytest.fixture
def walk(tmp_path: Path) -> Dialogue:
    (tmp_path / "walk.yaml").write_text(QUESTIONS, "utf-8")
    for lang in ("en", "sv", "nl"):
        (tmp_path / lang).mkdir()
        (tmp_path / lang / "walk.yaml").write_text(WORDS, "utf-8")
    return dialogue("walk", {"wet": wet}, tmp_path)


def feature(walk: Dialogue) -> Feature:
    walking = Feature("walk")

    def finish(event: Event, progress: Progress) -> Iterator[Effect]:
        yield from ()

    talk = Talk(walk, finish)

    @walking.command("walk")
    def begin(event: Command) -> Iterator[Effect]:
        yield from talk.ask(event, Progress("walk:1", "walk", seeds={"legs": ("sea", "hill")}))

    @walking.reply("walk")
    def hear(event: Reply) -> Iterator[Effect]:
        yield from talk.hear(event)

    return walking


@pytest.fixture
async def script(company: Company, walk: Dialogue) -> Script:
    desk = company(feature(walk))
    script = Script(desk, await desk.person("Ana"))
    await script.expects("ana: /walk", "> ana: The sea?")
    return script


async def answers(desk: Desk) -> dict[str, str]:
    [row] = await rows(desk.store, DialogueRow)
    return progress_of(row).answers


async def test_words_that_are_no_choice_are_the_story(script: Script) -> None:
    await script.expects("ana: sun and a little wind", "> ana: The hill?", "ana [Fair]", "> ana: The end?")
    assert await answers(script.desk) == {"weather.0": "", "why.0": "sun and a little wind", "weather.1": "fair"}


@pytest.mark.parametrize("said", ["Poor, it rained", "poor: it rained", "POOR – it rained", "poor. it rained"])
async def test_a_choice_and_its_story_in_one_breath(script: Script, said: str) -> None:
    await script.expects(f"ana: {said}", "> ana: The hill?")
    assert await answers(script.desk) == {"weather.0": "poor", "why.0": "it rained"}


@pytest.mark.parametrize("said", ["Poor weather", "fairly good", "poor-ish but dry", "fair enough"])
async def test_a_sentence_that_begins_like_a_choice_is_a_story(script: Script, said: str) -> None:
    await script.expects(f"ana: {said}", "> ana: The hill?")
    assert (await answers(script.desk))["why.0"] == said


async def test_what_has_to_be_told_is_asked_for_and_cannot_be_skipped(script: Script) -> None:
    await script.expects(
        """
        ana [Poor]
        > ana: Why so, sea?
        ana: skip
        > ana: This one I do need
        ana: it rained
        > ana: The hill?
        ana [Nothing to say]
        > ana: The end?
        """
    )
    assert await answers(script.desk) == {"weather.0": "poor", "why.0": "it rained", "weather.1": ""}


async def test_back_takes_back_all_that_was_said_in_one_breath(script: Script) -> None:
    await script.expects("ana: sun and wind", "> ana: The hill?", "ana: back", "> ana: The sea?")
    assert await answers(script.desk) == {}
    await script.expects("ana [Poor]", "> ana: Why so, sea?", "ana: back", "> ana: The sea?")


async def test_a_rewritten_message_takes_its_whole_answer_along(script: Script) -> None:
    await script.expects("ana: sun and wind", "> ana: The hill?", "ana ✎ sun and wind > fair", "> nobody")
    assert await answers(script.desk) == {"weather.0": "fair"}
    await script.expects("ana: poor, fog", "> ana: The end?", "ana ✎ poor, fog > fog, but warm", "> nobody")
    assert await answers(script.desk) == {"weather.0": "fair", "weather.1": "", "why.1": "fog, but warm"}
    await script.expects("ana ✎ poor, fog > poor", "> ana: Why so, hill?")


async def test_a_deleted_message_leaves_nothing_of_it(script: Script) -> None:
    await script.expects("ana: poor, rain", "> ana: The hill?", "ana ✎ poor, rain >", "> nobody")
    assert await answers(script.desk) == {"weather.0": ""}


async def test_what_has_to_be_told_is_asked_again_when_its_message_is_deleted(script: Script) -> None:
    await script.expects("ana [Poor]", "> ana: Why", "ana: rain", "> ana: The hill?")
    await script.expects("ana ✎ rain >", "> ana: Why so, sea?")
    assert await answers(script.desk) == {"weather.0": "poor"}


async def test_the_form_asks_for_the_story_besides_and_refuses_to_do_without(script: Script) -> None:
    desk, ana = script.desk, script.people["ana"]
    opened = await desk.press(ana, "All at once")
    assert isinstance(opened, OpenForm)
    assert [(getattr(field, "id", ""), getattr(field, "optional", None)) for field in opened.form.fields] == [
        ("weather.0", True), ("why.0", True), ("weather.1", True), ("why.1", True), ("end", True)
    ]  # fmt: skip
    fill = partial(desk.submit, ana, "talk.fill", opened.form.value)
    both = await fill(answers={"weather.0": "poor", "weather.1": "poor", "why.1": " "})
    assert both == Refuse(dict.fromkeys(("why.0", "why.1"), "This one I do need, a few words are fine."))
    assert await answers(desk) == {}
    assert await fill(answers={"weather.0": "poor", "why.0": "rain", "why.1": "a story by itself"}) is None
    told = {key: reply for key, reply in (await answers(desk)).items() if reply}
    assert told == {"weather.0": "poor", "why.0": "rain", "why.1": "a story by itself"}
