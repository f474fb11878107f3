"""`kadens serve` on PostgreSQL: twice on one database, and what it says of a database that it cannot use."""

import asyncio
import os
import signal
import time
from pathlib import Path

import aiohttp
import certifi
import pytest
from sqlalchemy import make_url

from tests.app.process import Served, run, served, signed, slack
from tests.app.test_serve import get, kudos, until
from tests.conftest import Databases
from tests.conftest import until as soon
from tests.platforms.slack_stub import SlackStub
from tests.pooler import pooler
from tests.postgres import Server, free_port
from tests.postgres import server as begun

pytestmark = pytest.mark.postgresql


def asked(server: Server, url: str, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in server.query(query, str(make_url(url).database))]


@pytest.mark.slow
@pytest.mark.both
@pytest.mark.parametrize("by", ["itself", "a pooler"])
async def test_two_servers_on_one_new_database_do_everything_once(
    databases: Databases, server: Server, tmp_path: Path, by: str
) -> None:
    """Both make its tables at the same time; each event comes to both; whoever is free sends."""
    url = databases(tables=False)
    if by == "itself":
        await once(server, url, tmp_path, url.replace("+asyncpg", ""))
    else:
        with pooler(server) as between:
            await once(server, url, tmp_path, between.url(str(make_url(url).database)))


async def once(server: Server, url: str, tmp_path: Path, address: str) -> None:
    env = {"DATABASE_URL": address}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    async with SlackStub() as stub, aiohttp.ClientSession() as http:
        env |= slack(stub.url)
        async with served(tmp_path / "one", **env) as one, served(tmp_path / "two", **env) as two:
            assert await get(one, "/readyz") == await get(two, "/readyz") == (200, {"ready": True})

            async def give(number: int) -> list[int]:
                raw, headers = signed(kudos(number))
                urls = [f"{each.url}/slack/events" for each in (one, two)]
                return [each.status for each in await asyncio.gather(*(post(http, url, raw, headers) for url in urls))]

            answered = [status for number in range(12) for status in await give(number)]
            assert answered == [200] * 24
            left = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"
            await until(lambda: asked(server, url, left) == [(0,)], 60)
            assert await one.end(signal.SIGTERM) == 0, one.log
            assert [status for status in await give(12) if status] == [200]
            await until(lambda: asked(server, url, left) == [(0,)], 60)
            assert await two.end(signal.SIGTERM) == 0, two.log
    assert asked(server, url, "SELECT count(*) FROM kudos") == [(13,)]
    posted = asked(server, url, "SELECT count(*) FROM outbox WHERE verb = 'post' AND only_for IS NULL")
    assert posted == [(len(stub.named("chat.postMessage")),)] and posted >= [
        (26,)
    ]  # a card, and a word to whom it is for
    assert asked(server, url, "SELECT count(*) FROM outbox WHERE unsure") == [(0,)]
    assert "Traceback" not in one.log + two.log


async def ready(server: Served) -> bool:
    return (await get(server, "/readyz"))[0] == 200


class Status:
    def __init__(self, status: int) -> None:
        self.status = status


async def post(http: aiohttp.ClientSession, url: str, raw: bytes, headers: dict[str, str]) -> Status:
    try:
        async with http.post(url, data=raw, headers=headers) as answer:
            await answer.read()
            return Status(answer.status)
    except aiohttp.ClientError:
        return Status(0)


@pytest.mark.slow
@pytest.mark.both
async def test_a_database_that_goes_and_comes_back(tmp_path: Path) -> None:
    """Not ready and 503 at once while it is away or hangs; ready and working again without a restart."""
    with begun(free_port()) as database:
        env = {"DATABASE_URL": database.database("kadens").replace("+asyncpg", "")}
        async with SlackStub() as stub, served(tmp_path, **env, **slack(stub.url)) as server:
            await until(lambda: asked(database, "postgresql://x/kadens", "SELECT count(*) FROM people") != [(0,)])
            database.stop("immediate")
            status, said = await get(server, "/readyz")
            assert (status, "cannot be reached" in said["reason"]) == (503, True)
            async with aiohttp.ClientSession() as http:
                raw, headers = signed(kudos(1))
                began = time.monotonic()
                answer = await post(http, f"{server.url}/slack/events", raw, headers)
                assert answer.status in (200, 503) and time.monotonic() - began < 3, "a sentence, or: try again"
                database.start()
                await until(lambda: asked(database, "postgresql://x/kadens", "SELECT 1"))
                answer = await post(http, f"{server.url}/slack/events", *signed(kudos(2)))
                assert answer.status == 200
            assert await get(server, "/readyz") == (200, {"ready": True})
            await until(lambda: stub.named("chat.postMessage"))
            theirs = "SELECT pid FROM pg_stat_activity WHERE datname = 'kadens' AND pid <> pg_backend_pid()"
            frozen = [row[0] for row in database.query(theirs, "kadens")]
            frozen.append(int((database.folder / "data" / "postmaster.pid").read_text().split()[0]))
            for pid in frozen:
                os.kill(pid, signal.SIGSTOP)
            began = time.monotonic()
            status, said = await get(server, "/readyz")
            assert (status, time.monotonic() - began < 4) == (503, True), said
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
            await soon(lambda: ready(server), 10)
            assert await server.end(signal.SIGTERM) == 0
        assert "Traceback" not in server.log


def test_a_certificate_is_looked_at(server: Server, tmp_path: Path) -> None:
    with pooler(server) as between:
        told = f"The database postgresql://127.0.0.1:{between.port}/empty cannot be used: "
        for options, reason in (
            ({"sslrootcert": certifi.where()}, "its certificate is not one we trust"),
            ({"sslmode": "disable"}, "it lets nobody in without TLS; write sslmode=verify-full behind the ?"),
            ({"lock_timeout": 5}, "a pooler that stands before it does not know a setting behind the ?"),
        ):
            done = run(tmp_path, "db", "current", DATABASE_URL=between.url("empty", **options))
            assert (done.returncode, done.stderr) == (2, f"{told}{reason}.\n")
        done = run(tmp_path, "db", "current", DATABASE_URL=between.url("empty"))
        assert (done.returncode, done.stderr) == (0, "")


def test_what_is_wrong_with_its_address_is_one_sentence_without_the_password(tmp_path: Path) -> None:
    with begun(free_port()) as database:
        database.query("CREATE ROLE kim LOGIN PASSWORD 'secret'")
        hba = database.folder / "data" / "pg_hba.conf"
        hba.write_text(f"host all kim all scram-sha-256\n{hba.read_text()}")
        database.query("SELECT pg_reload_conf()")
        address = f"127.0.0.1:{database.tcp}"
        wrong = {
            f"postgresql://kim:topsecret@{address}/postgres": "the password is wrong",
            f"postgresql://kim:tops/ecr?et@{address}/postgres": "the password is wrong",
            f"postgresql://kim:secret@{address}/nothing": "there is no database of that name",
            f"postgresql://kim:secret@{address}/empty": "this user may not make or change tables there",
            f"postgresql://kim:secret@{address}/empty?sslmode=require": "it does not speak TLS",
            f"postgresql://kim:secret@{address}/empty?sslmode=sometimes": "an option behind the ? is wrong",
            f"postgresql://kim:secret@{address}/empty?colour=red": "it does not know a setting behind the ?",
            f"postgresql://kim:secret@127.0.0.1:{free_port()}/empty": "nobody answers there",
        }
        for url, reason in wrong.items():
            done = run(tmp_path, "db", "upgrade", DATABASE_URL=url)
            told = f"The database postgresql://{url.rpartition('@')[2].partition('?')[0]} cannot be used: {reason}.\n"
            assert (done.returncode, done.stderr) == (2, told)
