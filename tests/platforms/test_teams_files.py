"""Documents on Teams: asked for, allowed, brought into somebody's own drive. Real HTTP on both sides."""

import asyncio
from datetime import timedelta

import pytest

from bot.core.cards import Card, File, Text
from bot.core.people import Place
from bot.core.sending import Outgoing
from bot.core.wording import LANGUAGES, wording
from bot.platforms.teams.files import CONSENT, INFO, possible, trusted
from storage.teams import FileRow, Reference, keep
from tests.conftest import count, rows
from tests.platforms.teams_stub import TeamsStub
from tests.platforms.teams_world import ANA, TENANT, WORKSPACE, payload, texts, world

say = wording("teams")
ADDRESS = payload("message_personal")["conversation"]["id"]
HOME = Place(WORKSPACE, ANA, kind="direct")
FILE = File("kadens-my-data.html", "text/html", "<p>Öl & 🎉 \u2028 &amp;</p>\r\n")
CARD = Card("Your data", (Text("All of it"),))


@pytest.fixture
async def stub():
    async with TeamsStub() as stub:
        yield stub


@pytest.fixture
async def made(store, stub):
    async with world(store, stub) as made:
        await made.tell("message_personal")
        await made.deliver()
        stub.messages.clear()
        yield made


async def offer(made, key="k", file=FILE):
    """Ask; the id of the message that asks, and what it says."""
    id = await made.teams.platform.send(Outgoing(key, HOME, CARD, "file", file=file))
    [asked] = made.stub.messages[ADDRESS][id]["attachments"]
    return id, asked


def answer(made, id, asked, action="accept", **info):
    value = payload("file_consent")["value"]
    url = f"{made.stub.drive_url}{asked['name']}"
    value |= {"action": action, "context": asked["content"]["acceptContext"]}
    value["uploadInfo"] |= {"uploadUrl": url, "contentUrl": url, **info}
    return {"replyToId": id, "value": value}


async def settle(made, name="file_consent", **changes):
    assert await made.tell(name, **changes) is None  # empty: Teams has its answer before the drive has the file
    await asyncio.gather(*made.teams._tasks)


def shown(made):
    """What stands in the conversation: kinds of cards, or words."""
    said = [message["attachments"][0] for message in made.stub.messages[ADDRESS].values()]
    return [
        each["contentType"] if "teams.card.file" in each["contentType"] else texts(each["content"]) for each in said
    ]


async def test_the_person_is_asked_first(made, store):
    _, asked = await offer(made)
    assert (asked["contentType"], asked["name"]) == (CONSENT, FILE.name)
    content = asked["content"]
    assert content["sizeInBytes"] == len(FILE.body.encode())
    assert (
        content["description"].startswith("Your data\nAll of it\n")
        and say("sv", "file.allow") in content["description"]
    )
    assert content["acceptContext"] == content["declineContext"]
    [row] = await rows(store, FileRow)
    assert FILE.name in row.file and row.until - made.now < timedelta(days=1, seconds=5)


async def test_allowed_it_is_brought_and_shown(made, store, stub):
    id, asked = await offer(made)
    await settle(made, **answer(made, id, asked))
    url = f"{stub.drive_url}{FILE.name}"
    assert stub.drive == {url: FILE.body.encode()}
    [message] = stub.messages[ADDRESS].values()  # the question is gone
    [shown] = message["attachments"]
    given = payload("file_consent")["value"]["uploadInfo"]
    assert shown == {
        "contentType": INFO,
        "contentUrl": url,
        "name": given["name"],
        "content": {"uniqueId": given["uniqueId"], "fileType": "html"},
    }
    assert [row.file for row in await rows(store, FileRow)] == [None]


async def test_declined_it_is_gone_and_nothing_is_said(made, store, stub):
    id, asked = await offer(made)
    await settle(made, **answer(made, id, asked, "decline"))
    assert stub.drive == {} and shown(made) == []
    assert [row.file for row in await rows(store, FileRow)] == [None]
    await settle(made, **answer(made, id, asked))  # no taking it back by a forged press
    assert stub.drive == {} and shown(made) == []


async def test_pressed_many_times_it_comes_once(made, stub):
    id, asked = await offer(made)
    changes = answer(made, id, asked)
    await asyncio.gather(*(made.tell("file_consent", **changes, id=f"f:{n}") for n in range(3)))
    await asyncio.gather(*made.teams._tasks)
    await settle(made, **changes)
    assert shown(made) == [INFO]


async def test_asked_twice_because_the_first_answer_was_lost_it_comes_once(made, stub):
    (one, asked), (two, again) = await offer(made), await offer(made)
    assert asked["content"] == again["content"] and one != two
    await settle(made, **answer(made, one, asked))
    await settle(made, **answer(made, two, again))
    assert shown(made).count(INFO) == 1 and len(stub.drive) == 1


async def test_after_a_day_it_is_gone_and_says_so(made, store, stub):
    id, asked = await offer(made)
    made.later(days=1, seconds=1)
    await settle(made, **answer(made, id, asked))
    assert stub.drive == {} and [say("sv", "file.gone")] in shown(made)
    await offer(made, "another")
    assert await count(store, FileRow) == 1  # and its content with it


async def test_somebody_elses_is_none_of_theirs(made, stub):
    id, asked = await offer(made)
    bo = {"id": "29:bo", "name": "Bo", "aadObjectId": "bbbbbbbb-0000-4000-8000-000000000002"}
    alone = {"conversationType": "personal", "tenantId": TENANT, "id": "a:bo"}
    await settle(made, **answer(made, id, asked), **{"from": bo, "conversation": alone})
    assert stub.drive == {} and shown(made) == [CONSENT]
    [told] = stub.messages["a:bo"].values()
    assert texts(told["attachments"][0]["content"]) == [say("sv", "file.gone")]


@pytest.mark.parametrize("status", [302, 401, 409, 500])
async def test_a_drive_that_does_not_take_it_can_be_tried_again(made, stub, status):
    id, asked = await offer(made)
    stub.drive_status = status
    await settle(made, **answer(made, id, asked))
    assert shown(made) == [CONSENT, [say("sv", "file.failed")]]
    stub.drive_status = 201
    await settle(made, **answer(made, id, asked))
    assert shown(made) == [[say("sv", "file.failed")], INFO]


@pytest.mark.parametrize("which", ["uploadUrl", "contentUrl"])
async def test_it_goes_to_no_strange_host(made, stub, which):
    id, asked = await offer(made)
    await settle(made, **answer(made, id, asked, **{which: "https://evil.example/x"}))
    assert stub.drive == {} and shown(made) == [CONSENT, [say("sv", "file.failed")]]


@pytest.mark.parametrize("value", [None, {}, {"action": "accept"}, {"context": {"kadens": 1}}, {"context": "x"}])
async def test_an_answer_to_nothing_of_ours_is_not_spoken(made, value):
    answered = await made.knock(payload("file_consent", value=value))
    assert answered.status_code == 501


async def test_an_answer_without_an_address_does_no_harm(made, stub):
    id, asked = await offer(made)
    changes = answer(made, id, asked)
    changes["value"]["uploadInfo"] = None
    await settle(made, **changes)
    assert shown(made) == [CONSENT, [say("sv", "file.failed")]]


async def test_told_to_wait_it_still_says_that_the_file_is_there(made, stub):
    id, asked = await offer(made)
    stub.trouble(429, retry_after="0", method="POST", path="/activities")
    await settle(made, **answer(made, id, asked))
    assert shown(made) == [INFO]


async def test_where_it_cannot_be_the_card_says_what_to_do(made, store, stub, monkeypatch):
    monkeypatch.setattr("bot.platforms.teams.files.WITHOUT", ("127.0.0.1",))
    await made.teams.platform.send(Outgoing("k", HOME, CARD, "file", file=FILE))
    assert shown(made) == [["Your data", "All of it", say("sv", "file.cannot")]]
    assert await count(store, FileRow) == 0


async def test_who_has_never_written_is_asked_too(made, store, stub):
    bo = Place(WORKSPACE, "29:bo", kind="direct")
    await made.teams.platform.send(Outgoing("k", bo, CARD, "file", file=FILE))
    [message] = stub.messages["a:29:bo"].values()
    assert message["attachments"][0]["contentType"] == CONSENT


@pytest.mark.parametrize(
    ("url", "there"),
    [
        ("https://contoso-my.sharepoint.com/personal/x", True),
        ("https://contoso.sharepoint.com:443/x", True),
        ("https://graph.microsoft.com/v1.0/x", True),
        ("https://api.onedrive.com/rup/x", True),
        ("http://contoso-my.sharepoint.com/x", False),
        ("https://contoso-my.sharepoint.com:8443/x", False),
        ("https://u:p@contoso-my.sharepoint.com/x", False),
        ("https://sharepoint.com.evil.example/x", False),
        ("https://evilsharepoint.com/x", False),
        ("https://evil.example/.sharepoint.com", False),
        ("https://[bad", False),
        ("https://contoso.sharepoint.com:x/", False),
        ("http://127.0.0.1/x", False),
        ("", False),
    ],
)
def test_where_a_file_may_go(url, there):
    assert trusted(url, loopback=False) is there


def test_on_trial_it_may_stay_on_this_machine():
    assert trusted("http://127.0.0.1:9/x", loopback=True) and not trusted("http://10.0.0.1/x", loopback=True)


def test_the_clouds_that_cannot():
    assert possible("https://smba.trafficmanager.net/emea/") and possible(
        "https://smba.infra.gcc.teams.microsoft.com/x"
    )
    assert not possible("https://smba.infra.gov.teams.microsoft.us/x")
    assert not possible("https://smba.infra.dod.teams.microsoft.us/x")


def test_its_words_are_there_in_every_language():
    for key in ("allow", "cannot", "gone", "failed"):
        assert len({say(lang, f"file.{key}") for lang in LANGUAGES}) == len(LANGUAGES)


async def test_a_conversation_that_moved_is_still_theirs(made, store, stub):
    """The account is what counts, not the address Teams has for the conversation at the moment."""
    async with store.transaction() as session:
        await keep(session, Reference(WORKSPACE, ANA, "a:new", stub.url, "direct"), made.now)
    made.later(minutes=2)  # until then another replica's word need not be known here
    id = await made.teams.platform.send(Outgoing("k", HOME, CARD, "file", file=FILE))
    [asked] = stub.messages["a:new"][id]["attachments"]
    await settle(made, **answer(made, id, asked))
    assert len(stub.drive) == 1
