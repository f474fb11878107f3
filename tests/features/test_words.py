"""The words of every page, in three languages: all there, all used, and fit to be read on a phone by somebody tired."""

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from bot.core.dialogue import Structure
from bot.core.features import Routes
from bot.core.pages import BrokenPage, read, shaped
from bot.core.people import stranger
from bot.core.talk import MOVES, spoken_move
from bot.core.wording import FIRST, LANGUAGES, PLURALS, SHELF, Wording, wording
from handlers import FEATURES

HOUSE = SHELF.parent
OTHERS = tuple(lang for lang in LANGUAGES if lang != FIRST)
PAGES = sorted(path.stem for path in (SHELF / FIRST).glob("*.yaml"))
DIALOGUES = sorted(path.stem for path in SHELF.glob("*.yaml"))
ROUTES = Routes(*FEATURES)
FORM_TITLES = ("form_title", "manager_form", "away_title", "reply_title")  # Slack cuts a form's title at 24 characters
EMOJI = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")

# Sentences that are the same in another language: names of ours, and words that the languages share.
SHARED = {
    "sv": {"GROW", "GROW: {topic}", "Kadens", "Mentor", "[team | help]", "Team", "Person", "Kudos", "Situation",
           "Period", "Feedback"},
    "nl": {"GROW", "GROW: {topic}", "Kadens", "Mentor", "[team | help]", "stop", "help", "week {n}",
           "Check in", "check-in", "Check-in: {words}", "Open in Kadens", "Manager", "Team", "Account", "Check-ins",
           "E-mail", "Kudos", "Coaching", "Open", "open",
           "Feedback"},
}  # fmt: skip


def sentences(lang: str) -> Iterator[tuple[str, str, str]]:
    for page in PAGES:
        for key, text in wording(page).pages[lang].words.items():
            yield page, key, text


def keys(page: str) -> set[str]:
    """All keys code can ask for: those of the page, with the forms of a plural as one."""
    words = wording(page).pages[FIRST].words
    return {re.sub(rf"\.({'|'.join(PLURALS)})$", "", key) if f"{key.rpartition('.')[0]}.other" in words else key
            for key in words} | set(words)  # fmt: skip


# All there.


def test_every_page_is_there_in_every_language() -> None:
    for lang in OTHERS:
        assert sorted(path.stem for path in (SHELF / lang).glob("*.yaml")) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_every_sentence_is_there_with_the_same_names_to_fill_in(page: str) -> None:
    assert set(wording(page).pages) == set(LANGUAGES)


def broken(tmp_path: Path, lang: str, change: Callable[[str], str], page: str = "kudos") -> str:
    """What is said of a copy of the pages in which one was changed so."""
    shelf = tmp_path / "prompts"
    shutil.copytree(SHELF, shelf)
    path = shelf / lang / f"{page}.yaml"
    before = path.read_text("utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, "utf-8")
    with pytest.raises(BrokenPage) as complaint:
        wording(page, shelf)
    return str(complaint.value)


def line_of(lang: str, text: str, page: str = "kudos") -> int:
    lines = (SHELF / lang / f"{page}.yaml").read_text("utf-8").splitlines()
    return next(n for n, line in enumerate(lines, 1) if line.startswith(text))


@pytest.mark.parametrize("lang", OTHERS)
def test_a_sentence_without_its_translation_is_refused(tmp_path: Path, lang: str) -> None:
    said = broken(tmp_path, lang, lambda page: re.sub(r"^undo: .*\n", "", page, flags=re.M))
    assert re.fullmatch(rf"{lang}/kudos.yaml, line \d+: undo: is missing", said)


def test_a_translation_of_nothing_is_refused_with_its_line(tmp_path: Path) -> None:
    said = broken(tmp_path, "sv", lambda page: "extra: Något mer\n" + page)
    assert said == "sv/kudos.yaml, line 1: extra: does not stand in en"


@pytest.mark.parametrize("lang", OTHERS)
def test_another_name_to_fill_in_is_refused_with_its_line(tmp_path: Path, lang: str) -> None:
    said = broken(tmp_path, lang, lambda page: page.replace('sent: "', 'sent: "{who} ').replace('{people}."', '"'))
    assert f"{lang}/kudos.yaml, line {line_of(lang, 'sent:')}: sent: has ['who'], en has ['people']" in said


@pytest.mark.parametrize("lang", OTHERS)
@pytest.mark.parametrize("form", ["one", "other"])
def test_a_plural_without_one_of_its_forms_is_refused(tmp_path: Path, lang: str, form: str) -> None:
    lines = (SHELF / lang / "kudos.yaml").read_text("utf-8").splitlines()
    line = next(line for line in lines if line.startswith(f"  {form}: "))
    said = broken(tmp_path, lang, lambda page: page.replace(f"{line}\n", "", 1))
    assert said == f"{lang}/kudos.yaml, line {line_of(lang, 'joined:')}: joined: has no form {form!r}"


@pytest.mark.parametrize("room", ["{", "{}", "{people!r}", "{people:>9}", "{people.name}", "{0}"])
def test_more_than_a_name_in_braces_is_refused(tmp_path: Path, room: str) -> None:
    said = broken(tmp_path, "nl", lambda page: re.sub(r"^sent: .*$", f'sent: "{room}"', page, flags=re.M))
    assert said.startswith(f"nl/kudos.yaml, line {line_of('nl', 'sent:')}: sent: ")


def test_a_sentence_without_words_is_refused(tmp_path: Path) -> None:
    said = broken(tmp_path, "nl", lambda page: re.sub(r"^undo: .*$", "undo:", page, flags=re.M))
    assert said == f"nl/kudos.yaml, line {line_of('nl', 'undo:')}: undo: has no words"


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    said = broken(tmp_path, "sv", lambda page: re.sub(r"^(undo|sorry): .*\n", "", page, flags=re.M))
    assert len(said.splitlines()) == 2


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_word_that_moves_a_dialogue_is_another_one_and_understood(lang: str) -> None:
    someone = stranger("slack:T1", "U1", lang=lang)
    say = wording("dialogue")
    words = [say(lang, f"words.{move}") for move in MOVES]
    assert len(set(words)) == len(MOVES)
    assert [spoken_move(f" {word.capitalize()}! ", someone) for word in words] == list(MOVES)
    assert {key for key in keys("dialogue") if key.startswith("words.")} == {f"words.{move}" for move in MOVES}
    for move, word in zip(MOVES, words, strict=True):
        assert word not in set(MOVES) - {move}, "English is understood besides"


# All translated, and well written.


@pytest.mark.parametrize("lang", OTHERS)
def test_every_sentence_is_translated(lang: str) -> None:
    english = {(page, key): text for page, key, text in sentences(FIRST)}
    same = {text for page, key, text in sentences(lang) if english.get((page, key)) == text}
    spoken = {text for text in same if re.search(r"[^\W\d_]", re.sub(r"\{\w+\}", "", text))}
    assert spoken == SHARED[lang]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sentence_has_one_emoji_at_most_and_no_straight_quotes(lang: str) -> None:
    for page, key, text in sentences(lang):
        assert len(EMOJI.findall(text)) <= 1, (page, key)
        assert not re.search("[\"'´`]", text), (page, key, "‘ ’ “ ” are meant")
        if lang == "sv":
            assert "“" not in text, (page, key, "Swedish opens and closes with ”")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sentences_are_short(lang: str) -> None:
    for page, key, text in sentences(lang):
        if key not in ("help", "privacy_text", "app.full"):
            assert len(text) <= 300, (page, key, len(text))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_spaces_and_stops_are_where_they_belong(lang: str) -> None:
    for page, key, text in sentences(lang):
        assert not re.search(r"  | $|^ | [,.;:!?](?!\.)|\.\.", text), (page, key, text)
        english = wording(page).pages[FIRST].words.get(key, text)
        assert (text[-1] in ".!?") == (english[-1] in ".!?"), (page, key, text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_stands_on_forms_and_buttons_fits(lang: str) -> None:
    buttons = {(each.page, key) for each in asked() if each.button for key in each.found()}
    for page, key, text in sentences(lang):
        if key in FORM_TITLES:
            assert len(text) <= 24, (page, key, text)
        if (page, key) in buttons:
            assert len(text) <= 24, (page, key, text)
        if key.startswith(("choices.", "skip.")):
            assert len(text) <= 24, (page, key, text)
        if (page, key.partition(".")[0]) == ("sharing", "questions"):  # a button each; Slack takes no more
            assert len(text) <= 75, (page, key, text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_command_that_is_mentioned_exists_and_stays_as_it_is_typed(lang: str) -> None:
    deep = {key for kind, key in ROUTES.table if kind.__name__ == "Command"}
    for page, key, text in sentences(lang):
        mentioned = re.findall(r"(?<![\w/])/(\w+)(?: ([a-z]+))?", text)
        for name, word in mentioned:
            if name != "invite":  # Slack's own
                assert name in ROUTES.commands, (page, key, name)
            if name == "kadens" and word not in ("and", "och", "en"):
                assert not word or f"kadens {word}" in deep, (page, key, word)
        english = re.findall(r"(?<![\w/])/(\w+)", wording(page).pages[FIRST].words[key])
        assert [name for name, _ in mentioned] == english, (page, key)
        if (page, key) == ("people", "help_kadens"):
            listed = re.findall(r"[a-z-]+", text.removeprefix("/kadens ").partition(":")[0])
            assert {f"kadens {word}" for word in listed} <= deep


# All used, and none missing in code.


class Asked:
    """A place in code that asks for a sentence."""

    def __init__(self, page: str, where: str, patterns: list[str], button: bool) -> None:
        self.page, self.where, self.patterns, self.button = page, where, patterns, button

    def found(self) -> set[str]:
        return {key for key in keys(self.page) if any(re.fullmatch(pattern, key) for pattern in self.patterns)}


@cache
def modules() -> dict[str, ast.Module]:
    paths = [path for room in ("bot", "handlers", "scheduler", "storage") for path in (HOUSE / room).rglob("*.py")]
    return {str(path.relative_to(HOUSE)): ast.parse(path.read_text("utf-8")) for path in paths}


def page_of(node: ast.AST) -> str | None:
    """The page that `wording("page")` names."""
    match node:
        case ast.Call(func=ast.Name(id="wording"), args=[ast.Constant(value=str(page)), *_]):
            return page
    return None


@cache
def own(path: str) -> dict[str, str]:
    """The names a module gives to what says the sentences of a page."""
    found = dict[str, str]()
    for node in ast.walk(modules()[path]) if path in modules() else ():
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if page := page_of(value):
                found[name] = page
    return found


@cache
def bound(path: str) -> dict[str, str]:
    """The same with those it imports."""
    found = dict[str, str]()
    for node in ast.walk(modules()[path]):
        match node:
            case ast.ImportFrom(module=str(source), names=names):
                pages = own(source.replace(".", "/") + ".py")
                found |= {each.asname or each.name: pages[each.name] for each in names if each.name in pages}
    return found | own(path)


def patterns(node: ast.AST) -> list[str]:
    """What a key can be, as far as the code shows: in full, or with something between."""
    match node:
        case ast.Constant(value=str(key)):
            return [re.escape(key)]
        case ast.JoinedStr(values=values):
            return ["".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in values)]
        case ast.IfExp(body=body, orelse=orelse):
            return [*patterns(body), *patterns(orelse)]
    return []


@cache
def asked() -> list[Asked]:
    """Every call that asks a page for a sentence."""
    found = []
    for path, module in modules().items():
        names = bound(path)
        labels = {
            id(node.args[0])
            for node in ast.walk(module)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Button" and node.args
        }
        for node in ast.walk(module):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[_, key, *_]) if name in names:
                    page, which = names[name], patterns(key)
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="many"), args=[_, key]) if name in names:
                    page, which = names[name], [rf"{each}\.\d+" for each in patterns(key)]
                case ast.Call(func=func, args=[_, key, *_]) if page_of(func):
                    page, which = str(page_of(func)), patterns(key)
                case _:
                    continue
            found.append(Asked(page, f"{path}:{node.lineno}", which, id(node) in labels))
    return found


def test_no_sentence_is_asked_for_that_no_page_has() -> None:
    assert len(asked()) > 200, "the calls were not found"
    for each in asked():
        for pattern in each.patterns:
            known = any(re.fullmatch(pattern, key) for key in keys(each.page))
            assert known, f"{each.where} asks prompts/{FIRST}/{each.page}.yaml for {pattern}"


def strings(page: str) -> set[str]:
    """Everything written between quotes in the modules that use a page, and in its room of the store."""
    found = set[str]()
    for path, module in modules().items():
        uses = page in bound(path).values() or any(page_of(node) == page for node in ast.walk(module))
        if uses or path == f"storage/{page}.py":
            for node in ast.walk(module):
                found |= set(patterns(node))
    return {pattern for pattern in found if ".+" not in pattern or re.search(r"[a-z]{3}", pattern)}


def listed(page: str) -> set[str]:
    """Keys that are named by something else than code: the questions of a dialogue, the commands of the house."""
    found = set[str]()
    if page in DIALOGUES:
        found |= {"form_title"}
        for question in shaped(read(SHELF / f"{page}.yaml"), Structure).questions:
            found |= {f"{what}.{question.id}" for what in ("ask", "short", "coach", "skip")}
            found |= {f"choices.{question.id}.{choice}" for choice in question.choices}
    if page in ("teams", "manifest"):
        found |= {f"{group}.{name}" for group in ("commands", "usage") for name in (*ROUTES.commands, "other")}
        found |= {f"{group}.{name}" for group in ("shortcuts", "notes") for name in (*ROUTES.shortcuts, "other")}
        found |= {f"{key}.{part}" for key in found for part in ("title", "description")}
    return found


def unused(page: str, say: Wording) -> set[str]:
    fits = re.compile("|".join(strings(page)) or "(?!)")
    left = set(say.pages[FIRST].words) - listed(page)
    return {key for key in left if not (fits.fullmatch(key) or fits.fullmatch(re.sub(r"\.(one|other|\d+)$", "", key)))}


@pytest.mark.parametrize("page", PAGES)
def test_no_sentence_stands_on_a_page_that_nobody_says(page: str) -> None:
    assert unused(page, wording(page)) == set()


def test_a_sentence_that_nobody_says_is_noticed(tmp_path: Path) -> None:
    for lang in LANGUAGES:
        (tmp_path / lang).mkdir()
        before = (SHELF / lang / "kudos.yaml").read_text("utf-8")
        (tmp_path / lang / "kudos.yaml").write_text(before + "leftover: Nobody says this.\n", "utf-8")
    assert unused("kudos", wording("kudos", tmp_path)) == {"leftover"}
