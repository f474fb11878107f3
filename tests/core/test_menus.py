"""Which shortcut stands in which menu is said by the words there are for it."""

from bot.core.features import Routes
from bot.core.menus import Line, lines, say
from bot.core.settings import Settings
from bot.core.wording import LANGUAGES
from bot.platforms.playground.demo import shortcuts
from bot.platforms.slack import manifest as slack
from bot.platforms.teams import manifest as teams
from handlers import FEATURES

ROUTES = Routes(*FEATURES)


def test_kudos_is_about_a_message_and_feedback_may_be():
    assert list(lines(["kudos", "feedback", "checkin", "dance"])) == [
        Line("kudos", "kudos_here", True),
        Line("feedback", "feedback", False),
        Line("feedback", "feedback_here", True),
        Line("checkin", "checkin", False),
        Line("dance", "dance", False),
    ]


def test_every_shortcut_of_the_house_has_its_words_in_every_language():
    assert ROUTES.shortcuts
    for line in lines(ROUTES.shortcuts):
        assert say.has(f"shortcuts.{line.key}") and say.has(f"notes.{line.key}"), line.key
        for lang in LANGUAGES:
            assert 0 < len(line.label(lang)) <= slack.LIMITS["shortcut"], (lang, line.key)
            assert 0 < len(line.note(lang)) <= teams.LIMITS["description"], (lang, line.key)


def test_all_platforms_offer_the_same():
    said = slack.manifest(ROUTES, Settings(), "https://x")["features"]["shortcuts"]
    on_slack = {(each["callback_id"].partition("#")[0], each["type"] == "message") for each in said}
    made = teams.manifest(ROUTES, Settings(), "c9e8c047-2a34-40a1-b28a-b162d5f5327c", "x")
    [menu] = made["composeExtensions"]
    on_teams = {(each["id"], "message" in each["context"]) for each in menu["commands"]}
    assert {name for name, _ in on_slack} == {name for name, _ in on_teams} == set(ROUTES.shortcuts)
    here = {name for name, here in on_slack if here}
    assert here == {name for name, here in on_teams if here} == shortcuts(ROUTES, True).keys()
    assert {name for name, here in on_slack if not here} == shortcuts(ROUTES, False).keys()
    assert len(menu["commands"]) <= 10 and len({each["callback_id"] for each in said}) == len(said)


def test_slack_takes_so_many_in_each_menu():
    """docs.slack.dev/reference/app-manifest: ten in all."""
    assert len(list(lines(ROUTES.shortcuts))) <= 10
