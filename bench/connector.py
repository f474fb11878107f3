"""What Teams is to a bot: `python -m bench.connector PORT KEY [busy]`. Takes replies, tells keys, gives tokens, counts.

As little work as can be, for it shares the machine with what is measured. KEY: a file with the public key as a JWK.
busy: who replies is asked to wait half a minute.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import cast

import httptools

ISSUER = "https://api.botframework.com"


class Connector(asyncio.Protocol):
    """One connection. GET /_count says how many replies came, over how many connections, and when the last one did."""

    keys: bytes = b""
    busy = False
    port = replies = connections = 0
    last = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.parser, self.path = httptools.HttpRequestParser(self), b""
        Connector.connections += 1

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.path += url

    def on_message_complete(self) -> None:
        status, said = b"200 OK", self._answer()
        if self.path.startswith(b"/v3/"):
            status = b"429 Too Many\r\nRetry-After: 30" if Connector.busy else b"201 Created"
        head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(said))
        self.path = b""
        self.transport.write(head + said)

    def _answer(self) -> bytes:
        if self.path.startswith(b"/v3/"):
            if self.parser.get_method() == b"GET":  # who a member is
                return b"{}"
            Connector.replies, Connector.last = Connector.replies + 1, time.time()
            return b'{"id": "%d"}' % Connector.replies
        here = f"http://127.0.0.1:{Connector.port}"
        match self.path:
            case b"/openid":
                return json.dumps({"issuer": ISSUER, "jwks_uri": f"{here}/keys"}).encode()
            case b"/keys":
                return Connector.keys
            case b"/token":
                return b'{"access_token": "bench", "expires_in": 3600}'
        told = {"replies": Connector.replies, "connections": Connector.connections, "last": Connector.last}
        return json.dumps(told).encode()


async def main(port: int, key: str, busy: bool) -> None:
    Connector.busy = busy
    Connector.port, Connector.keys = port, json.dumps({"keys": [json.loads(key)]}).encode()
    server = await asyncio.get_running_loop().create_server(Connector, "127.0.0.1", port, backlog=1000)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.install()
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]).read_text(), "busy" in sys.argv))
