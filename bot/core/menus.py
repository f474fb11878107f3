"""What a platform's own menus offer: the shortcuts, by the words there are for them in prompts/*/manifest.yaml.

`shortcuts.x` puts the shortcut x into the menu one opens anywhere, `shortcuts.x_here` into the menu of each message;
`notes` under the same name says a little more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.core.wording import wording

say = wording("manifest")


@dataclass(frozen=True, slots=True)
class Line:
    name: str  # of the shortcut
    key: str  # of its words
    here: bool  # in the menu of a message

    def label(self, lang: str) -> str:
        return say(lang, f"shortcuts.{self.key}")

    def note(self, lang: str) -> str:
        return say(lang, f"notes.{self.key}")


def lines(shortcuts: Iterable[str]) -> Iterator[Line]:
    """The lines of all menus. A shortcut without words stands in the one that is opened anywhere."""
    for name in shortcuts:
        here = say.has(f"shortcuts.{name}_here")
        if not here or say.has(f"shortcuts.{name}"):
            yield Line(name, name, False)
        if here:
            yield Line(name, f"{name}_here", True)
