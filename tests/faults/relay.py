"""Passes TCP on, from one address to another, so that a test can cut or freeze what lies between two processes.

python -m tests.faults.relay HOST PORT TO_HOST TO_PORT
"""

import asyncio
import contextlib
import sys


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
    target.close()


async def main(host: str, port: str, to_host: str, to_port: str) -> None:
    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, here = await asyncio.open_connection(to_host, int(to_port))
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pass(reader, here), _pass(there, writer))

    server = await asyncio.start_server(met, host, int(port))
    print("relaying", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
