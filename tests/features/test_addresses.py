"""Nothing is ever sent to an address that a payload brings: not to Slack's response_url, which we have no use for, nor
to a file's, a link's, or a service URL that is none of Microsoft's."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.teams import files
from bot.platforms.teams.auth import KnownHosts
from tests.faults import test_hostile_slack, test_hostile_teams
from tests.faults.hostile import knock, wired
from tests.features.village import Village, settled

CANARY = "https://canary.invalid/somewhere"
ODD = [
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]:22/",
    "https://smba.trafficmanager.net.evil.example/",
    "https://smba.trafficmanager.net@evil.example/",
    "https://evil.example/#smba.trafficmanager.net",
    "https://smba.trafficmanager.net:8443/",
    "https://smba.trafficmanager.net\\@evil.example/",
    "https://smba.trafficmanager.net\r\n.evil.example/",
    "http://smba.trafficmanager.net/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "//evil.example/",
    "https://xn--smba-trafficmanager-net.example/",
    "https://ｓmba.trafficmanager.net.evil.example/",
]


@pytest.fixture(scope="module")
def village(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Village:
    return settled(Path(shutil.copy(empty_database, tmp_path_factory.mktemp("village") / "village.db")))


@contextmanager
def asked() -> Iterator[list[str]]:
    """The names that were looked up: whatever is sent anywhere begins with that, but for plain addresses."""
    loop, names = asyncio.get_running_loop(), list[str]()
    real = loop.getaddrinfo

    async def noted(host: Any, *args: Any, **more: Any) -> Any:
        names.append(str(host))
        return await real(host, *args, **more)

    loop.getaddrinfo = noted  # type: ignore[method-assign]
    try:
        yield names
    finally:
        loop.getaddrinfo = real  # type: ignore[method-assign]


def led_astray(found: Any, key: str = "") -> Any:
    """With another address in the place of each, and where Slack and Teams could have one."""
    match found:
        case dict():
            more = {} if key else dict.fromkeys(("response_url", "response_urls", "url", "contentUrl"), CANARY)
            return {**more, **{name: led_astray(value, name) for name, value in found.items()}}
        case list():
            return [led_astray(each, key) for each in found]
        case str() if found.startswith(("http://", "https://")) and key != "serviceUrl":
            return CANARY
    return found


@pytest.mark.parametrize("side", [test_hostile_slack, test_hostile_teams], ids=["slack", "teams"])
async def test_no_address_of_a_payload_is_gone_to(side: Any, village: Village, tmp_path: Path) -> None:
    async with side.fort(village, tmp_path / "kadens.db") as here:
        with asked() as names:
            for body in here.seeds:
                await here.shoot(led_astray(deepcopy(body)), [])
            for _ in range(6):
                await here.whole.delivery.run()
        assert here.watch.statuses[200] > 100
    assert names == []


async def test_a_strange_service_url_is_refused_whatever_it_looks_like(village: Village, tmp_path: Path) -> None:
    """Signed for that very address, even: keys are Microsoft's, hosts have to be."""
    async with test_hostile_teams.fort(village, tmp_path / "kadens.db") as here:
        before = here.watch.tables()
        with asked() as names:
            for url in (CANARY, *(url for url in ODD if "::1" not in url)):  # on trial this machine is trusted
                token = here.stub.signed(serviceurl=url)
                headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
                for body in here.seeds[:30]:
                    raw = wired({**test_hostile_teams.renewed(deepcopy(body)), "serviceUrl": url})
                    status, _ = await knock(here.app, test_hostile_teams.DOOR, raw, headers)
                    assert status == 401, url
        assert here.watch.tables() == before and names == []


@pytest.mark.parametrize("url", [CANARY, *ODD])
def test_hosts_that_are_none_of_ours(url: str) -> None:
    assert url not in KnownHosts()
    assert not files.trusted(url, loopback=False)
    assert not files.trusted(url.replace("smba.trafficmanager.net", "graph.microsoft.com"), loopback=False)
