"""Pictures and documents on Slack, over real HTTP to a stand-in of its Web API."""

from collections.abc import AsyncIterator
from datetime import date

import pytest

from bot.core.cards import Bar, Card, Chart, File, Point, Text
from bot.core.people import Place
from bot.core.pictures import drawn
from bot.core.sending import Outgoing, Unfit, Unreachable
from bot.platforms.slack import files, outbound
from bot.platforms.slack.api import Api, Away, Refused
from bot.platforms.slack.outbound import NotShared, SlackPlatform
from bot.platforms.slack.workspaces import Own
from tests.platforms.slack_stub import SlackStub

ANA, HALL = Place("slack:T1", "U1", kind="direct"), Place("slack:T1", "C1", kind="public")
DAY = date(2026, 11, 3)
CHART = Chart((Point(DAY, 3, "good"),), "Three & <counting>")
OTHER = Chart((Point(DAY, 4),), "Four")
CARD = Card("Goal", (Text("So far"), CHART, Bar("Done", 3, 10)))
FILE = File("kadens-my-data.html", "text/html", "<p>Öl & 🎉</p>")
WORDS = {"type": "context", "elements": [{"type": "mrkdwn", "text": "Three &amp; &lt;counting&gt;", "verbatim": True}]}


@pytest.fixture
async def stub() -> AsyncIterator[SlackStub]:
    async with SlackStub() as stub:
        yield stub


@pytest.fixture
async def slack(stub: SlackStub, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SlackPlatform]:
    monkeypatch.setattr(outbound, "LOOKED_AT", 0.01)
    monkeypatch.setattr(outbound, "LANDING", (0.0, 0.01, 0.01))
    platform = SlackPlatform(Own(Api("xoxb-1", stub.url)))
    yield platform
    await platform.workspaces.close()


def post(card: Card = CARD, place: Place = HALL, key: str = "e1/0", **more: object) -> Outgoing:
    return Outgoing(key, place, card, **more)


def document(key: str = "e1/0") -> Outgoing:
    return Outgoing(key, ANA, Card("Your data", (Text("All of it"),)), "file", file=FILE)


def blocks(stub: SlackStub, channel: str = "C1") -> list[dict]:
    return stub.posted(channel)[-1]["blocks"]


# -- pictures


async def test_a_chart_is_brought_to_slack_and_shown(slack, stub):
    await slack.send(post())
    assert blocks(stub)[2] == {"type": "image", "slack_file": {"id": "F1"}, "alt_text": "Three & <counting>"}
    assert stub.files["F1"]["content"] == drawn(CHART)
    assert "channel_id" not in stub.named("files.completeUploadExternal")[0].args  # no message of its own


async def test_the_same_picture_is_brought_once(slack, stub):
    ts = await slack.send(post())
    await slack.send(post(key="e2/0"))
    await slack.send(post(key="e3/0", verb="update", target=ts))
    await slack.send(post(place=ANA, key="e4/0", verb="home"))
    assert list(stub.files) == ["F1"]
    assert stub.homes["U1"]["blocks"][2]["slack_file"] == {"id": "F1"}
    await slack.send(post(Card("", (OTHER, CHART, OTHER)), key="e5/0"))
    assert [block["slack_file"]["id"] for block in blocks(stub)] == ["F2", "F1", "F2"]


async def test_a_whisper_has_its_picture_too(slack, stub):
    await slack.send(post(only_for="U1"))
    assert stub.ephemeral[0]["blocks"][2]["slack_file"] == {"id": "F1"}


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
@pytest.mark.parametrize("error", ["missing_scope", "ratelimited", "storage_limit_reached"])
async def test_without_its_picture_a_chart_is_said_in_words(slack, stub, method, error):
    stub.refuse(method, error)
    await slack.send(post())
    assert blocks(stub)[2] == WORDS
    await slack.send(post(key="e2/0"))  # the next one is tried again
    assert blocks(stub)[2]["type"] == "image"


async def test_a_picture_that_takes_too_long_keeps_no_message_back(slack, stub, monkeypatch):
    monkeypatch.setattr(files, "AT_MOST", 0.05)
    stub.hang("files.getUploadURLExternal")
    await slack.send(post())
    assert blocks(stub)[2] == WORDS


async def test_a_picture_that_slack_has_not_looked_at_yet_is_tried_once_more(slack, stub):
    stub.refuse("chat.postMessage", "invalid_blocks")
    await slack.send(post())
    assert [call.outcome for call in stub.named("chat.postMessage")] == ["invalid_blocks", "ok"]
    assert blocks(stub)[2]["type"] == "image"


async def test_a_picture_that_slack_does_not_show_becomes_words(slack, stub):
    await slack.send(post())
    del stub.files["F1"]["done"]  # somebody deleted it
    ts = await slack.send(post(key="e2/0"))
    assert blocks(stub)[2] == WORDS and len(stub.posted("C1")) == 2
    assert [call.outcome for call in stub.named("chat.postMessage")[1:]] == ["invalid_blocks", "invalid_blocks", "ok"]
    await slack.send(post(key="e3/0", verb="update", target=ts))
    assert blocks(stub)[2]["slack_file"] == {"id": "F2"}  # and is brought anew


async def test_a_home_that_slack_refuses_is_shown_without(slack, stub):
    stub.refuse("views.publish", "invalid_arguments", times=2)
    await slack.send(post(place=ANA, verb="home"))
    assert stub.homes["U1"]["blocks"][2] == WORDS


async def test_other_refusals_are_what_they_were(slack, stub):
    stub.channels["C1"] = "is_archived"
    with pytest.raises(Unreachable):
        await slack.send(post())
    assert len(stub.named("chat.postMessage")) == 1


async def test_wrong_blocks_without_a_picture_are_our_mistake(slack, stub):
    stub.refuse("chat.postMessage", "invalid_blocks")
    with pytest.raises(Unfit, match="invalid_blocks"):
        await slack.send(post(Card("Hello")))


# -- documents


async def test_a_document_is_shared_with_its_card(slack, stub):
    ts = await slack.send(document())
    [said] = stub.posted("D1")
    assert (said["ts"], said["files"]) == (ts, [{"id": "F1", "name": FILE.name}])
    assert stub.files["F1"]["content"] == FILE.body.encode()
    assert [block["type"] for block in said["blocks"]] == ["header", "section"]
    assert stub.named("chat.postMessage") == []


async def test_a_document_whose_answer_was_lost_is_found_also_by_another_process(slack, stub):
    stub.lose("files.completeUploadExternal")
    with pytest.raises(Away):
        await slack.send(document())
    assert await slack.find(document()) == stub.posted("D1")[0]["ts"]
    other = SlackPlatform(Own(Api("xoxb-1", stub.url)))
    assert await other.find(document()) == stub.posted("D1")[0]["ts"]
    assert await other.find(document("e2/0")) is None
    await other.workspaces.close()


async def test_a_document_that_slack_only_says_it_shared_is_sent_again(slack, stub):
    stub.unshared = 1
    with pytest.raises(NotShared):
        await slack.send(document())
    assert await slack.find(document()) is None
    await slack.send(document())
    assert len(stub.posted("D1")) == 1


@pytest.mark.parametrize("error", ["missing_scope", "ratelimited", "internal_error"])
async def test_where_nobody_may_look_slacks_word_is_taken(slack, stub, error):
    stub.refuse("conversations.history", error)
    assert await slack.send(document()) == "F1"


async def test_a_document_for_somebody_who_left(slack, stub):
    stub.channels["D1"] = "channel_not_found"
    with pytest.raises(Unreachable):
        await slack.send(document())


async def test_an_upload_that_fails_is_tried_again(slack, stub):
    stub.refuse("files.completeUploadExternal", "file_not_found")
    with pytest.raises(Refused, match="file_not_found"):
        await slack.send(document())
    await slack.send(document())
    assert [said["files"][0]["id"] for said in stub.posted("D1")] == ["F2"]
