"""A load client in a process of its own: `python -m bench.load PORTS CONNECTIONS RATE`, with pickled requests on stdin.

Plain sockets that stay open; each sends its next request when it has the answer to the last, or, where there is a rate
(requests a second), when it is time for it: how long it took is then counted from that time. Several ports, with commas
between, are asked in turns. Prints one line of JSON.
"""

import asyncio
import json
import pickle
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Load:
    """What a run showed: requests a second, milliseconds, and how often which status came back."""

    rate: float
    p50: float
    p99: float
    statuses: dict[str, int]


def middle(runs: Iterable[Load], name: str) -> float:
    """The median of one of their figures."""
    return round(float(median(getattr(run, name) for run in runs)), 1)


def ratio(ours: Iterable[Load], theirs: Iterable[Load]) -> float:
    """The median of the ratios of their rates, each round's with its own."""
    return round(median(one.rate / other.rate for one, other in zip(ours, theirs, strict=True)), 3)


def request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
    return head.encode() + body


async def load(port: int, requests: Sequence[bytes], connections: int = 50, rate: float = 0, *others: int) -> Load:
    """Send them all, from another process; to `others` too, where several processes serve."""
    ports = ",".join(map(str, (port, *others)))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load", ports, str(connections), str(rate), stdin=-1, stdout=-1
    )
    said, _ = await process.communicate(pickle.dumps(list(requests)))
    return Load(**json.loads(said))


async def _ask(port: int, waiting: Iterator[tuple[float, bytes]], took: list[float], statuses: Counter[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for due, each in waiting:
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        began = due or time.perf_counter()
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


async def _run(ports: list[int], connections: int, rate: float, requests: list[bytes]) -> Load:
    took, statuses, began = list[float](), Counter[str](), time.perf_counter()
    waiting = ((began + number / rate if rate else 0.0, each) for number, each in enumerate(requests))
    await asyncio.gather(*(_ask(ports[n % len(ports)], waiting, took, statuses) for n in range(connections)))
    gone = time.perf_counter() - began
    took.sort()
    return Load(len(took) / gone, took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3, dict(statuses))


if __name__ == "__main__":
    import uvloop

    uvloop.install()
    ports, connections, rate = list(map(int, sys.argv[1].split(","))), int(sys.argv[2]), float(sys.argv[3])
    print(json.dumps(asyncio.run(_run(ports, connections, rate, pickle.load(sys.stdin.buffer))).__dict__))
