"""A page of another site, open in the same browser, cannot speak to the playground; nor can a name that points here."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport="
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "bot", "demo", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "BROWSER": "true"}) as process:
        assert process.stdout
        try:
            yield next(found[0] for line in process.stdout if (found := ADDRESS.search(line)))
        finally:
            process.terminate()


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost", "http://["]
)
def test_another_pages_requests_are_refused(address: str, origin: str) -> None:
    with httpx.Client(base_url=address, headers={"Origin": origin}) as web:
        for method, path in (("GET", "/"), ("POST", "/"), ("GET", f"{SOCKET}polling"), ("POST", f"{SOCKET}polling")):
            assert web.request(method, path).status_code == 403, path
        assert web.get(f"{SOCKET}websocket", headers=UPGRADE).status_code == 403


def test_its_own_page_and_who_is_no_browser_are_served(address: str) -> None:
    with httpx.Client(base_url=address) as web:
        assert web.get("/").status_code == 200
        for own in (address, address.replace("127.0.0.1", "localhost")):
            host = own.removeprefix("http://")
            answer = web.get(f"{SOCKET}polling", headers={"Origin": own, "Host": host})
            assert answer.status_code != 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", ""])
def test_a_name_that_was_made_to_point_here_is_refused(address: str, host: str) -> None:
    """With its own origin, as a browser would send it that was led here by its name server."""
    with httpx.Client(base_url=address, headers={"Host": host}) as web:
        assert web.get("/").status_code == 400
        assert web.get("/", headers={"Origin": f"http://{host}"}).status_code in (400, 403)


@pytest.mark.parametrize("path", ["..%2f..%2fetc%2fpasswd", "%2e%2e", "1", "' OR 1=1", "%00", "a" * 3000, "../../.env"])
def test_files_are_found_by_their_message_only(address: str, path: str) -> None:
    with httpx.Client(base_url=address) as web:
        answer = web.get(f"/files/{path}")
        assert answer.status_code in (400, 404) and b"root:" not in answer.content
        static = web.get(f"/playground/{path}")
        assert static.status_code in (400, 404)
