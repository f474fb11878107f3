"""A clock that can be moved. It only ever goes forwards: what has happened cannot be waited for again."""

from datetime import UTC, datetime, timedelta
from time import monotonic


class Clock:
    """Stands still until `run`, so that the example history always happens at its written times."""

    def __init__(self, at: datetime) -> None:
        self._at, self._since = at.astimezone(UTC), None

    def __call__(self) -> datetime:
        gone = monotonic() - self._since if self._since is not None else 0.0
        return self._at + timedelta(seconds=gone)

    _since: float | None

    def run(self) -> None:
        self._since = monotonic()

    def move(self, by: timedelta) -> None:
        self.to(self() + by)

    def to(self, at: datetime) -> None:
        """Raises ValueError for a moment that is past."""
        if at < self():
            raise ValueError("the clock does not go back")
        self._at = at.astimezone(UTC)
        if self._since is not None:
            self.run()
