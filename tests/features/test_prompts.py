"""Pages are read word for word, and every complaint about one names its file and its line."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from bot.core.dialogue import Question, dialogue
from bot.core.pages import DEEPEST, BrokenPage, Page, read, shaped
from bot.core.progress import Given, Progress
from bot.core.wording import SHELF

# Reading.


def page(tmp_path: Path, text: str, name: str = "page.yaml") -> Page:
    path = tmp_path / "en" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return read(path)


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(BrokenPage) as complaint:
        page(tmp_path, text)
    return str(complaint.value)


@pytest.mark.parametrize(
    "word", ["no", "on", "yes", "off", "09:30", "12", "1.50", "null", "~", "true", "2026-12-02", "0x1F", "1e3", "1_000"]
)
def test_no_word_is_taken_for_something_else(tmp_path: Path, word: str) -> None:
    found = page(tmp_path, f"{word}: {word}\nlist: [{word}, '{word}']\n")
    assert found.data == {word: word, "list": [word, word]}
    assert found.words == {word: word, "list.0": word, "list.1": word}


def test_texts_over_several_lines_and_quotes_are_read(tmp_path: Path) -> None:
    found = page(tmp_path, 'a: |-\n  one\n  two\nb: >-\n  one\n  two\nc: "with: a colon" # a remark\n')
    assert found.words == {"a": "one\ntwo", "b": "one two", "c": "with: a colon"}


def test_an_empty_page_has_no_words(tmp_path: Path) -> None:
    assert page(tmp_path, "# nothing yet\n").words == {}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: one\nb: [two\n", 3),
        ("a: one\n  b: two\n", 2),
        ('a: one\nb: "two\n', 3),
        ("a: one\n\tb: two\n", 2),
        ("a: *nobody\n", 1),
        ("a: one\n---\nb: two\n", 2),
        ("a: one\n{b: two}: three\n", 2),
        ("a: one\n? [b, c]\n: two\n", 2),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    assert refused(tmp_path, text).startswith(f"en/page.yaml, line {line}: ")


@pytest.mark.parametrize(
    ("text", "line"), [("a: one\nb: two\na: three\n", 3), ("a:\n  no: one\n  yes: two\n  no: three\n", 4)]
)
def test_a_key_that_stands_twice_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    assert re.fullmatch(rf"en/page.yaml, line {line}: '(a|no)' stands twice", refused(tmp_path, text))


def test_a_character_that_cannot_be_is_refused_with_its_line(tmp_path: Path) -> None:
    assert refused(tmp_path, "a: one\nb: two\nc: \x07\n").startswith("en/page.yaml, line 3: ")


def test_a_page_inside_itself_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "a: one\nb: &b\n  c: *b\n") == "en/page.yaml, line 2: is nested too deeply"
    assert page(tmp_path, "a: " + "[" * (DEEPEST - 1) + "x" + "]" * (DEEPEST - 1)).words


def test_a_page_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "en" / "page.yaml"
    with pytest.raises(BrokenPage, match=r"^en/page.yaml cannot be read: "):
        read(path)
    path.parent.mkdir()
    path.write_bytes("a: é".encode("latin-1"))
    with pytest.raises(BrokenPage, match=r"^en/page.yaml cannot be read: "):
        read(path)


class House(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rooms: list[dict[str, int]]
    door: str = ""


def test_all_that_does_not_fit_the_shape_is_said_with_its_lines(tmp_path: Path) -> None:
    broken = page(tmp_path, "rooms:\n  - chairs: 4\n  - chairs: four\nwindow: blue\n")
    with pytest.raises(BrokenPage) as complaint:
        shaped(broken, House)
    chairs, window = str(complaint.value).splitlines()
    assert chairs.startswith("en/page.yaml, line 3: rooms.1.chairs: ")
    assert window == "en/page.yaml, line 4: window: is not known here"
    with pytest.raises(BrokenPage, match=r"line 1: rooms: Field required$"):
        shaped(page(tmp_path, "door: red\n"), House)


# Dialogues.

WORDS = """\
form_title: A walk
ask:
  where: Where to?
  how: How, from 1 to 5?
  why: Why?
  when: When?
choices:
  where:
    sea: The sea
    hill: The hill
"""
QUESTIONS = """\
# A walk.
questions:
  - id: where
    choices: [sea, hill]
    default: sea
  - id: how
    scale: [1, 5]
    story: why
  - id: why
    when: keen
  - id: when
    day: true
    must: true
"""


def keen(progress: Progress, _: Question) -> bool:
    return progress.answers.get("how") == "5"


GUARDS = {"keen": keen}


def shelf(tmp_path: Path, questions: str = QUESTIONS, words: str = WORDS) -> Path:
    (tmp_path / "walk.yaml").write_text(questions, "utf-8")
    for lang in ("en", "sv", "nl"):
        (tmp_path / lang).mkdir(exist_ok=True)
        (tmp_path / lang / "walk.yaml").write_text(words, "utf-8")
    return tmp_path


def complaint_about(tmp_path: Path, questions: str = QUESTIONS, words: str = WORDS) -> str:
    """Without the folder that the test made up."""
    with pytest.raises(BrokenPage) as complaint:
        dialogue("walk", GUARDS, shelf(tmp_path, questions, words))
    return str(complaint.value).replace(f"{tmp_path.name}/", "")


def test_a_page_that_fits_its_words_and_guards_is_a_dialogue(tmp_path: Path) -> None:
    walk = dialogue("walk", GUARDS, shelf(tmp_path))
    begun = Progress("walk:1", "walk")
    assert [question.id for question in walk.open(begun)] == ["where", "how", "when"]
    keener = begun.give(Given("how", "How?", "5"))
    assert [question.id for question in walk.open(keener)] == ["where", "why", "when"]
    assert walk.scales == {"how"}


LEGS = """\
questions:
  - id: where
    each: legs
    choices: [sea, hill]
    story: why
  - id: why
    each: legs
    when: keen
  - id: how
  - id: when
    each: legs
"""


def test_neighbours_that_are_asked_for_each_of_the_same_stay_together(tmp_path: Path) -> None:
    """And a guard can look at the one it is asked about."""

    def keen(progress: Progress, question: Question) -> bool:
        return progress.answers.get(f"where.{question.number}") == "sea"

    walk = dialogue("walk", {"keen": keen}, shelf(tmp_path, LEGS))
    begun = Progress("walk:1", "walk", seeds={"legs": ("the first", "the second")})
    asked = [question.id for question in walk.questions(begun)]
    assert asked == ["where.0", "why.0", "where.1", "why.1", "how", "when.0", "when.1"]
    assert [question.id for question in walk.open(begun)] == ["where.0", "where.1", "how", "when.0", "when.1"]
    at_sea = begun.give(Given("where.1", "Where to?", "sea"))
    assert [question.id for question in walk.open(at_sea)] == ["where.0", "why.1", "how", "when.0", "when.1"]
    second = walk.find(begun, "where.1")
    assert second and (second.story, second.item, second.words) == ("why.1", "the second", "where")
    without = Progress("walk:2", "walk", seeds={"legs": ("the first",), "without": ("why",)})
    assert [question.id for question in walk.questions(without)] == ["where.0", "how", "when.0"]


def test_two_questions_that_share_an_id_are_refused(tmp_path: Path) -> None:
    said = complaint_about(tmp_path, QUESTIONS.replace("id: when\n    day: true", "id: where"))
    assert said == "walk.yaml, line 11: questions.3.id: two questions share the id 'where'"


@pytest.mark.parametrize("story", ["whither", "where", "how"])
def test_a_story_that_is_no_later_question_is_refused(tmp_path: Path, story: str) -> None:
    said = complaint_about(tmp_path, QUESTIONS.replace("story: why", f"story: {story}"))
    assert said == f"walk.yaml, line 8: questions.1.story: '{story}' is no question after 'how'"


def test_guards_that_page_and_code_do_not_share_are_all_named(tmp_path: Path) -> None:
    said = complaint_about(tmp_path, QUESTIONS.replace("when: keen", "when: kene"))
    assert said.splitlines() == [
        "walk.yaml, line 10: questions.2.when: no guard 'kene' in code; there are: keen",
        "walk.yaml, line 2: questions: no question has the guard 'keen' that code knows",
    ]


@pytest.mark.parametrize(
    ("change", "line", "problem"),
    [
        (("must: true", "most: true"), 13, "questions.3.most: is not known here"),
        (("must: true", "must: perhaps"), 13, "questions.3.must: "),
        (("id: why", "limit: 5"), 9, "questions.2.id: Field required"),
        (("scale: [1, 5]", "scale: [1, many]"), 7, "questions.1.scale.1: "),
        (("scale: [1, 5]", "scale: [5, 1]"), 7, "questions.1.scale: goes from a lower number to a higher"),
        (("default: sea", "default: lake"), 5, "questions.0.default: 'lake' is none of the choices"),
        (("must: true", "story: why"), 13, "questions.3.story: 'why' is no question after 'when'"),
        (("when: keen", "story: when"), 10, "questions.2.story: goes with a scale or with choices only"),
        (("when: keen", "each: legs"), 8, "questions.1.story: 'why' is not asked for each of the same"),
        (("story: why", "choices: [a]"), 6, "questions.1: is answered in one way only: a scale, choices or a day"),
        (("questions:", "question:"), 2, "questions: Field required"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    tmp_path: Path, change: tuple[str, str], line: int, problem: str
) -> None:
    assert f"walk.yaml, line {line}: {problem}" in complaint_about(tmp_path, QUESTIONS.replace(*change))


@pytest.mark.parametrize(
    ("change", "line", "key"),
    [(("  why: Why?\n", ""), 2, "ask.why"), (("    hill: The hill\n", ""), 8, "choices.where.hill")],
)
def test_a_question_or_choice_without_words_is_refused(
    tmp_path: Path, change: tuple[str, str], line: int, key: str
) -> None:
    said = complaint_about(tmp_path, words=WORDS.replace(*change))
    assert said == f"en/walk.yaml, line {line}: {key}: is missing"


def test_a_dialogue_without_its_page_is_refused(tmp_path: Path) -> None:
    (shelf(tmp_path) / "walk.yaml").unlink()
    with pytest.raises(BrokenPage, match=r"walk.yaml cannot be read"):
        dialogue("walk", GUARDS, tmp_path)
    shutil.rmtree(shelf(tmp_path) / "en")
    with pytest.raises(BrokenPage, match=r"en/walk.yaml is missing"):
        dialogue("walk", GUARDS, tmp_path)


@pytest.mark.parametrize("name", sorted(path.stem for path in SHELF.glob("*.yaml")))
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "  - id: extra\n",
        lambda text: text.replace("questions:", "questions:\n  - id: twice\n  - id: twice"),
        lambda text: text + "    when: nobody\n",
        lambda text: text + "- ]\n",
    ],
    ids=["a question without words", "an id twice", "a guard nobody knows", "no YAML"],
)
def test_no_real_dialogue_starts_with_a_broken_page(tmp_path: Path, name: str, change: Callable[[str], str]) -> None:
    copy = shutil.copytree(SHELF, tmp_path / "prompts")
    broken = copy / f"{name}.yaml"
    broken.write_text(change(broken.read_text("utf-8")), "utf-8")
    guards = {
        question["when"]: keen for question in read(SHELF / f"{name}.yaml").data["questions"] if "when" in question
    }
    assert dialogue(name, guards)
    with pytest.raises(BrokenPage, match=rf"{name}\.yaml, line \d+: "):
        dialogue(name, guards, copy)
