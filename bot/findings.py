"""What `kadens doctor` finds: a mark, and a line that says how to mend it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    mark: Literal["✓", "!", "✗"]
    text: str

    def __str__(self) -> str:
        return f"{self.mark} {self.text}"


def fine(text: str) -> Finding:
    return Finding("✓", text)


def perhaps(text: str) -> Finding:
    return Finding("!", text)


def wrong(text: str) -> Finding:
    return Finding("✗", text)
