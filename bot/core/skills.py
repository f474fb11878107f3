"""Skills, as the person sees them and as their manager does, and the gap between the two. Pure."""

from dataclasses import dataclass, replace

from bot.core import history

MOST = 8  # skills of one person: two fields for each stand on one form
NAME, WORDS = 60, 500  # characters
LEVELS = ("1", "2", "3", "4", "5")


def folded(name: str) -> str:
    """So that two spellings of one skill are one."""
    return " ".join(history.folded(name).split())


@dataclass(frozen=True, slots=True)
class View:
    level: int  # 1 to 5
    words: str  # an example: no level stands without its story


@dataclass(frozen=True, slots=True)
class Skill:
    id: str
    name: str
    own: View | None = None
    managers: View | None = None

    def seen(self, own: View | None = None, managers: View | None = None) -> "Skill":
        return replace(self, own=own or self.own, managers=managers or self.managers)

    def view(self, mine: bool) -> View | None:
        """That of the person, or of the manager."""
        return self.own if mine else self.managers

    @property
    def gap(self) -> int | None:
        """How much higher the person sees it than the manager; None until both have said theirs."""
        return self.own.level - self.managers.level if self.own and self.managers else None
