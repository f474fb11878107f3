"""HTTP sessions that go where they are sent and nowhere else.

aiohttp follows redirects by itself and takes along what was said: at 307 and 308 the whole body again, our own client
secret too. None of the platforms' interfaces redirects, so whoever does is not who we meant.
"""

from typing import Any

import aiohttp


class Redirected(aiohttp.ClientError):
    """The answer was an address to go to instead. Nobody went there."""


async def _stay(*_: Any) -> None:
    raise Redirected


def session(**options: Any) -> aiohttp.ClientSession:
    """A session whose every request raises Redirected for a redirect. `options`: those of aiohttp.ClientSession."""
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_stay)
    return aiohttp.ClientSession(trace_configs=[trace], **options)
