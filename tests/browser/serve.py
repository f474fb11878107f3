"""The playground as a process of its own: `python -m tests.browser.serve <port> <database file>`."""

import asyncio
import sys

from bot.platforms.playground.app import serve
from storage.engine import Store
from tests.platforms.playground_world import open_demo


async def main(port: int, database: str) -> None:
    store = Store(f"sqlite+aiosqlite:///{database}")
    try:
        await serve(await open_demo(store), port)
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
