"""YAML pages read so that every complaint names its line, and no word is ever taken for something else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")
Where = tuple[str | int, ...]
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 20  # levels of a page


class BrokenPage(ValueError):
    """A page in prompts/ or app.yaml is not what the code expects."""


@dataclass(frozen=True)
class Page:
    name: str
    data: Any
    lines: Mapping[Where, int]

    def line(self, where: Where) -> int:
        """The line of a key, or of the nearest thing around it that is there."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def complaint(self, where: Where, problem: str) -> str:
        path = ".".join(map(str, where))
        return f"{self.name}, line {self.line(where)}: {path + ': ' if path else ''}{problem}"

    @cached_property
    def words(self) -> dict[str, str]:
        """All texts, by their dotted path."""
        return {".".join(map(str, where)): text for where, text in leaves(self.data)}


def read(path: Path) -> Page:
    """Compose the page instead of constructing it: `no: Nej` stays a word, and 09:30 is not 570."""
    name = path.name if path.name == "app.yaml" else "/".join(path.parts[-2:])
    lines, text = dict[Where, int](), ""
    try:
        text = path.read_text("utf-8")
        node = yaml.compose(text, Loader=Loader)
        return Page(name, {} if node is None else _value(node, (), lines), lines)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BrokenPage(f"{name}, line {line}: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BrokenPage(f"{name}, line {line}: holds a character that no text has") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenPage(f"{name} cannot be read: {error}") from error


def _said(page: Page, where: Where, mistake: Mapping[str, Any]) -> str:
    problem = "is not known here" if mistake["type"] == "extra_forbidden" else mistake["msg"]
    return page.complaint(where, problem.removeprefix("Value error, "))


def shaped(page: Page, shape: type[T], say: Callable[[Page, Where, Mapping[str, Any]], str] = _said) -> T:
    """The page as `shape`; BrokenPage with a line for each thing that is wrong, put into words by `say`."""
    try:
        return TypeAdapter(shape).validate_python(page.data)
    except ValidationError as error:
        wrong = [say(page, tuple(mistake["loc"]), cast(Mapping[str, Any], mistake)) for mistake in error.errors()]
        raise BrokenPage("\n".join(wrong)) from error


def leaves(value: Any, where: Where = ()) -> list[tuple[Where, str]]:
    if isinstance(value, str):
        return [(where, value)]
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [leaf for key, inner in pairs for leaf in leaves(inner, (*where, key))]


def _value(node: yaml.Node, where: Where, lines: dict[Where, int]) -> Any:
    lines[where] = node.start_mark.line + 1
    if len(where) > DEEPEST:  # an alias inside itself would never end
        raise yaml.MarkedYAMLError(problem="is nested too deeply", problem_mark=node.start_mark)
    match node:
        case yaml.MappingNode():
            found = dict[str, Any]()
            for key, inner in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise yaml.MarkedYAMLError(problem="a key must be a word", problem_mark=key.start_mark)
                if key.value in found:
                    raise yaml.MarkedYAMLError(problem=f"{key.value!r} stands twice", problem_mark=key.start_mark)
                found[key.value] = _value(inner, (*where, key.value), lines)
                lines[(*where, key.value)] = key.start_mark.line + 1
            return found
        case yaml.SequenceNode():
            return [_value(inner, (*where, number), lines) for number, inner in enumerate(node.value)]
        case _:
            return node.value.strip()
