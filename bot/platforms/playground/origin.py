"""Who may speak to a server on this machine: its own page, and no other that happens to be open in the same browser."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket


class SameOrigin:
    """ASGI middleware: what a browser sends for a page of another address is refused.

    A page of another site cannot read our answers, but it can send: a form, or a WebSocket, which no browser keeps to
    its own site. Each of these has an Origin; whoever is no browser has none.
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...]) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and not self._ours(origin, headers.get("host", "")):
                if scope["type"] == "websocket":
                    await WebSocket(scope, receive, send).close(1008)
                else:
                    await PlainTextResponse("Only from the playground's own page.", 403)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _ours(self, origin: str, host: str) -> bool:
        """The same host and port as is asked, and one of our names: another server's page here is another page."""
        try:
            parts = urlsplit(origin)
            return parts.hostname in self.hosts and parts.netloc == host
        except ValueError:
            return False
