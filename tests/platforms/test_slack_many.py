"""Many workspaces in one Slack app: letting us in, speaking with each one's own token, and being put out."""

import copy
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot.core.cards import Card, Text
from bot.core.features import Routes
from bot.core.people import Place
from bot.core.sealed import Sealer, new_key
from bot.core.sending import Outgoing, SlowDown, Unreachable
from bot.core.settings import Settings
from bot.platforms.slack.app import Secrets, Slack
from bot.platforms.slack.oauth import COOKIE
from bot.platforms.slack.outbound import SlackPlatform
from bot.platforms.slack.pages import language
from bot.turn import Turns
from handlers import FEATURES
from scheduler.delivery import Delivery
from storage import people as folk
from storage.engine import Store
from storage.installations import InstallationRow
from storage.outbox import OutboxRow
from storage.slack import GrantRow, StateRow
from tests.conftest import count, rows
from tests.platforms.slack_stub import BOT, SlackStub, user
from tests.platforms.test_slack_app import SECRET, encoded, signed, visiting
from tests.platforms.test_slack_inbound import payload

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
KEY = new_key()


@dataclass
class World:
    """One replica, and a clock that all of them share."""

    slack: Slack
    stub: SlackStub
    store: Store
    time: list[datetime]
    others: list["World"] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.time[0]

    def later(self, **duration: float) -> None:
        self.time[0] += timedelta(**duration)

    def replica(self, keys: str = KEY) -> "World":
        self.others.append(World(slack_on(self.store, self.stub, self.time, keys), self.stub, self.store, self.time))
        return self.others[-1]

    # A browser.

    def browser(self, lang: str = "en") -> httpx.AsyncClient:
        web = visiting(self.slack)
        web.headers["Accept-Language"] = lang
        return web

    async def begin(self, web: httpx.AsyncClient) -> str:
        """On to Slack; returns the state it was sent with. The cookie is kept by hand: it asks for https."""
        went = await web.post("/slack/install")
        assert went.status_code == 303
        web.headers["Cookie"] = went.headers["set-cookie"].partition(";")[0]
        return parse_qs(urlsplit(went.headers["location"]).query)["state"][0]

    async def install(self, workspace: str, who: str | None = "U1", **more: Any) -> httpx.Response:
        async with self.browser() as web:
            state = await self.begin(web)
            self.stub.grant(f"code-{workspace}", workspace, who, **more)
            return await web.get("/slack/oauth_redirect", params={"code": f"code-{workspace}", "state": state})

    # Slack.

    async def send(self, body: dict[str, Any]) -> httpx.Response:
        raw, kind = encoded(body)
        async with visiting(self.slack) as web:
            at = self.now.timestamp()
            return await web.post("/slack/events", content=raw, headers=signed(raw, at, kind))

    async def deliver(self) -> None:
        for _ in range(4):  # one a second in a conversation, by a clock that stands still
            await Delivery(self.store, {"slack": self.slack.platform}, lambda: self.now).run()
            self.later(seconds=2)

    def said_with(self, team: str) -> list[str]:
        return [call.args["channel"] for call in self.stub.named("chat.postMessage") if call.team == team]


def slack_on(store: Store, stub: SlackStub, time: list[datetime], keys: str = KEY) -> Slack:
    turns = Turns(Routes(*FEATURES), store, {"slack": SlackPlatform.can})
    secrets = Secrets(SECRET, "", "", stub.url, *stub.client, Sealer(keys))
    return Slack(turns, store, secrets, Settings(), lambda: time[0])


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    async with SlackStub() as stub:
        time = [NOON]
        world = World(slack_on(store, stub, time), stub, store, time)
        yield world
        for each in (world, *world.others):
            await each.slack.stop()


def of(body: dict[str, Any], team: str, who: str = "", id: str = "") -> dict[str, Any]:
    """The same request, from another workspace."""
    found = copy.deepcopy(body)
    found["team_id"] = team
    if "authorizations" in found:
        found["authorizations"][0]["team_id"] = team
        found["event_id"] = f"{found['event_id']}-{team}{id}"
    if "trigger_id" in found:
        found["trigger_id"] += f"{team}{id}"
    if who and "user_id" in found:
        found["user_id"] = who
    return found


def ended(team: str, at: datetime, kind: str = "app_uninstalled") -> dict[str, Any]:
    event: dict[str, Any] = {"type": kind}
    if kind == "tokens_revoked":
        event["tokens"] = {"bot": [BOT]}
    return {"type": "event_callback", "team_id": team, "event_id": f"Ev-{kind}-{team}-{at}", "event": event,
            "event_time": int(at.timestamp()), "authorizations": []}  # fmt: skip


HELP = {**payload("command"), "command": "/kadens", "text": "help"}


# Letting us in.


async def test_a_workspace_installs_us_and_who_did_it_is_asked_whom_to_begin_with(world: World) -> None:
    answer = await world.install("T1")
    assert answer.status_code == 200 and "Kadens is in The T1" in answer.text
    assert "app=A0KADENS" in answer.text and "team=T1" in answer.text
    [row] = await rows(world.store, InstallationRow)
    [ana] = await rows(world.store, folk.PersonRow, account="U1")
    assert (row.workspace, row.who, row.gone_at) == ("slack:T1", ana.id, None)
    await world.deliver()
    [said] = [card for card in world.stub.posted("D1") if "Whole company" in str(card)]
    assert "Pilot group" in str(said) and "Not yet" in str(said)


async def test_slack_is_asked_for_what_the_manifest_names(world: World) -> None:
    async with world.browser() as web:
        went = await web.post("/slack/install")
    asked = parse_qs(urlsplit(went.headers["location"]).query)
    assert asked["client_id"] == ["123.456"] and "chat:write" in asked["scope"][0].split(",")
    assert world.stub.url.startswith(went.headers["location"].partition("/oauth")[0])
    cookie = went.headers["set-cookie"]
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/", COOKIE))


async def test_a_state_is_good_once(world: World) -> None:
    async with world.browser() as web:
        state = await world.begin(web)
        world.stub.grant("c1", "T1")
        world.stub.grant("c2", "T2")
        assert (await web.get("/slack/oauth_redirect", params={"code": "c1", "state": state})).status_code == 200
        again = await web.get("/slack/oauth_redirect", params={"code": "c2", "state": state})
    assert again.status_code == 400 and "too long" in again.text
    assert [row.workspace for row in await rows(world.store, GrantRow)] == ["slack:T1"]
    assert await count(world.store, StateRow) == 0


async def test_a_state_is_good_for_ten_minutes_on_any_replica(world: World) -> None:
    world.stub.grant("c1", "T1")
    async with world.browser() as web, world.replica().browser() as other:
        state = await world.begin(web)
        other.headers["Cookie"] = web.headers["Cookie"]
        world.later(minutes=9)
        assert (await other.get("/slack/oauth_redirect", params={"code": "c1", "state": state})).status_code == 200
        state = await world.begin(web)
        world.later(minutes=11)
        assert (await web.get("/slack/oauth_redirect", params={"code": "c1", "state": state})).status_code == 400


@pytest.mark.parametrize("forged", ["", "x" * 32, "no state!", "y" * 5000, "\x00"])
async def test_a_state_of_somebody_elses_making_is_refused(world: World, forged: str) -> None:
    world.stub.grant("c1", "T1")
    async with world.browser() as web:
        await world.begin(web)
        answer = await web.get("/slack/oauth_redirect", params={"code": "c1", "state": forged})
    assert answer.status_code == 400 and await count(world.store, GrantRow) == 0
    assert world.stub.named("oauth.v2.access") == []


async def test_a_link_with_somebody_elses_state_installs_nothing(world: World) -> None:
    """An attacker begins, and has a victim's browser come back with the attacker's code."""
    world.stub.grant("c1", "T6")
    async with world.browser() as attacker, world.browser() as victim:
        state = await world.begin(attacker)
        for cookie in (None, f"{COOKIE}={'v' * 32}", "other=1"):
            victim.headers.pop("Cookie", None)
            if cookie:
                victim.headers["Cookie"] = cookie
            answer = await victim.get("/slack/oauth_redirect", params={"code": "c1", "state": state})
            assert answer.status_code == 400
    assert await count(world.store, GrantRow) == 0 and world.stub.named("oauth.v2.access") == []


async def test_every_way_it_can_fail_has_its_own_page_and_leaves_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def came(**told: str) -> httpx.Response:
        async with world.browser() as web:
            state = await world.begin(web)
            return await web.get("/slack/oauth_redirect", params={"state": state, **told})

    caplog.set_level(logging.DEBUG)
    world.stub.grant("less", "T1", scope="chat:write")
    world.stub.grant("odd", "T1", team={"id": "no id!"})
    world.stub.grant("odd2", "T1", bot_user_id=None)
    found = {
        "refused": await came(error="access_denied"),
        "code": await came(code="wrong"),
        "scopes": await came(code="less"),
        "none": await came(),
        "odd": await came(code="odd"),
        "odd2": await came(code="odd2"),
    }
    world.stub.fail("oauth.v2.access", 503)
    found["away"] = await came(code="any")
    world.stub.limit("oauth.v2.access", 30)
    found["limited"] = await came(code="any")
    world.stub.refuse("oauth.v2.access", "bad_client_secret")
    found["ours"] = await came(code="any")
    assert {name: answer.status_code for name, answer in found.items()} == {
        "refused": 403, "code": 400, "scopes": 400, "none": 400, "odd": 500, "odd2": 500, "away": 503,
        "limited": 503, "ours": 500,
    }  # fmt: skip
    assert "<code>im:write</code>" in found["scopes"].text and "<code>chat:write</code>" not in found["scopes"].text
    assert await count(world.store, GrantRow) == await count(world.store, InstallationRow) == 0
    assert "client-secret" not in caplog.text and "xoxb" not in caplog.text


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [("", "en"), ("sv-SE,sv;q=0.9,en;q=0.5", "sv"), ("en;q=0.2, nl;q=0.8", "nl"), ("de, fr", "en"), ("nl;q=0", "en"),
     ("sv;q=nan, nl;q=x,en", "en"), ("," * 999, "en"), ("*", "en")],
)  # fmt: skip
async def test_pages_speak_the_browsers_language_and_load_nothing(world: World, accepted: str, lang: str) -> None:
    assert language(accepted) == lang
    async with world.browser(accepted) as web:
        answer = await web.get("/slack/install")
    assert f'lang="{lang}"' in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r"https?://|<script|<img|<link|url\(", answer.text)
    assert "prefers-color-scheme: dark" in answer.text


async def test_what_a_workspace_is_called_is_text_and_nothing_else(world: World) -> None:
    answer = await world.install("T1", team={"id": "T1", "name": "<script>alert(1)</script>"})
    assert answer.status_code == 200 and "<script" not in answer.text and "&lt;script&gt;" in answer.text


async def test_beginning_over_and_over_is_bounded(world: World) -> None:
    assert world.slack.door
    world.slack.door.paced.burst = 3
    async with world.browser() as web:
        found = [(await web.post("/slack/install")).status_code for _ in range(5)]
    assert found == [303, 303, 303, 503, 503]


# Each with its own.


async def test_two_workspaces_at_once_each_with_its_own_token(world: World) -> None:
    for team in ("T1", "T2"):
        await world.install(team, who="U9")
    for team in ("T1", "T2"):
        assert (await world.send(of(HELP, team, "U1"))).status_code == 200
    await world.deliver()
    both = await rows(world.store, folk.PersonRow, account="U1")
    assert {row.workspace for row in both} == {"slack:T1", "slack:T2"}, "somebody else in each of them"
    assert world.said_with("T1") == world.said_with("T2") == ["U9"]
    assert sorted(call.team for call in world.stub.named("chat.postEphemeral")) == ["T1", "T2"]
    tokens = {row.sealed for row in await rows(world.store, GrantRow)}
    assert len(tokens) == 2 and not any("xoxb" in sealed for sealed in tokens)


async def test_a_request_costs_no_look_into_the_database_for_its_token(world: World) -> None:
    await world.install("T1")
    here = await world.slack.workspaces.of("slack:T1")
    async with world.store.transaction() as session:
        await session.run(GrantRow.__table__.delete())  # type: ignore[attr-defined]
    assert await world.slack.workspaces.of("slack:T1") is here and await world.slack.workspaces.has("slack:T1")
    world.later(seconds=31)
    assert not await world.slack.workspaces.has("slack:T1"), "but another replica's news are heard"
    assert {call.method for call in world.stub.calls} == {"oauth.v2.access"}


async def test_who_never_installed_us_is_not_heard(world: World) -> None:
    await world.install("T1")
    assert (await world.send(of(HELP, "T9"))).status_code == 200
    assert await count(world.store, folk.PersonRow, workspace="slack:T9") == 0
    with pytest.raises(Unreachable):
        await world.slack.platform.send(Outgoing("e/0", Place("slack:T9", "C1"), Card("Hello")))


async def test_a_form_that_names_another_workspace_is_refused(world: World) -> None:
    for team in ("T1", "T2"):
        await world.install(team)
    body = payload("view_submission")
    body["team"]["id"] = body["user"]["team_id"] = body["view"]["app_installed_team_id"] = "T2"  # its place is of T1
    assert (await world.send(body)).status_code == 400
    assert await count(world.store, folk.PersonRow, workspace="slack:T2", account="U1") == 1  # who installed us


async def test_in_a_shared_channel_an_event_is_for_whom_slack_names(world: World) -> None:
    for team in ("T1", "T2"):
        await world.install(team, "U9")
    body = of(payload("message_im"), "T1")
    body["authorizations"][0]["team_id"] = "T2"
    await world.send(body)
    assert await count(world.store, folk.PersonRow, workspace="slack:T2", account="U1") == 1
    assert await count(world.store, folk.PersonRow, workspace="slack:T1", account="U1") == 0


async def test_people_of_each_workspace_are_read_with_its_token_and_trouble_of_one_is_not_the_others(
    world: World,
) -> None:
    for team in ("T1", "T2"):
        await world.install(team, "U9")
    world.stub.revoke("T1")
    for name in await world.slack.workspaces.all():
        await world.slack._learned(name)
    assert {call.team for call in world.stub.named("users.list") if call.outcome == "ok"} == {"T2"}
    assert await count(world.store, folk.PersonRow, workspace="slack:T2", name="bo") == 1


# A whole organisation.


async def test_an_organisation_installs_us_once_for_all_its_workspaces(world: World) -> None:
    assert (await world.install("E1")).status_code == 200
    [row] = await rows(world.store, GrantRow)
    assert row.workspace == "slack:E1"
    event = of(payload("message_im"), "T7")
    event["event"]["text"] = "help"
    event["authorizations"][0] |= {"enterprise_id": "E1", "team_id": None, "is_enterprise_install": True}
    command = {**of(HELP, "T8"), "enterprise_id": "E1", "is_enterprise_install": "true"}
    press = payload("block_actions")
    press |= {"team": None, "enterprise": {"id": "E1"}, "is_enterprise_install": True}
    for body in (event, command, press):
        assert (await world.send(body)).status_code == 200
    await world.deliver()
    everybody = await rows(world.store, folk.PersonRow)
    assert {row.workspace for row in everybody} == {"slack:E1"}
    assert set(world.said_with("E1")) and {call.team for call in world.stub.named("chat.postMessage")} == {"E1"}
    # The same organisation's word about a workspace that installed us by itself would be another tenant.
    await world.send(of(HELP, "T8", id="x"))
    assert await count(world.store, folk.PersonRow, workspace="slack:T8") == 0


async def test_an_organisations_people_are_read_workspace_by_workspace(world: World) -> None:
    await world.install("E1", "U9")
    world.stub.users = [user(f"U{n}", f"p{n}") for n in range(3)]
    await world.slack.sync()
    asked = [(call.args["team_id"], call.args.get("cursor", "")) for call in world.stub.named("users.list")]
    assert asked == [("T7", ""), ("T7", "2"), ("T8", ""), ("T8", "2")]
    assert [call.args["team_id"] for call in world.stub.named("usergroups.list")] == ["T7", "T8"]
    assert await count(world.store, folk.PersonRow, workspace="slack:E1", gone=False, guest=False) == 3


# Tokens that end.


async def rotating(world: World, team: str = "T1") -> None:
    assert (await world.install(team, rotates=True)).status_code == 200


async def test_a_token_is_renewed_before_it_ends_by_one_replica_only(world: World) -> None:
    await rotating(world)
    other = world.replica()
    await world.slack.workspaces.renew()
    assert len(world.stub.named("oauth.v2.access")) == 1, "not while it is young"
    world.later(hours=10, minutes=1)
    await world.slack.workspaces.renew()
    await other.slack.workspaces.renew()
    assert [call.args.get("grant_type") for call in world.stub.named("oauth.v2.access")] == [None, "refresh_token"]
    [row] = await rows(world.store, GrantRow)
    assert row.expires_at == world.now + timedelta(hours=12) and row.version == 2
    world.later(hours=2)  # the first token is over
    for replica in (world, other):
        await replica.slack.platform.send(Outgoing(f"{id(replica)}/0", Place("slack:T1", "C1"), Card("Hello")))


async def test_two_replicas_that_renew_at_the_same_moment(world: World) -> None:
    import asyncio

    await rotating(world)
    other = world.replica()
    world.later(hours=11)
    await asyncio.gather(*(each.slack.workspaces.renew() for each in (world, other, world, other)))
    assert len(world.stub.named("oauth.v2.access")) == 2


async def test_a_token_that_could_not_be_renewed_is_tried_again_and_seen(world: World) -> None:
    await rotating(world)
    world.later(hours=11)
    world.stub.fail("oauth.v2.access", 500)
    await world.slack.workspaces.renew()
    [row] = await rows(world.store, GrantRow)
    assert (row.error, row.failed_at) == ("Away", world.now)
    await world.slack.workspaces.renew()
    assert len(world.stub.named("oauth.v2.access")) == 2, "not at once"
    world.later(minutes=1, seconds=1)
    await world.slack.workspaces.renew()
    [row] = await rows(world.store, GrantRow)
    assert (row.error, row.failed_at, row.version) == ("", None, 2)


async def test_a_message_that_finds_its_token_over_renews_it_first(world: World) -> None:
    await rotating(world)
    world.later(hours=13)
    await world.slack.platform.send(Outgoing("e/0", Place("slack:T1", "C1"), Card("Hello")))
    assert len(world.stub.named("oauth.v2.access")) == 2
    world.later(hours=13)
    world.stub.refuse("oauth.v2.access", "invalid_refresh_token", times=-1)
    with pytest.raises(SlowDown):
        await world.slack.platform.send(Outgoing("e/1", Place("slack:T1", "C1"), Card("Hello")))


async def test_a_token_renewed_elsewhere_is_found_when_the_old_one_is_refused(world: World) -> None:
    await rotating(world)
    await world.slack.workspaces.of("slack:T1")
    other = world.replica()
    world.later(hours=10, minutes=1)
    await world.slack.workspaces.of("slack:T1")  # read a moment ago, and good for half a minute
    await other.slack.workspaces.renew()
    world.stub.tokens = {token: team for token, team in world.stub.tokens.items() if not token.endswith("-1")}
    await world.slack.platform.send(Outgoing("e/0", Place("slack:T1", "C1"), Card("Hello")))
    assert [call.outcome for call in world.stub.named("chat.postMessage")] == ["token_revoked", "ok"]


# Put out.


@pytest.mark.parametrize("kind", ["app_uninstalled", "tokens_revoked"])
async def test_a_workspace_that_puts_us_out_hears_nothing_more(world: World, kind: str) -> None:
    for team in ("T1", "T2"):
        await world.install(team, "U9")
    await world.deliver()
    world.later(minutes=1)
    for team in ("T1", "T2"):
        await world.send(of(HELP, team))
    world.stub.calls.clear()
    world.later(seconds=5)
    for _ in range(2):
        assert (await world.send(ended("T1", world.now, kind))).status_code == 200
    await world.deliver()
    assert {call.team for call in world.stub.calls} == {"T2"}
    assert await count(world.store, OutboxRow, workspace="slack:T1", error="Uninstalled") == 1
    assert [row.workspace for row in await rows(world.store, GrantRow)] == ["slack:T2"]
    before = await rows(world.store, OutboxRow)
    assert (await world.send(of(HELP, "T1", id="late"))).status_code == 200
    assert await rows(world.store, OutboxRow) == before


async def test_installed_again_everything_is_as_it_was_and_a_late_word_does_nothing(world: World) -> None:
    await world.install("T1")
    await world.send(of(HELP, "T1"))
    people = await rows(world.store, folk.PersonRow)
    world.later(minutes=1)
    await world.send(ended("T1", world.now))
    world.later(minutes=1)
    await world.install("T1", "U2")
    assert await rows(world.store, folk.PersonRow, account="U1") == [row for row in people if row.account == "U1"]
    for kind in ("tokens_revoked", "app_uninstalled"):
        await world.send(ended("T1", world.now - timedelta(minutes=1), kind))
    assert await world.slack.workspaces.has("slack:T1")
    [row] = await rows(world.store, InstallationRow)
    assert row.gone_at is None


async def test_somebodys_own_token_that_is_revoked_is_none_of_ours(world: World) -> None:
    await world.install("T1")
    body = ended("T1", world.now + timedelta(minutes=1), "tokens_revoked")
    body["event"]["tokens"] = {"oauth": ["U1"], "bot": []}
    await world.send(body)
    assert await count(world.store, GrantRow) == 1


# Keys.


async def test_without_the_key_nothing_is_lost(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.install("T1")
    blind = world.replica(new_key())
    with pytest.raises(SlowDown):
        await blind.slack.platform.send(Outgoing("e/0", Place("slack:T1", "C1"), Card("Hi", (Text("x"),))))
    assert (await blind.send(of(payload("message_im"), "T1"))).status_code == 503, "Slack tries again"
    assert "KADENS_KEYS" in caplog.text
    await world.slack.platform.send(Outgoing("e/0", Place("slack:T1", "C1"), Card("Hello")))


async def test_a_token_moved_to_another_workspace_in_the_database_is_not_used(world: World) -> None:
    for team in ("T1", "T2"):
        await world.install(team)
    table: Any = GrantRow.__table__  # type: ignore[attr-defined]
    [victim] = await rows(world.store, GrantRow, workspace="slack:T2")
    async with world.store.transaction() as session:
        await session.run(table.update().where(table.c.workspace == "slack:T1").values(sealed=victim.sealed))
    with pytest.raises(SlowDown):
        await world.replica().slack.platform.send(Outgoing("e/0", Place("slack:T1", "C1"), Card("Hello")))
