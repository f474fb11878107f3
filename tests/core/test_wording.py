"""Sentences in three languages: which form, and how days, hours, numbers and lists are written in each."""

from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.core.pages import BrokenPage
from bot.core.people import Person
from bot.core.wording import LANGUAGES, Wording, named, speaks, wording, written

ANA, BEN, CY = "Ana", "Ben", "Cy"
TUESDAY = date(2026, 12, 2)


def say(tmp_path: Path, en: str, sv: str | None = None, nl: str | None = None) -> Wording:
    for lang, text in (("en", en), ("sv", sv), ("nl", nl)):
        if text is not None:
            (tmp_path / lang).mkdir()
            (tmp_path / lang / "page.yaml").write_text(text, "utf-8")
    return wording("page", tmp_path)


HOUSES = ("houses:\n  one: '{n} house'\n  other: '{n} houses'\n",
          "houses:\n  one: '{n} hus'\n  other: '{n} hus där'\n",
          "houses:\n  one: Een huis\n  other: '{n} huizen'\n")  # fmt: skip


@pytest.mark.parametrize(
    ("lang", "n", "sentence"),
    [
        ("en", 0, "0 houses"),
        ("en", 1, "1 house"),
        ("en", 2, "2 houses"),
        ("en", 1234, "1,234 houses"),
        ("en", 1.5, "1.5 houses"),
        ("sv", 0, "0 hus där"),
        ("sv", 1, "1 hus"),
        ("sv", 21, "21 hus där"),
        ("sv", 1234, "1\N{NO-BREAK SPACE}234 hus där"),
        ("sv", 2.5, "2,5 hus där"),
        ("nl", 0, "0 huizen"),
        ("nl", 1, "Een huis"),
        ("nl", 2, "2 huizen"),
        ("nl", 1234, "1.234 huizen"),
    ],
)
def test_a_number_chooses_its_form_and_is_written_as_the_language_does(
    tmp_path: Path, lang: str, n: float, sentence: str
) -> None:
    assert say(tmp_path, *HOUSES)(lang, "houses", n=n) == sentence


def test_without_a_number_a_plural_speaks_of_many(tmp_path: Path) -> None:
    page = say(tmp_path, "rooms:\n  one: a room\n  other: rooms\n")
    assert page("en", "rooms") == "rooms"
    assert page("en", "rooms", n="a few") == "rooms"


@pytest.mark.parametrize(
    ("lang", "day", "one", "two", "three"),
    [
        ("en", "Wednesday 2 December", "Ana", "Ana and Ben", "Ana, Ben and Cy"),
        ("sv", "onsdag 2 december", "Ana", "Ana och Ben", "Ana, Ben och Cy"),
        ("nl", "woensdag 2 december", "Ana", "Ana en Ben", "Ana, Ben en Cy"),
    ],
)
def test_days_and_lists_are_written_in_the_readers_language(
    lang: str, day: str, one: str, two: str, three: str
) -> None:
    assert written(TUESDAY, lang) == day
    assert [written([ANA, BEN, CY][:n], lang) for n in (1, 2, 3)] == [one, two, three]
    assert written((each for each in (ANA, BEN)), lang) == two
    assert written([], lang) == ""
    assert written([TUESDAY, 1000], lang).startswith(f"{day} ")
    assert written(time(9, 5), lang) == "09:05"
    assert written(datetime(2026, 12, 2, 14, 30, tzinfo=ZoneInfo("Europe/Stockholm")), lang) == f"{day} 14:30"


@pytest.mark.parametrize(
    ("period", "en", "sv", "nl"),
    [
        ("2026-11", "November", "november", "november"),
        ("2026-05", "May", "maj", "mei"),
        ("2026-Q4", "Q4", "Q4", "Q4"),
        ("2026-H2", "H2", "H2", "H2"),
        ("2026-W07", "week 7", "vecka 7", "week 7"),
        ("2026", "2026", "2026", "2026"),
    ],
)
def test_periods_have_the_names_people_give_them(period: str, en: str, sv: str, nl: str) -> None:
    assert [named(period, lang) for lang in LANGUAGES] == [en, sv, nl]


def test_values_are_written_and_words_are_left_as_they_are(tmp_path: Path) -> None:
    page = say(tmp_path, "line: '{who}, {day}: {words}'\n", "line: '{day} {who}: {words}'\n")
    filled = {"who": [ANA, BEN], "day": TUESDAY, "words": "{who} 1000 {"}
    assert page("en", "line", **filled) == "Ana and Ben, Wednesday 2 December: {who} 1000 {"
    assert page("sv", "line", **filled) == "onsdag 2 december Ana och Ben: {who} 1000 {"


def test_who_speaks_another_language_is_spoken_to_in_english_throughout(tmp_path: Path) -> None:
    page = say(tmp_path, "line: 'On {day}'\n")
    assert speaks("fr") == "en"
    person = Person("p1", "Åsa", "slack:T1", "U1", lang="sv")
    assert page("fr", "line", day=TUESDAY) == page(person, "line", day=TUESDAY) == "On Wednesday 2 December"


def test_the_person_is_spoken_to_in_their_language() -> None:
    say = wording("settings")
    reader = {lang: Person("p1", "Åsa", "slack:T1", "U1", lang=lang) for lang in LANGUAGES}
    assert say(reader["sv"], "language_now") == "Från och med nu talar jag svenska med dig."
    assert say(reader["nl"], "language_now") == "Vanaf nu spreek ik Nederlands met je."
    assert say(reader["en"], "language_now") == "From now on I speak English with you."


def test_a_list_is_given_whole_and_in_order(tmp_path: Path) -> None:
    page = say(tmp_path, "tips: [one, two]\ntipsy: no\n", "tips: [ett, två]\ntipsy: nej\n")
    assert page.many("sv", "tips") == ["ett", "två"]
    assert page.many("nl", "tips") == ["one", "two"]


def test_what_no_page_has_and_what_was_not_filled_in_are_mistakes_of_ours(tmp_path: Path) -> None:
    page = say(tmp_path, "line: 'On {day}'\n")
    assert page.has("line")
    assert not page.has("lines")
    with pytest.raises(KeyError, match="lines"):
        page("en", "lines")
    with pytest.raises(KeyError, match="day"):
        page("en", "line", when=TUESDAY)


def test_keys_named_like_a_plural_form_beside_others_are_no_plural(tmp_path: Path) -> None:
    page = say(tmp_path, "go:\n  sea: To the sea\n  other: Away\n", "go:\n  sea: Till havet\n  other: Bort\n")
    assert page("sv", "go.other") == "Bort"
    with pytest.raises(BrokenPage, match=r"nl/page.yaml, line 1: go.other: is missing"):
        say_again = tmp_path / "nl"
        say_again.mkdir()
        (say_again / "page.yaml").write_text("go:\n  sea: Naar zee\n", "utf-8")
        wording.cache_clear()
        wording("page", tmp_path)


def test_a_page_without_english_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sv").mkdir()
    (tmp_path / "sv" / "page.yaml").write_text("line: Rad\n", "utf-8")
    with pytest.raises(BrokenPage, match=r"en/page.yaml is missing"):
        wording("page", tmp_path)
