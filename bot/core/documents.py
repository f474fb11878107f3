"""Documents to keep: a page that anybody can read and print, JSON, and a table for a spreadsheet. Pure."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from bot.core.cards import plain

# What a browser should not make words of: such characters can stand in no HTML text.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# A spreadsheet runs what begins so, whatever it is told of the column.
FORMULA = re.compile("[\t\r\n]|\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was kept. `said`: what was asked, or what kind of words they are, and the words."""

    title: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    said: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    entries: tuple[Entry, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    lang: str
    intro: tuple[str, ...]
    sections: tuple[Section, ...]
    contents: str = ""  # the heading of the list of sections; "": there is none


# Nothing is fetched from anywhere: what is on the page is all there is.
STYLE = """
:root { color-scheme: light dark; --ink: #1d2129; --soft: #5b6270; --line: #d9dde3; --paper: #fff; --tint: #f4f6f8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaee; --soft: #a3aab6; --line: #3a404b; --paper: #16191e; --tint: #1f242b; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 46rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { margin: 2.5rem 0 .75rem; font-size: 1.25rem; }
h3 { margin: 0 0 .4rem; font-size: 1rem; } p { margin: .5rem 0; } a { color: inherit; }
.note, dt, .asked { color: var(--soft); }
article { margin: .75rem 0; padding: .9rem 1rem; border: 1px solid var(--line); border-radius: .5rem; }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .15rem 1rem; margin: 0; }
dd { margin: 0; } .asked { margin: .6rem 0 0; }
blockquote { margin: .2rem 0 0; padding: .4rem .8rem; background: var(--tint); border-radius: .35rem;
  white-space: pre-wrap; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --tint: #f4f4f4; }
  body { max-width: none; padding: 0; font-size: 10.5pt; } h2, h3 { break-after: avoid; }
  article { break-inside: avoid-page; }
}
"""
# The browser itself then refuses scripts and whatever would be loaded.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def html(document: Document) -> str:
    """A page that stands by itself. Every word in it is text, whoever wrote it."""
    links = (f'<li><a href="#s{n}">{_text(each.title)}</a></li>' for n, each in enumerate(document.sections))
    contents = f"<nav><h2>{_text(document.contents)}</h2><ul>{''.join(links)}</ul></nav>" if document.contents else ""
    body = "\n".join(_section(n, each) for n, each in enumerate(document.sections))
    intro = "".join(f"<p>{_text(line)}</p>" for line in document.intro)
    return (
        f'<!doctype html>\n<html lang="{_text(document.lang)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(document.title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{_text(document.title)}</h1>\n{intro}\n{contents}\n{body}\n</main>\n</body>\n</html>\n"
    )


def _text(words: str) -> str:
    return escape(CONTROL.sub("", plain(words)))


def _section(number: int, section: Section) -> str:
    note = f'<p class="note">{_text(section.note)}</p>\n' if section.note else ""
    entries = "\n".join(map(_entry, section.entries))
    return f'<section id="s{number}">\n<h2>{_text(section.title)}</h2>\n{note}{entries}\n</section>'


def _entry(entry: Entry) -> str:
    parts = [f"<h3>{_text(entry.title)}</h3>"] if entry.title else []
    if entry.facts:
        rows = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in entry.facts)
        parts.append(f"<dl>{rows}</dl>")
    for asked, words in entry.said:
        parts.append(f'<p class="asked">{_text(asked)}</p>' if asked else "")
        parts.append(f"<blockquote>{_text(words)}</blockquote>")
    return f"<article>{''.join(parts)}</article>"


def as_json(data: Mapping[str, Any]) -> str:
    """In the order given, two spaces deep; letters of every language stay readable."""
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def as_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """RFC 4180, with the mark by which spreadsheets know UTF-8. What one would run as a formula is made text by a '."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_cell(each) for each in header])
    writer.writerows([_cell(each) for each in row] for row in rows)
    return "\ufeff" + out.getvalue()


def _cell(value: str) -> str:
    words = CONTROL.sub("", plain(value))
    return f"'{words}" if FORMULA.match(words) else words
