"""The features as they are, from Slack's request to Slack's answer: what comes in finds what went out."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.core.features import Routes
from bot.core.settings import Settings
from bot.platforms.slack.app import Secrets, Slack
from bot.platforms.slack.outbound import SlackPlatform
from bot.turn import Turns
from handlers.checkin import checkin
from handlers.home import home
from handlers.kudos import kudos
from scheduler.delivery import Delivery
from storage.engine import Store
from tests.platforms.slack_stub import SlackStub
from tests.platforms.test_slack_app import SECRET, encoded, signed, until, visiting
from tests.platforms.test_slack_inbound import payload


class Workspace:
    """People at Slack: what they do is sent in, signed, and what the bot says is read from the stand-in."""

    def __init__(self, slack: Slack, stub: SlackStub, web: httpx.AsyncClient, store: Store) -> None:
        self.slack, self.stub, self.web, self.store = slack, stub, web, store
        self.now, self.number = datetime(2026, 11, 3, 12, tzinfo=UTC), 0

    async def send(self, name: str, **event: Any) -> Any:
        """A recorded payload with other values; afterwards all that was said is delivered."""
        self.number += 1
        body = payload(name)
        if "event" in body:
            body["event_id"] = f"Ev{self.number}"
            body["event"] |= event
        else:
            body |= {"trigger_id": f"{self.number}.1", **event}
        raw, kind = encoded(body)
        response = await self.web.post("/slack/events", content=raw, headers=signed(raw, self.now.timestamp(), kind))
        assert response.status_code == 200
        await until(self.slack)
        await self.deliver()
        return response.json() if response.content else None

    async def deliver(self) -> None:
        delivery = Delivery(self.store, {"slack": self.slack.platform}, lambda: self.now)
        for _ in range(8):  # one message a second in each conversation
            await delivery.run()
            self.now += timedelta(seconds=2)

    async def press(self, channel: str, label: str, user: str = "U1") -> Any:
        """The last button of this label in the channel, pressed where Slack would show it."""
        for message in reversed(self.stub.posted(channel)):
            for block in message["blocks"]:
                for button in block.get("elements", ()):
                    if button.get("text") and button["type"] == "button" and button["text"]["text"] == label:
                        return await self.send(
                            "block_actions",
                            actions=[{**button, "block_id": "b"}],
                            channel={"id": channel, "name": "directmessage" if channel[0] == "D" else "general"},
                            container={"type": "message", "message_ts": message["ts"], "channel_id": channel},
                            message=message,
                            user={"id": user, "name": "ana", "username": "ana", "team_id": "T1"},
                        )
        raise LookupError(label)


@pytest.fixture
async def work(store: Store) -> AsyncIterator[Workspace]:
    async with SlackStub() as stub:
        turns = Turns(Routes(checkin, kudos, home), store, {"slack": SlackPlatform.can})
        slack = Slack(turns, store, Secrets(SECRET, "xoxb-1", "", stub.url), Settings())
        async with visiting(slack) as web:
            work = Workspace(slack, stub, web, store)
            slack.clock = lambda: work.now
            yield work
        await slack.stop()


def shown(message: dict[str, Any]) -> str:
    return json.dumps(message["blocks"], ensure_ascii=False)


async def test_a_check_in_is_answered_in_its_thread(work):
    await work.send("command", command="/checkin", text="")
    [root] = work.stub.posted("D1")
    await work.send("message_im_reply", text="It went &lt;well&gt;", thread_ts=root["ts"], ts="1795000100.000001")
    asked = work.stub.posted("D1")
    assert len(asked) == 2 and asked[1]["thread_ts"] == root["ts"] and shown(asked[1]) != shown(root)
    # The answer was a message: changing it changes the answer, and asks nothing again.
    changed = payload("message_changed")["event"]
    for part in ("message", "previous_message"):
        changed[part] |= {"ts": "1795000100.000001", "thread_ts": root["ts"]}
    await work.send("message_changed", **changed)
    assert len(work.stub.posted("D1")) == 2
    # Where the cursor is: a word outside the thread answers the question asked last.
    await work.send("message_im", text="plain words", ts="1795000100.000002")
    assert len(work.stub.posted("D1")) == 3 and work.stub.posted("D1")[2]["thread_ts"] == root["ts"]


async def test_a_pressed_answer_replaces_its_card(work):
    await work.send("command", command="/checkin", text="")
    for number in range(8):
        root, last = work.stub.posted("D1")[0], work.stub.posted("D1")[-1]
        if '"5"' in shown(last):
            break
        await work.send("message_im_reply", text="words", thread_ts=root["ts"], ts=f"1795000200.{number:06d}")
    question = last["ts"]
    await work.press("D1", "4")
    assert "actions" not in {block["type"] for block in work.stub.messages["D1"][question]["blocks"]}
    assert [call.args["ts"] for call in work.stub.named("chat.update")][-1] == question
    assert work.stub.posted("D1")[-1]["ts"] != question


async def test_kudos_by_command_and_taken_back(work):
    await work.send("command", text="<@U2|bo> thanks for the tea #care")
    [card] = work.stub.posted("C1")
    assert "<@U2>" in shown(card) and "thanks for the tea" in shown(card)
    assert work.stub.posted("D2")  # told to who got it
    [whisper] = work.stub.ephemeral
    assert whisper["user"] == "U1"
    [undo] = [button for block in whisper["blocks"] for button in block.get("elements", ()) if "action_id" in button]
    container = {"type": "message", "message_ts": whisper["ts"], "channel_id": "C1", "is_ephemeral": True}
    await work.send(
        "block_actions_ephemeral", actions=[undo], channel={"id": "C1", "name": "general"}, container=container
    )
    assert work.stub.posted("C1") == []


async def test_kudos_to_a_group_in_plain_words(work):
    await work.send("subteam_created")
    await work.send("app_mention", text="<@U0BOT> kudos <!subteam^S1> thanks for the demo", ts="1795000300.000001")
    assert work.stub.posted("D2") and work.stub.posted("D3")
    [card] = work.stub.posted("C1")
    assert "<@U2>" in shown(card) and "<@U3>" in shown(card)


async def test_kudos_by_form_from_a_messages_menu(work):
    await work.send("message_shortcut")
    [view] = work.stub.views
    ids = {block["block_id"]: block["element"] for block in view["blocks"] if "element" in block}
    assert ids["to"]["initial_users"] == ["U2"]
    values: dict[str, Any] = {
        "to": {"to": {"type": "multi_users_select", "selected_users": ["U2"]}},
        "why": {"why": {"type": "plain_text_input", "value": "for the fix"}},
    }
    submitted = payload("view_submission")["view"] | view | {"state": {"values": values}}
    assert await work.send("view_submission", view=submitted) is None
    [card] = work.stub.posted("C1")
    assert card["thread_ts"] == "1795000020.002000" and "for the fix" in shown(card)
    values["why"]["why"]["value"] = None
    refused = await work.send("view_submission", view=submitted)
    assert refused["errors"].keys() == {"why"}


async def test_the_form_of_a_check_in_brings_its_answers(work):
    await work.send("command", command="/checkin", text="")
    label = next(
        button["text"]["text"]
        for block in work.stub.posted("D1")[0]["blocks"]
        for button in block.get("elements", ())
        if button.get("action_id", "").startswith("talk.form")
    )
    await work.press("D1", label)
    [view] = work.stub.views
    fields = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    values = {id: {id: answered(element)} for id, element in fields.items()}
    await work.send("view_submission", view=payload("view_submission")["view"] | view | {"state": {"values": values}})
    assert "all is well" in shown(work.stub.posted("D1")[-1])


async def test_a_form_that_came_too_late_can_be_opened_by_its_button(work):
    await work.send("command", command="/checkin", text="")
    work.stub.refuse("views.open", "expired_trigger_id")
    label = next(
        button["text"]["text"]
        for block in work.stub.posted("D1")[0]["blocks"]
        for button in block.get("elements", ())
        if button.get("action_id", "").startswith("talk.form")
    )
    await work.press("D1", label)
    assert work.stub.views == []
    await work.press("D1", "Open the form")
    assert work.stub.views[0]["callback_id"] == "talk.fill"


async def test_the_home_is_drawn_when_it_is_opened(work):
    await work.send("app_home_opened")
    assert work.stub.homes["U1"]["blocks"]


def answered(element: dict[str, Any]) -> dict[str, Any]:
    if element["type"] == "plain_text_input":
        return {"type": "plain_text_input", "value": "all is well"}
    return {"type": element["type"], "selected_option": element["options"][0]}
