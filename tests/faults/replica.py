"""One of several replicas, to be killed: `kadens serve` itself, with a clock that the test sets and a short lease.

python -m tests.faults.replica HOST PORT FILE_OF_CLOCK

The rest, as always, by the environment and app.yaml.
"""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot import web
from bot.__main__ import main
from bot.app import App, build
from bot.core.settings import Settings
from bot.settings import Secrets
from tests.faults.worker import FileClock

LEASE = timedelta(seconds=3)  # the real one would make each of thirty rounds a wait of two minutes


def serve(host: str, port: str, clock: str) -> int:
    now = FileClock(Path(clock))

    def built(secrets: Secrets, settings: Settings, loopback: bool) -> App:
        app = build(secrets, settings, loopback, now)
        app.delivery.lease = LEASE
        for side in app.platforms.values():
            # Its limits would make the rounds longer, not harder; tests/faults/test_storm.py has them.
            side.platform.can = replace(side.platform.can, each=(), rate=0.0)
        return app

    web.build = built
    return main(["serve", "--host", host, "--port", port])


if __name__ == "__main__":
    sys.exit(serve(*sys.argv[1:]))
