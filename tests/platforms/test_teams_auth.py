"""Who is let in. Every bad token is a 401, never a 500."""

import asyncio
import base64
import hmac
import json
import time

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import func, select

from bot.bounds import LARGEST
from bot.platforms.teams.app import OpenDoor, Secrets, Teams
from bot.platforms.teams.auth import HOSTS, KnownHosts, Token, is_loopback, scope, token_url
from bot.turn import Turns
from storage import outbox, people
from tests.platforms.teams_stub import APP, TeamsStub, private_key
from tests.platforms.teams_world import payload, world

SAID = payload("message_personal", text="help")
ELSEWHERE = "72f988bf-86f1-41af-91ab-2d7cd011db48"


@pytest.fixture
async def stub():
    async with TeamsStub() as stub:
        yield stub


@pytest.fixture
async def open(store, stub):
    async with world(store, stub) as made:
        yield made


async def kept(store) -> int:
    async with store.reading() as session:
        queries = (select(func.count()).select_from(table) for table in (outbox.events, outbox.outbox, people.people))
        return sum([await session.value(query) for query in queries])


async def test_a_good_token_is_let_in(open, store):
    assert (await open.knock(SAID)).status_code == 200
    assert await kept(store) == 3


def hand_made(stub, header, claims, signature="x"):
    def encoded(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{encoded(header)}.{encoded(claims)}.{signature}"


def good(stub):
    return {"iss": "https://api.botframework.com", "aud": APP, "exp": int(time.time()) + 600, "serviceurl": stub.url}


def signed_with_the_public_key(stub, written):
    """The oldest trick: the key that everybody may read, taken for a secret word."""
    header, claims = {"alg": "HS256", "kid": "one", "typ": "JWT"}, good(stub)
    begun = hand_made(stub, header, claims, "")
    signature = base64.urlsafe_b64encode(hmac.digest(written, begun[:-1].encode(), "sha256"))
    return begun + signature.decode().rstrip("=")


def public_key(encoding, form):
    return private_key("one").public_key().public_bytes(encoding, form)


EMULATOR = {  # what botbuilder lets in beside: tokens of Microsoft's own sign-in service, for whoever has an app there
    "iss": "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/",
    "appid": APP,
    "ver": "1.0",
}
OWN_KEY = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key("two").public_key()))
BAD = {
    "HS256 with the public key as PEM": lambda stub: signed_with_the_public_key(
        stub, public_key(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    ),
    "HS256 with the public key as DER": lambda stub: signed_with_the_public_key(
        stub, public_key(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ),
    "no algorithm, in odd letters": lambda stub: hand_made(stub, {"alg": "nOnE", "kid": "one"}, good(stub), ""),
    "no algorithm at all": lambda stub: hand_made(stub, {"kid": "one"}, good(stub)),
    "a key of its own in the header": lambda stub: jwt.encode(
        good(stub), private_key("two"), "RS256", {"kid": "one", "jwk": OWN_KEY}
    ),
    "an address of keys in the header": lambda stub: jwt.encode(
        good(stub),
        private_key("two"),
        "RS256",
        {"kid": "one", "jku": f"{stub.url}../keys", "x5u": "https://evil.example"},
    ),
    "a kid that is a path": lambda stub: stub.signed("two", kid="../../etc/passwd"),
    "critical words we do not know": lambda stub: jwt.encode(
        good(stub), private_key("one"), "RS256", {"kid": "one", "crit": ["b64"], "b64": False}
    ),
    "the emulator's issuer": lambda stub: stub.signed(**EMULATOR),
    "the issuer of another tenant": lambda stub: stub.signed(iss=f"https://login.microsoftonline.com/{ELSEWHERE}/v2.0"),
    "the issuer of our own tenant": lambda stub: stub.signed(
        iss=f"https://sts.windows.net/{ELSEWHERE}/", tid=ELSEWHERE
    ),
    "an issuer with a slash more": lambda stub: stub.signed(iss="https://api.botframework.com/"),
    "an issuer of the other cloud": lambda stub: stub.signed(iss="https://api.botframework.us"),
    "many issuers": lambda stub: hand_made(stub, {"alg": "RS256", "kid": "one"}, {**good(stub), "iss": ["x"]}),
    "a skill's token": lambda stub: stub.signed(aud="another-app", azp=APP, ver="2.0"),
    "an endless token": lambda stub: f"{'a' * 20_000}.b.c",
    "none": lambda stub: None,
    "garbage": lambda stub: "garbage",
    "three dots": lambda stub: "a.b.c",
    "not ascii": lambda stub: "é.ü.ñ",
    "wrong key": lambda stub: stub.signed("two", kid="one"),
    "unknown kid": lambda stub: stub.signed("two"),
    "no kid": lambda stub: jwt.encode(good(stub), private_key("one"), "RS256"),
    "kid is a number": lambda stub: hand_made(stub, {"alg": "RS256", "kid": 5}, good(stub)),
    "a key we cannot read": lambda stub: stub.signed(kid="odd"),
    "wrong issuer": lambda stub: stub.signed(iss="https://evil.example"),
    "no issuer": lambda stub: stub.signed(iss=None),
    "wrong audience": lambda stub: stub.signed(aud="another-app"),
    "no audience": lambda stub: stub.signed(aud=None),
    "expired": lambda stub: stub.signed(exp=int(time.time()) - 400),
    "never expires": lambda stub: stub.signed(exp=None),
    "expires in words": lambda stub: hand_made(stub, {"alg": "RS256", "kid": "one"}, {**good(stub), "exp": "soon"}),
    "not yet": lambda stub: stub.signed(nbf=int(time.time()) + 4000),
    "another service URL": lambda stub: stub.signed(serviceurl="https://smba.trafficmanager.net/emea/"),
    "no service URL": lambda stub: stub.signed(serviceurl=None),
    "signed by nobody": lambda stub: jwt.encode(good(stub), "", "none", {"kid": "one"}),
    "signed with the public word": lambda stub: jwt.encode(good(stub), "k" * 32, "HS256", {"kid": "one"}),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_token_is_a_401_and_leaves_no_row(open, store, name):
    answer = await open.knock(SAID, BAD[name](open.stub))
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert await kept(store) == 0


async def test_another_kind_of_authorization(open):
    for header in ("Basic eDp5", "Bearer", "Bearer ", "bearer"):
        assert (await open.knock(SAID, None, Authorization=header)).status_code == 401


async def test_a_key_that_may_not_sign_for_teams(open):
    open.stub.endorsements = ["webchat"]
    assert (await open.knock(SAID)).status_code == 401


async def test_the_web_chat_of_the_same_bot_is_not_teams(open, store):
    open.stub.endorsements = ["msteams", "webchat"]
    assert (await open.knock({**SAID, "channelId": "webchat"})).status_code == 403
    assert await kept(store) == 0


async def test_keys_that_turn_are_followed(open):
    assert (await open.knock(SAID)).status_code == 200
    open.stub.kids = ["one", "two"]
    open.later(minutes=1)
    assert (await open.knock(SAID, open.stub.signed("two"))).status_code == 200
    open.stub.kids = ["two"]
    open.later(days=2)
    token = open.stub.signed("one", exp=int(time.time()) + 9 * 86_400)
    assert (await open.knock(SAID, token)).status_code == 401
    assert open.stub.fetched == 3


async def test_unknown_keys_do_not_make_us_ask_each_time(open):
    for n in range(20):
        assert (await open.knock(SAID, open.stub.signed("two", kid=f"k{n}"))).status_code == 401
    assert open.stub.fetched == 1


async def test_keys_out_of_reach_are_not_the_callers_fault(open, store):
    open.stub.away = True
    assert (await open.knock(SAID)).status_code == 503
    assert await kept(store) == 0
    open.stub.away = False
    assert (await open.knock(SAID)).status_code == 503  # asked a moment ago
    open.later(minutes=1)
    assert (await open.knock(SAID)).status_code == 200


async def test_keys_we_have_serve_while_new_ones_are_out_of_reach(open):
    assert (await open.knock(SAID)).status_code == 200
    open.stub.away = True
    open.later(days=2)
    token = open.stub.signed(exp=int(time.time()) + 9 * 86_400)
    assert (await open.knock(SAID, token)).status_code == 200
    assert (await open.knock(SAID, open.stub.signed("two"))).status_code == 503  # perhaps a new key: nobody can tell


async def test_slow_keys_hold_up_nobody_else_and_not_for_long(open, monkeypatch):
    """botbuilder fetches them with a blocking call without a time-out, inside the event loop."""
    monkeypatch.setattr("bot.platforms.teams.auth.PATIENCE", aiohttp.ClientTimeout(total=0.2))
    open.stub.hang = 0.8
    waiting = asyncio.create_task(open.knock(SAID))
    await asyncio.sleep(0.05)
    assert (await open.client.get("/teams/messages")).status_code == 405
    assert not waiting.done()
    assert (await waiting).status_code == 503


@pytest.mark.parametrize("answer", [{}, [], {"keys": None}, "x"])
async def test_keys_that_make_no_sense_are_out_of_reach(open, answer):
    async def nonsense(_url):
        return answer

    open.teams.gate.keys._get = nonsense
    assert (await open.knock(SAID)).status_code == 503


async def test_a_verified_token_is_remembered_until_it_ends(open):
    token = open.stub.signed()
    assert (await open.knock(SAID, token)).status_code == 200
    open.teams.gate.keys.by_kid = {}
    open.stub.away = True
    assert (await open.knock(SAID, token)).status_code == 200
    assert (await open.knock({**SAID, "channelId": "x"}, token)).status_code in (401, 403)  # the body is judged anew
    open.later(hours=2)
    assert (await open.knock(SAID, token)).status_code == 503


async def test_the_service_url_of_the_body_is_the_one_of_the_token(open, store):
    for url in ("https://evil.example/", f"{open.stub.url}x", ""):
        body = {**SAID, "serviceUrl": url}
        raw = json.dumps(body).encode()
        assert (await open.knock(raw)).status_code == 401
    assert await kept(store) == 0


async def test_a_service_url_that_nobody_knows_is_not_answered_even_with_a_token(open):
    for url in ("https://evil.example/", "http://smba.trafficmanager.net/emea/"):
        raw = json.dumps({**SAID, "serviceUrl": url}).encode()
        assert (await open.knock(raw, open.stub.signed(serviceurl=url))).status_code == 401


async def test_the_case_and_the_last_slash_of_a_service_url_do_not_matter(open):
    assert (await open.knock(SAID, open.stub.signed(serviceurl=open.stub.url.rstrip("/").upper()))).status_code == 200


@pytest.mark.parametrize(("cloud", "host"), [(cloud, host) for cloud in HOSTS for host in sorted(HOSTS[cloud])])
def test_microsofts_own_hosts_are_known_each_in_its_cloud(cloud, host):
    for url in (f"https://{host}/emea/", f"https://{host}:443/", f"https://{host.upper()}/"):
        assert [url in KnownHosts(cloud=each) for each in HOSTS] == [each == cloud for each in HOSTS]


def test_which_cloud_it_is_says_where_the_keys_are(store):
    government = "https://login.botframework.azure.us/v1/.well-known/openidconfiguration"
    for metadata, known in (("", [True, False]), (government, [False, True])):
        secrets = Secrets(app_id=APP, openid_metadata_url=metadata)
        made = Teams(Turns(None, store, {}), store, secrets, store.settings, lambda: None, loopback=True)  # type: ignore[arg-type, return-value]
        hosts = ("https://smba.trafficmanager.net/emea/", "https://smba.infra.gov.teams.microsoft.us/")
        assert [host in made.hosts for host in hosts] == known


@pytest.mark.parametrize(
    "url",
    [
        "http://smba.trafficmanager.net/",
        "https://smba.trafficmanager.net.evil.example/",
        "https://x.smba.trafficmanager.net/",
        "https://smba.trafficmanager.net@evil.example/",
        "https://evil@smba.trafficmanager.net/",
        "https://smba.trafficmanager.net:444/",
        "https://smba.trafficmanager.net:80/",
        "https://smba.trafficmanager.net:pass@evil.example/",
        "https://smba.trafficmanager.net%2eevil.example/",
        "https://smba.trafficmanager.net%00.evil.example/",
        "https://smba.trafficmanager.net#@evil.example/x",
        "https://smba.trafficmanager.net/?x=",
        "https://smba.traffic\tmanager.net/",
        "https://smba.trafficmanager.net\r\nHost: evil.example",
        "https://evil.example/https://smba.trafficmanager.net/",
        "https://evil.example?smba.trafficmanager.net",
        "https://smba-trafficmanager.net/",
        "https://smba.trafficmanager.net.",
        "https://smbа.trafficmanager.net/",
        "https://trafficmanager.net/",
        "https://other.trafficmanager.net/",
        "https://13.107.42.14/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/",
        "ftp://smba.trafficmanager.net/",
        "HTTP://smba.trafficmanager.net/",
        "javascript:smba.trafficmanager.net",
        "https://smba.trafficmanager.net:x/",
        "https://smba.trafficmanager.net\\@evil.example/",
        "//smba.trafficmanager.net/",
        "http://127.0.0.1:1/",
        "https://[::1",
        "",
        None,
        5,
    ],
)
def test_strange_hosts_are_not_known(url):
    assert url not in KnownHosts()


def test_loopback_is_known_on_trial_only():
    assert "http://127.0.0.1:56150/_connector" in KnownHosts(loopback=True)
    assert "http://127.0.0.1.evil.example/" not in KnownHosts(loopback=True)
    assert is_loopback("http://localhost:1/openid") and not is_loopback("https://login.botframework.com/")


def test_with_microsofts_keys_loopback_is_not_answered(store):
    made = Teams(Turns(None, store, {}), store, Secrets(app_id=APP), store.settings, lambda: None, loopback=True)  # type: ignore[arg-type, return-value]
    assert "http://127.0.0.1:1/" not in made.hosts


# -- no authentication


def test_without_authentication_only_loopback(store):
    with pytest.raises(OpenDoor, match="TEAMS_APP_ID is set but empty"):
        Teams(Turns(None, store, {}), store, Secrets(), store.settings, lambda: None, loopback=False)  # type: ignore[arg-type, return-value]


async def test_without_authentication_everybody_on_this_machine_is_let_in_and_it_is_said(store, stub, caplog):
    async with world(store, stub, app_id="", app_password="") as made:
        assert "TEAMS_APP_ID is empty" in caplog.text
        assert (await made.knock(SAID, None)).status_code == 200
        await made.deliver()
    assert stub.said() and not stub.tokens and stub.said()[0].authorization == ""


async def test_a_page_in_a_browser_cannot_speak_to_a_bot_on_trial(store, stub):
    async with world(store, stub, app_id="") as made:
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            assert (await made.knock(SAID, None, **{"Content-Type": kind})).status_code == 415


# -- what is no activity


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b'"x"', b"5", b"{}", b"\xff\xfe", b"[" * 5000, b'{"type": null}',
     json.dumps({**SAID, "conversation": "x"}).encode(), json.dumps({**SAID, "timestamp": "yesterday"}).encode(),
     json.dumps({**SAID, "membersAdded": [1]}).encode()],
)  # fmt: skip
async def test_what_is_no_activity_is_a_400(open, store, raw):
    assert (await open.knock(raw)).status_code == 400
    assert await kept(store) == 0


async def test_a_malformed_body_without_a_token_is_a_401(open):
    assert (await open.knock(b"{", None)).status_code == 401


async def test_too_large(open, store):
    assert (await open.knock({**SAID, "text": "x" * LARGEST})).status_code == 413

    async def drop_by_drop():
        for _ in range(12):
            yield b" " * 100_000

    headers = {"Authorization": f"Bearer {open.stub.signed()}"}
    answer = await open.client.post("/teams/messages", content=drop_by_drop(), headers=headers)
    assert answer.status_code == 413
    assert await kept(store) == 0


async def test_other_methods(open):
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert (await open.client.request(method, "/teams/messages")).status_code == 405


async def test_an_odd_length_is_no_fault_of_ours(open):
    answer = await open.knock(SAID, None, **{"Content-Length": "many"})
    assert answer.status_code == 401


# -- our own token


def test_where_our_token_comes_from():
    assert token_url("", "") == "https://login.microsoftonline.com/botframework.com/oauth2/v2.0/token"
    assert token_url("t1", "") == "https://login.microsoftonline.com/t1/oauth2/v2.0/token"
    government = "https://login.botframework.azure.us/v1/.well-known/openidconfiguration"
    assert token_url("t1", government) == "https://login.microsoftonline.us/t1/oauth2/v2.0/token"
    assert (scope(""), scope(government)) == (
        "https://api.botframework.com/.default",
        "https://api.botframework.us/.default",
    )


def test_a_secret_is_in_no_representation():
    secrets = Secrets(app_id="a", app_password="hush")
    assert "hush" not in repr(secrets)
    assert "hush" not in repr(Token("a", "hush", "u", "s", lambda: None))  # type: ignore[arg-type, return-value]
