"""A load client in a process of its own: `python -m bench.load PORT CONNECTIONS`, with pickled requests on stdin.

Plain sockets that stay open; each sends its next request when it has the answer to the last. Prints one line of JSON.
"""

import asyncio
import json
import pickle
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What a run showed: requests a second, milliseconds, and how often which status came back."""

    rate: float
    p50: float
    p99: float
    statuses: dict[str, int]


def request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
    return head.encode() + body


async def load(port: int, requests: Sequence[bytes], connections: int = 50) -> Load:
    """Send them all, from another process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load", str(port), str(connections), stdin=-1, stdout=-1
    )
    said, _ = await process.communicate(pickle.dumps(list(requests)))
    return Load(**json.loads(said))


async def _ask(port: int, waiting: Iterator[bytes], took: list[float], statuses: Counter[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for each in waiting:
        began = time.perf_counter()
        writer.write(each)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith("content-length:")), 0)
        await reader.readexactly(length)
        took.append(time.perf_counter() - began)
        statuses[head[9:12].decode()] += 1
        if "connection: close" in lines:
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


async def _run(port: int, connections: int, requests: list[bytes]) -> Load:
    took, statuses, waiting = list[float](), Counter[str](), iter(requests)
    began = time.perf_counter()
    await asyncio.gather(*(_ask(port, waiting, took, statuses) for _ in range(connections)))
    gone = time.perf_counter() - began
    took.sort()
    return Load(len(took) / gone, took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3, dict(statuses))


if __name__ == "__main__":
    import uvloop

    uvloop.install()
    print(json.dumps(asyncio.run(_run(int(sys.argv[1]), int(sys.argv[2]), pickle.load(sys.stdin.buffer))).__dict__))
