"""Files as the bytes that somebody keeps. Pure.

A PDF travels as its words: it is drawn where it is handed over, so that what waits in the outbox stays small and is
text, as everything there is. Typst sets any script, from left or right, in fonts it brings along; of a sign that no
font has, those of the machine included, an empty box is drawn.
"""

import json
import re
from dataclasses import asdict
from functools import cache, lru_cache
from typing import Any

import typst

from bot.core.cards import File, plain
from bot.core.documents import CONTROL, Document

# Every word comes in as data and is never read as markup; nothing else is reached for.
SHEET = b"""
#let page-of = json(bytes(sys.inputs.page))
#let soft = rgb("#5b6270")
#let line-of = rgb("#d9dde3")
#set document(title: page-of.title, date: none)
#set page(
  paper: "a4", margin: (x: 22mm, top: 22mm, bottom: 24mm),
  footer: context align(center, text(8.5pt, fill: soft, counter(page).display("1 / 1", both: true))),
)
#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"), lang: page-of.lang, size: 10.5pt)
#set par(leading: 0.62em, spacing: 0.8em)
#show heading.where(level: 1): set text(20pt)
#show heading.where(level: 2): it => block(above: 1.8em, below: 0.8em, text(14pt, it.body))
#show heading.where(level: 3): it => block(below: 0.8em, text(11pt, it.body))
#let fact((name, value)) = grid(columns: (32mm, 1fr), gutter: 3mm, text(fill: soft, name), value)
#let quote-of((asked, words)) = block(above: 0.8em, {
  if asked != "" { block(below: 0.35em, text(9pt, fill: soft, asked)) }
  block(width: 100%, fill: rgb("#f4f6f8"), inset: (x: 8pt, y: 6pt), radius: 3pt, words)
})
#let entry-of(entry) = block(width: 100%, stroke: 0.5pt + line-of, radius: 4pt, inset: 10pt, above: 0.8em, {
  if entry.title != "" { heading(level: 3, entry.title) }
  for each in entry.facts { fact(each) }
  for each in entry.said { quote-of(each) }
})
#heading(level: 1, page-of.title)
#for each in page-of.intro { par(text(fill: soft, each)) }
#for section in page-of.sections {
  heading(level: 2, section.title)
  if section.note != "" { par(text(9.5pt, fill: soft, section.note)) }
  for each in section.entries { entry-of(each) }
}
"""


ENDS = re.compile("\r\n?|[\u0085\u2028\u2029]")  # of lines, as others write them
LONG = re.compile(r"(\S{40})(?=\S)")  # Typst breaks no word, and would set this one past the edge


class Undrawn(Exception):
    """The PDF could not be drawn. Does not say why: the reason quotes what stands in it."""


def pdf(name: str, document: Document) -> File:
    """The document as a file "NAME.pdf"."""
    return File(f"{name}.pdf", "application/pdf", json.dumps(_settable(asdict(document)), ensure_ascii=False))


def _settable(value: Any) -> Any:
    match value:
        case str():
            return LONG.sub("\\1\u200b", CONTROL.sub("", ENDS.sub("\n", plain(value))))
        case dict():
            return {key: _settable(each) for key, each in value.items()}
        case list() | tuple():
            return [_settable(each) for each in value]
        case _:
            return value


@lru_cache(maxsize=4)  # what a platform asks the size of, it asks for again
def content(file: File) -> bytes:
    """What is kept of a file: the same bytes for the same words on the same machine. Some 10 ms for a PDF, and a tenth
    of a second for the first, when the machine's fonts are looked through. Raises Undrawn."""
    return _drawn(file.body) if file.mime == "application/pdf" else file.body.encode()


def _drawn(body: str) -> bytes:
    try:
        drawn = typst.compile(SHEET, font_paths=_fonts(), sys_inputs={"page": body}, format="pdf")
    except typst.TypstError:
        raise Undrawn from None
    assert isinstance(drawn, bytes)
    return drawn


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts()
