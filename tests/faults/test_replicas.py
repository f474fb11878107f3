"""Three replicas on PostgreSQL, each of which dies, while the database is restarted under them and a cable pulled."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.core.settings import Settings
from storage import schema
from storage.engine import Store
from tests.conftest import SLACK, crowd, until
from tests.faults.links import link
from tests.faults.replicas import LATE, RULES, Balancer, House, Request, house
from tests.platforms.slack_stub import SlackStub, direct, user
from tests.platforms.test_slack_inbound import payload
from tests.postgres import free_port, server

ROUNDS, PEOPLE = 30, 24
READY = 25.0  # seconds after the last trouble within which all are ready
QUIET = 40.0  # and within which nothing waits any more
GREEDY, ALLOWED, ASKS = 0, 5, 9  # one who thanks more often in a day than is allowed
REACTING, THANKING, ANSWERING, SETTING = range(1, 8), range(8, 20), range(8, 20), range(20, PEOPLE)
TUESDAY = datetime(2026, 11, 3, 6, tzinfo=UTC)  # a nudge of Monday is timely then, also where that was a holiday
FAULTS = ("kill", "immediate", "cut", "kill kill", "fast", "kill cut", "kill kill kill", "immediate kill", "cut fast")


@dataclass
class Round:
    number: int
    fault: str
    requests: list[Request] = field(default_factory=list)
    ready: float = 0.0
    quiet: float = 0.0
    sent: int = 0
    lost: int = 0
    doubled: int = 0
    unsure: int = 0

    @property
    def period(self) -> str:
        year, week, _ = (TUESDAY + timedelta(weeks=self.number)).isocalendar()
        return f"{year:04}-W{week:02}"

    def row(self) -> str:
        taken = [each for each in self.requests if each.acknowledged]
        most = max((each.seconds for each in taken), default=0)
        return (
            f"{self.number + 1:5} {self.fault:16}{len(taken):6}/{len(self.requests):<5}{most:8.1f}{self.ready:8.1f}"
            f"{self.quiet:8.1f}{self.sent:7}{self.lost:6}{self.doubled:9}{self.unsure:9}"
        )


HEAD = "round what happened     taken       slowest   ready   quiet   sent  lost  doubled  unknown"


class Life:
    """What comes in during a round: each request has a word of its own, by which its effect is found again."""

    def __init__(self, house: House, balancer: Balancer, round: Round) -> None:
        self.house, self.balancer, self.round = house, balancer, round
        self._numbers = iter(range(1, 10_000))

    def _request(self, kind: str, name: str, **more: object) -> Request:
        number = next(self._numbers)
        token = f"{kind}r{self.round.number}n{number}e"
        body = payload(name)
        if "event" in body:
            body["event_id"] = f"Ev{token}"
            text = {"text": token} if body["event"]["type"] == "message" else {}
            stamp = f"17951{self.round.number:05}.{number:06}"
            body["event"] |= {"event_ts": stamp, "ts": stamp, "client_msg_id": token, **text, **more}
        else:
            body |= {"trigger_id": f"{self.round.number}.{number}.{token}", **more}
            body["text"] = body["text"].replace("TOKEN", token)
        request = Request(kind, token, body)
        self.round.requests.append(request)
        return request

    def kudos(self, giver: int) -> Request:
        text = f"<@U{(giver + 3) % PEOPLE}|somebody> for TOKEN"
        return self._request("kudos", "command", user_id=f"U{giver}", channel_id=f"C{giver}", text=text)

    def reaction(self, giver: int, number: int) -> Request:
        item = {"type": "message", "channel": f"C{giver}", "ts": f"17940{self.round.number:05}.{giver:03}{number:03}"}
        request = self._request("reaction", "reaction_added", user=f"U{giver}", item_user=f"U{giver + 1}", item=item)
        request.token = f"C{giver}/{item['ts']}"
        return request

    def goal(self, owner: int) -> Request:
        more = {"user_id": f"U{owner}", "user_name": f"p{owner}", "command": "/goal", "text": "Goal TOKEN"}
        return self._request("goal", "command", **more)

    async def answers(self, person: int) -> None:
        """Two answers in the thread of this week's check-in, the second after the first was taken."""
        home, key = direct(f"U{person}"), f"due/p{person}/checkin/{self.round.period}/0/"
        thread = ""

        def asked() -> bool:
            nonlocal thread
            said = self.house.stub.messages[home].values()
            thread = next((str(each["ts"]) for each in said if key_of(each).startswith(key)), "")
            return bool(thread)

        await until(asked, 60)
        for _ in range(2):
            more = {"user": f"U{person}", "channel": home, "thread_ts": thread}
            await self.balancer.send(self._request("answer", "message_im_reply", **more))

    async def all(self) -> None:
        """A few seconds of a busy morning."""
        chance = self.house.chance
        some = [self.kudos(GREEDY) for _ in range(ASKS)]
        some += [self.kudos(giver) for giver in THANKING for _ in range(2)]
        some += [self.reaction(giver, number) for giver in REACTING for number in range(3)]
        some += [self.goal(owner) for owner in SETTING for _ in range(2)]
        chance.shuffle(some)

        async def soon(request: Request) -> None:
            await asyncio.sleep(chance.uniform(0, 2.5))
            await self.balancer.send(request)

        await asyncio.gather(*map(soon, some), *map(self.answers, ANSWERING))


def key_of(message: dict) -> str:
    return str(message.get("metadata", {}).get("event_payload", {}).get("key", ""))


async def troubled(house: House, fault: str) -> None:
    chance = house.chance
    for each in fault.split():
        await asyncio.sleep(chance.uniform(0.1, 1.2))
        match each:
            case "kill":
                chance.choice(house.replicas).kill()
            case "immediate" | "fast":
                await asyncio.to_thread(house.server.stop, each)
                await asyncio.sleep(chance.uniform(0, 0.5))
                await asyncio.to_thread(house.server.start)
            case "cut":
                await house.link.cut()
                await asyncio.sleep(chance.uniform(0.5, 3))
                await house.link.mend()


async def quiet(house: House, round: Round) -> bool:
    await asyncio.sleep(0.1)  # each look is a connection
    waiting = "SELECT count(*) FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL"
    said = f"SELECT count(*) FROM nudges WHERE period = '{round.period}' AND state <> 'owed'"
    [(waits, nudged)] = await house.rows(f"SELECT ({waiting}), ({said})")
    return waits == 0 and nudged == PEOPLE


# What has to hold.


async def check_effects(house: House, round: Round, allowed: bool = True) -> None:
    """What was acknowledged is there once; what was not, at most once. Without `allowed` the reacting thank more often
    than they may, and then it is only the allowance that counts."""
    day = (TUESDAY + timedelta(weeks=round.number)).date()
    kudos = await house.rows(f"SELECT giver, words, source FROM kudos WHERE day = '{day}'")
    found = Counter(row["source"] or word(row["words"]) for row in kudos)
    found.update(word(row["title"]) for row in await house.rows("SELECT title FROM goals"))
    given = await house.rows(f"SELECT given FROM dialogues WHERE subject = '{round.period}'")
    said = " ".join(row["given"] for row in given)
    greedy = Counter[str]()
    for request in round.requests:
        times = said.count(request.token) if request.kind == "answer" else found[request.token]
        assert times <= 1, f"{request.token} happened {times} times"
        giver = request.body.get("user_id") or request.body["event"]["user"]
        if (request.kind == "kudos" and giver == f"U{GREEDY}") or (request.kind == "reaction" and not allowed):
            greedy[giver] += request.acknowledged
        elif request.acknowledged:
            assert times == 1, f"{request.token} was acknowledged and is not there"
    for giver, asked in greedy.items():
        spent = sum(1 for row in kudos if row["giver"] == giver.replace("U", "p"))
        assert min(asked, ALLOWED) <= spent <= ALLOWED, "the allowance, neither overrun nor cut short"
    assert all(request.acknowledged for request in round.requests if request.again), "what is sent again arrives"


def word(text: str) -> str:
    return text.split()[-1] if text.split() else ""


async def check_nudges(house: House, round: Round) -> None:
    rows = await house.rows(f"SELECT person, state FROM nudges WHERE period = '{round.period}'")
    assert sorted(row["person"] for row in rows) == sorted(f"p{n}" for n in range(PEOPLE))
    assert {row["state"] for row in rows} == {"said"}


async def check_messages(house: House, round: Round, after: int) -> int:
    """Everything that was to be said stands in Slack, once and in order. Returns the last row."""
    query = "SELECT id, key, verb, only_for, tries, unsure, failed_at, lease_until FROM outbox"
    rows = await house.rows(f"{query} WHERE id > {after} ORDER BY id")
    assert not [row["key"] for row in rows if row["failed_at"] or row["lease_until"]], (
        "nothing set aside, nothing stuck"
    )
    posted = {row["key"]: row for row in rows if row["verb"] == "post" and not row["only_for"]}
    said = Counter[str]()
    for channel in house.stub.messages.values():
        keys = [key for message in channel.values() if (key := key_of(message)) in posted]
        said.update(keys)
        for talk in in_turn(list(dict.fromkeys(keys))):
            assert talk == sorted(talk, key=lambda key: posted[key]["id"]), "in order"
    unsure = {row["key"] for row in rows if row["unsure"]}
    twice = {key for key, times in said.items() if times > 1}
    whispers = sum(1 for row in rows if row["only_for"])
    heard, house.stub.ephemeral = len(house.stub.ephemeral), []
    round.sent, round.unsure = len(rows), len(unsure)
    round.lost = len(posted.keys() - said.keys()) + max(whispers - heard, 0)
    round.doubled = sum(said[key] - 1 for key in twice) + max(heard - whispers, 0)
    assert round.lost == 0
    # A whisper is in no history: of each of its tries nobody may have seen the end.
    tries = sum(row["tries"] - 1 for row in rows if row["unsure"])
    assert twice <= unsure and round.doubled <= tries, "doubled only where nobody could know"
    return int(rows[-1]["id"])


def in_turn(keys: list[str]) -> list[list[str]]:
    """Those of one conversation that follow from each other: of one event, and of a talk. What two people do at the
    same moment has no order."""
    found = dict[str, list[str]]()
    for key in keys:
        talk = key.startswith("due/") or "answerr" in key
        found.setdefault("talk" if talk else key.rpartition("/")[0], []).append(key)
    return list(found.values())


@pytest.fixture
async def three(tmp_path: Path) -> AsyncIterator[House]:
    with server(tcp=free_port()) as postgres:
        url = postgres.database("kadens")
        await schema.upgrade(url)
        store = Store(url, Settings.model_validate(RULES))
        await crowd(store, PEOPLE, workspace=SLACK)
        await store.close()
        async with SlackStub() as stub:
            stub.users = [user(f"U{n}", f"person{n}") for n in range(PEOPLE)]
            stub.page = 200
            stub.hang("chat.postMessage", 0.02, times=-1)  # so that many a kill falls between a send and its answer
            cable, way = link(int(postgres.tcp or 0), stub.port)
            await cable.begin()
            found = await house(tmp_path, postgres, url, stub, cable, seed=23)
            print(f"\ncut by: {way}")
            try:
                found.clock.set(TUESDAY - timedelta(days=2))
                for replica in found.replicas:
                    replica.begin()
                await found.all_ready(60)
                yield found
            finally:
                await found.end()


@pytest.mark.slow
async def test_thirty_rounds_of_trouble_lose_and_double_nothing(three: House) -> None:
    balancer, rounds, last = Balancer(three), list[Round](), 0
    try:
        for number in range(ROUNDS):
            round = Round(number, FAULTS[number % len(FAULTS)])
            rounds.append(round)
            three.clock.set(TUESDAY + timedelta(weeks=number))
            await asyncio.gather(Life(three, balancer, round).all(), troubled(three, round.fault))
            began = time.monotonic()
            round.ready = await three.all_ready(READY)
            await until_quiet(three, round)
            round.quiet = time.monotonic() - began
            await check_effects(three, round)
            await check_nudges(three, round)
            last = await check_messages(three, round, last)
    finally:
        print(HEAD, *(round.row() for round in rounds), sep="\n")
        ended = sum(replica.ended for replica in three.replicas)
        print(f"answers by status (0: none): {balancer.statuses}; a process ended by itself {ended} times")
        await balancer.close()
    assert sum(1 for each in rounds if "kill" in each.fault) > ROUNDS / 3


async def until_quiet(house: House, round: Round) -> None:
    try:
        await until(partial(quiet, house, round), QUIET)
    except TimeoutError:
        query = "SELECT key, conversation, verb, tries, unsure, lease_until, not_before, error FROM outbox"
        rows = await house.rows(f"{query} WHERE sent_at IS NULL AND failed_at IS NULL LIMIT 5")
        nudges = await house.rows(f"SELECT state, count(*) FROM nudges WHERE period='{round.period}' GROUP BY 1")
        raise AssertionError(f"{house.clock()}: still waits: {[dict(row) for row in rows]}, {nudges}") from None


@pytest.mark.slow
async def test_a_rolling_restart_under_load_refuses_and_loses_nothing(three: House) -> None:
    """SIGTERM for one after the other, each once the one before is ready again; the proxy asks only who is ready."""
    balancer, round, over = Balancer(three, ready_only=True), Round(0, "SIGTERM, one by one"), asyncio.Event()
    three.clock.set(TUESDAY)
    life = Life(three, balancer, round)

    async def busy(giver: int) -> None:
        while not over.is_set():
            await balancer.send(life.reaction(giver, len(round.requests)))
            await asyncio.sleep(0.3)

    async def rolled() -> None:
        await asyncio.sleep(1)
        for replica in three.replicas:
            replica.terminate()
            assert replica.process and await asyncio.wait_for(replica.process.wait(), 30) == 0
            round.ready = max(round.ready, await three.all_ready(2 * READY))  # the others are busy
        over.set()

    try:
        await asyncio.gather(life.all(), rolled(), *map(busy, REACTING))
        await until_quiet(three, round)
        await check_effects(three, round, allowed=False)
        await check_nudges(three, round)
        await check_messages(three, round, 0)
        print(HEAD, round.row(), f"answers by status: {balancer.statuses}", sep="\n")
        assert balancer.statuses.keys() <= {200, LATE}, "no replica that is ready refuses anything"
        assert round.doubled == round.unsure == 0
    finally:
        await balancer.close()
