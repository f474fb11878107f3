"""What somebody looks for in a history: a kind, a time, words, and where the page begins. Pure."""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from bot.core.cards import MENTION
from bot.core.spans import LONGEST, limits, read_span

KINDS = ("kudos", "goals", "checkins", "feedback", "commitments", "grow", "reviews", "learning", "expectations",
         "aspirations", "oneonones", "plans")  # fmt: skip
WORDS = 80  # characters of what is searched for
REF = re.compile("[0-9a-f]{16}")  # Event.ref


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """Where an entry stands among all: equal moments are told apart, so that none is lost between two pages."""

    at: datetime
    rank: int  # of its source
    id: str

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.rank}~{self.id}"

    @classmethod
    def read(cls, text: str) -> "Mark | None":
        moment, _, rest = text.partition("~")
        rank, _, id = rest.partition("~")
        try:
            at = datetime.fromisoformat(moment)
            # The first and the last day there are have no UTC everywhere.
            return cls(at.astimezone(UTC), int(rank), id) if at.tzinfo else None
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True, slots=True)
class Query:
    kind: str = ""  # one of KINDS; "": all
    period: str = ""  # a span's key; "": always
    words: str = ""  # all of them are in it
    person: str = ""  # the id of somebody else; "": one's own
    mark: Mark | None = None  # the page begins behind this entry; None: with the latest
    newer: bool = False  # or it ends before it
    card: str = ""  # the ref of the event that posted the card this is asked from

    @property
    def filtered(self) -> bool:
        return bool(self.kind or self.period or self.words)

    def at(self, mark: Mark | None, newer: bool = False) -> "Query":
        return replace(self, mark=mark, newer=newer)

    def __str__(self) -> str:
        """As a button carries it."""
        way = "newer" if self.newer else ""
        return "|".join((self.kind, self.period, self.person, self.card, way, str(self.mark or ""), self.words))

    @classmethod
    def read(cls, value: str) -> "Query":
        """What a button says; of what it cannot have said, nothing."""
        parts = value.split("|", 6)
        if len(parts) != 7:
            return cls()
        kind, period, person, card, way, mark, words = parts
        found = Mark.read(mark)
        card = card if REF.fullmatch(card) else ""
        kind = kind if kind in KINDS else ""
        return cls(kind, known(period), words[:WORDS], person, found, way == "newer" and found is not None, card)


def known(period: str) -> str:
    try:
        limits(period)
    except ValueError:
        return ""
    return period


def read(text: str, lang: str, today: date, kinds: Mapping[str, str], search: Collection[str]) -> Query:
    """What a command asks for: `kudos november`, `q4`, `search export`, or any words.

    `kinds`: what people call each kind, by the word. `search`: the words after which all is looked for as it stands.
    """
    words, found, left = MENTION.sub(" ", text).split(), Query(), list[str]()
    while words:
        if folded(words[0]) in search:
            left += words[1:]
            break
        taken = _span(words, lang, today) if not found.period else None
        if taken:
            count, key = taken
            found, words = replace(found, period=key), words[count:]
        elif not found.kind and (kind := kinds.get(folded(words[0]))):
            found, words = replace(found, kind=kind), words[1:]
        else:
            left.append(words.pop(0))
    return replace(found, words=" ".join(left)[:WORDS].strip())


def _span(words: list[str], lang: str, today: date) -> tuple[int, str] | None:
    """How many of the first words name a time, as many as can, and which."""
    for count in range(min(LONGEST, len(words)), 0, -1):
        if key := read_span(" ".join(words[:count]), lang, today):
            return count, key
    return None


def folded(text: str) -> str:
    """So that ÅRE and åre are one word. Not left to the database: SQLite folds a to z only."""
    return unicodedata.normalize("NFC", text).casefold()


def matcher(words: str) -> Callable[[Sequence[str]], bool]:
    """Whether all of these words are in the texts of an entry."""
    wanted = folded(words).split()

    def matches(texts: Sequence[str]) -> bool:
        if not wanted:
            return True
        said = folded("\n".join(texts))
        return all(word in said for word in wanted)

    return matches
