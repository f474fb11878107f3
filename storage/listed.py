"""Rows that a statement brings along: as a table that exists within it only, or as keys to be found.

They go in as one JSON text, not as VALUES. Then the statement is the same however many they are, and is made once; and
SQLite finds each key by its index, where of pairs in VALUES it reads the whole table and looks for them.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import CTE, Column, ColumnElement, Select, cast, column, func, literal, select, tuple_, type_coerce
from sqlalchemy.dialects.postgresql import JSONB

from storage.engine import Session


def listed(session: Session, name: str, *columns: tuple[str, Column[Any]], rows: Iterable[Sequence[Any]]) -> CTE:
    """A table by this name. Each of its columns has the type of one that is stored."""
    return _lines(session, columns, rows).cte(name).prefix_with("MATERIALIZED")


def among(session: Session, columns: Sequence[Any], keys: Iterable[Sequence[Any]]) -> ColumnElement[bool]:
    """Whether these columns together are one of the keys."""
    named = [(f"key{n}", stored) for n, stored in enumerate(columns)]
    return tuple_(*columns).in_(_lines(session, named, keys))


def _lines(session: Session, columns: Sequence[tuple[str, Column[Any]]], rows: Iterable[Sequence[Any]]) -> Select[Any]:
    dialect, types = session.db.dialect, [stored.type for _, stored in columns]
    written = [type.dialect_impl(dialect).bind_processor(dialect) for type in types]
    data = json.dumps([[_plain(value, as_) for value, as_ in zip(row, written, strict=True)] for row in rows])
    if session.sqlite:
        lines = func.json_each(data).table_valued("value")
        texts = (func.json_extract(lines.c.value, f"$[{n}]") for n in range(len(types)))
        parts: list[ColumnElement[Any]] = [type_coerce(text, type) for text, type in zip(texts, types, strict=True)]
    else:
        lines = func.jsonb_array_elements(cast(literal(data), JSONB)).table_valued(column("value", JSONB))
        parts = [cast(lines.c.value[n].astext, type) for n, type in enumerate(types)]
    named = (part.label(label) for part, (label, _) in zip(parts, columns, strict=True))
    return select(*named).select_from(lines)


def _plain(value: Any, written: Callable[[Any], Any] | None) -> Any:
    """As a text that the database reads as the value itself."""
    value = written(value) if written else value
    return value.isoformat() if isinstance(value, date) else value
