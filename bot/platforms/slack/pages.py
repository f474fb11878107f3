"""The few pages a browser sees while somebody lets us into their workspace. They load nothing from anywhere."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from html import escape
from typing import Literal

from starlette.responses import HTMLResponse

from bot.core.wording import FIRST, LANGUAGES, wording

say = wording("install")

STYLE = """
:root { color-scheme: light dark; --ink: #1d2b33; --paper: #f6f4ef; --card: #fff; --own: #2b4c5e; --on: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e6e1; --paper: #161b1f; --card: #20272c; --own: #9cc3d5; --on: #14202a; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--paper); color: var(--ink); font: 1.0625rem/1.6 system-ui, sans-serif; }
main { max-width: 34rem; background: var(--card); border-radius: 1rem; padding: 2rem 2.25rem; }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.25; }
p, ul { margin: .75rem 0; }
a.do, button { display: inline-block; margin-top: .75rem; padding: .65rem 1.25rem; border: 0; border-radius: .6rem;
  background: var(--own); color: var(--on); font: inherit; font-weight: 600; text-decoration: none; cursor: pointer; }
a.do:focus-visible, button:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
code { font-size: .95em; }
"""
SUM = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

Name = Literal["begin", "done", "refused", "expired", "code", "away", "scopes", "ours"]
STATUS = {"begin": 200, "done": 200, "refused": 403, "expired": 400, "code": 400, "away": 503, "scopes": 400,
          "ours": 500}  # fmt: skip


def language(accepted: str) -> str:
    """The best of ours for a browser's Accept-Language."""
    found = list[tuple[float, int, str]]()
    for number, each in enumerate(accepted[:500].split(",")[:20]):
        tag, _, weight = each.strip().partition(";q=")
        lang = tag.partition("-")[0].lower()
        try:
            wanted = float(weight) if weight else 1.0
        except ValueError:
            continue
        if lang in LANGUAGES and 0 < wanted <= 1:
            found.append((-wanted, number, lang))
    return min(found)[2] if found else FIRST


def page(
    name: Name, lang: str, *, slack: str, scopes: Iterable[str] = (), link: str = "", **words: str
) -> HTMLResponse:
    """`slack`: where Slack's own pages are; `link`: back to Slack, where it went well. Whatever is told is escaped."""
    lines = [f"<p>{escape(line)}</p>" for line in say(lang, f"{name}.text", **words).split("\n")]
    if scopes:
        lines.append(f"<ul>{''.join(f'<li><code>{escape(scope)}</code></li>' for scope in scopes)}</ul>")
    if link:
        lines.append(f'<a class="do" href="{escape(link)}">{escape(say(lang, "back"))}</a>')
    elif name in ("begin", "refused", "expired", "code", "away"):
        label = escape(say(lang, "add" if name == "begin" else "again"))
        lines.append(f'<form method="post" action="/slack/install"><button>{label}</button></form>')
    title = escape(say(lang, f"{name}.title", **words))
    body = (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<style>{STYLE}</style></head><body><main><h1>{title}</h1>{''.join(lines)}</main></body></html>"
    )
    return HTMLResponse(body, STATUS[name], headers(slack))


def headers(slack: str) -> dict[str, str]:
    """A form that leads on to Slack needs both in form-action: browsers follow its redirect only then."""
    policy = (
        f"default-src 'none'; style-src 'sha256-{SUM}'; form-action 'self' {slack}; base-uri 'none';"
        " frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",  # an address here holds a code
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Language",
    }
