"""Cards and forms as Adaptive Cards 1.5. Pure.

Nobody but us writes markdown: every word is escaped, so that what people type stays what they typed.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from pydantic import TypeAdapter, ValidationError

from bot.core.cards import (
    Bar,
    Button,
    Buttons,
    Card,
    Choice,
    Day,
    Divider,
    Facts,
    Field,
    Form,
    Heading,
    Mention,
    Note,
    Part,
    PeoplePicker,
    Quote,
    Remark,
    Scale,
    Text,
    TextBox,
    pieces,
    plain,
)
from bot.core.people import Place, stranger
from bot.core.wording import wording

say = wording("teams")
Json = dict[str, Any]
# A form that comes back with its submission names the kind of each field, as a card in the outbox does.
FIELDS: Mapping[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind) for kind in (TextBox, Choice, PeoplePicker, Day, Scale, Remark)
}

CONTENT = "application/vnd.microsoft.card.adaptive"
OURS = "kadens"  # inputs arrive beside the data of a button: ours stands under one key
LIMITS: Mapping[str, int] = {
    "message": 26_000,  # bytes of a card; a whole message may have 28 KB, and mentions and summary want their share
    "row": 5,  # buttons beside each other; Teams hides what is more than six
    "label": 100,  # characters of a button, an option, a fact's name
    "title": 200,
    "summary": 250,  # what a notification shows
    "expanded": 5,  # options shown all at once; more of them go into a list
    "cells": 10,  # of a bar
}
CUTS = (None, 3000, 1500, 800, 400, 200, 100, 50)  # how long a text may be, tried in turn until the card fits
STYLE = {"plain": "default", "primary": "positive", "danger": "destructive"}
PEOPLE = {"type": "Data.Query", "dataset": "graph.microsoft.com/users"}
SPECIAL = re.compile(r"([\\`*_\[\]])")
# What begins a heading, a list, a quote, a rule or a code block at the start of a line.
OPENING = re.compile(r"^(?=[#>+=~-]|\d+[.)])", re.MULTILINE)
NOTHING = "\u200b"  # has no width, and stops markdown from seeing what it stands before
# A link in angle brackets, a mention nobody meant, an entity, a word struck out.
MARKUP = re.compile(r"[<&](?=[a-zA-Z/!?#])|~(?=~)")


@dataclass
class Pen:
    """Writes the texts of one card: none longer than `cut`, and remembers whom they mention."""

    cut: int | None = None
    mentions: dict[str, Json] = field(default_factory=dict)

    def __call__(self, body: str) -> str:
        room, said = self.cut, list[str]()
        for piece in pieces(body.strip()):  # four spaces before a line would make it code
            if isinstance(piece, Mention):
                said.append(self._mention(piece))
                continue
            if room is not None and len(piece) > room:
                said.append(escape(piece[:room].rstrip()) + "…")
                break
            said.append(escape(piece))
            room = room - len(piece) if room is not None else None
        return "".join(said) or NOTHING

    def _mention(self, who: Mention) -> str:
        name = " ".join(re.sub(r"[<>&\\`*_\[\]#~|]", " ", who.name).split())[:80] or "?"
        # Two people of one name need two texts: it is by the text that Teams finds whom we mean.
        while self.mentions.get(text := f"<at>{name}</at>", {"id": who.account})["id"] != who.account:
            name += NOTHING
        self.mentions[text] = {"id": who.account, "name": who.name[:80] or "?"}
        return text

    @property
    def entities(self) -> list[Json]:
        return [{"type": "mention", "text": text, "mentioned": who} for text, who in self.mentions.items()]


def escape(text: str) -> str:
    """Plain words for a place that reads markdown. A line stays a line."""
    text = SPECIAL.sub(r"\\\1", text)
    text = MARKUP.sub(lambda found: found[0] + NOTHING, text)
    text = re.sub(r"\s*\n\s*", "\n\n", text)  # one line break alone is a space in markdown
    return OPENING.sub(NOTHING, text)


def short(text: str, limit: int) -> str:
    text = plain(text)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def size(content: Json) -> int:
    """Bytes on the wire."""
    return len(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


def message(card: Card) -> Json:
    """A card's content, cut until it fits."""
    for cut in CUTS:
        content = _message(card, cut)
        if size(content) <= LIMITS["message"]:
            return content
    return _without_the_middle(content)


def summary(card: Card) -> str:
    return short(card.summary, LIMITS["summary"])


def _message(card: Card, cut: int | None) -> Json:
    pen, body, apart = Pen(cut), list[Json](), False
    if card.title:
        body.append(_block(pen(card.title)) | {"weight": "bolder", "size": "large", "style": "heading"})
    for part in card.parts:
        if isinstance(part, Divider):
            apart = bool(body)
            continue
        drawn = _part(part, pen)
        if apart and drawn:
            drawn[0] |= {"separator": True, "spacing": "medium"}
            apart = False
        body += drawn
    return _card(body or [_block(NOTHING)], pen, summary(card))


def _without_the_middle(content: Json) -> Json:
    """More parts than fit: the last ones go, but never the buttons."""
    body: list[Json] = content["body"]
    more = _block("…")
    while size(content | {"body": [*body, more]}) > LIMITS["message"]:
        last = next((n for n in range(len(body) - 1, 0, -1) if body[n]["type"] != "ActionSet"), len(body) - 1)
        body = body[:last] + body[last + 1 :]
    return content | {"body": [*body, more]}


def _card(body: list[Json], pen: Pen, spoken: str) -> Json:
    teams: Json = {"width": "Full"}
    if pen.mentions:
        teams["entities"] = pen.entities
    return {
        "type": "AdaptiveCard",
        "version": "1.5",
        "body": body,
        "fallbackText": spoken or NOTHING,
        "speak": spoken or NOTHING,
        "msteams": teams,
    }


def _part(part: Part, pen: Pen) -> list[Json]:
    match part:
        case Text(body):
            return [_block(pen(body))]
        case Heading(body):
            return [_block(pen(body)) | {"weight": "bolder", "size": "medium", "style": "heading"}]
        case Note(body):
            return [_block(pen(body)) | {"isSubtle": True, "size": "small"}]
        case Quote(body):
            return [{"type": "Container", "style": "emphasis", "items": [_block(pen(body))]}]
        case Facts(rows):
            facts = [
                {"title": escape(short(name.strip(), LIMITS["label"])), "value": pen(value)} for name, value in rows
            ]
            return [{"type": "FactSet", "facts": facts}] if facts else []
        case Bar():
            return _bar(part, pen)
        case Buttons(row):
            actions, most = [_button(button) for button in row], LIMITS["row"]
            cuts = range(0, len(actions), most)
            return [{"type": "ActionSet", "actions": actions[at : at + most]} for at in cuts]
        case Divider():
            return []  # drawn as the line above what follows
        case _:
            assert_never(part)


def _name(fact: str) -> str:
    return escape(short(fact.strip(), LIMITS["label"])) or NOTHING


def _bar(bar: Bar, pen: Pen) -> list[Json]:
    cells = int(bar.top) if 1 <= bar.top <= LIMITS["cells"] and bar.top == int(bar.top) else LIMITS["cells"]
    full = min(cells, max(0, round(bar.value / bar.top * cells))) if bar.top else 0
    figure = f"{pen(bar.label)}  {'●' * full}{'○' * (cells - full)}  {bar.value:g}/{bar.top:g}"
    drawn = [_block(figure)]
    if bar.story:
        drawn.append(_block(pen(bar.story)) | {"isSubtle": True, "spacing": "none"})
    return drawn


def _button(button: Button) -> Json:
    data: Json = {OURS: {"action": button.action, "value": button.value}}
    if button.opens:
        data["msteams"] = {"type": "task/fetch"}
    title = short(button.label, LIMITS["label"]) or NOTHING
    return {"type": "Action.Submit", "title": title, "style": STYLE[button.style], "data": data}


def _block(text: str) -> Json:
    return {"type": "TextBlock", "text": text, "wrap": True}


# -- forms


@dataclass(frozen=True)
class Filled:
    """What a form shows besides itself: objections and typed words by field, and the directory's ids of its people."""

    lang: str = "en"
    objections: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    directory: Mapping[str, str] = field(default_factory=dict)  # by account


def dialog(form: Form, filled: Filled | None = None) -> Json:
    """A form as the card of a dialog, which has a cross to close it."""
    return _form(form, filled or Filled(), inline=False)


def inline(form: Form, filled: Filled | None = None) -> Json:
    """A form as a card in the conversation, for a client that cannot open a dialog here."""
    return _form(form, filled or Filled(), inline=True)


def task(form: Form, filled: Filled | None = None) -> Json:
    """The answer that opens a dialog, or keeps it open."""
    content = dialog(form, filled)
    height = "large" if len(form.fields) > 3 else "medium"
    card = {"contentType": CONTENT, "content": content}
    title = short(form.title, LIMITS["label"])
    return {"task": {"type": "continue", "value": {"title": title, "width": "medium", "height": height, "card": card}}}


def _form(form: Form, filled: Filled, inline: bool) -> Json:
    """Without what brings it back where it would not fit. What people typed is never cut: they would send the rest."""
    for cut, again in ((None, True), (None, False), (400, False), (100, False)):
        content = _drawn(form, filled, inline, Pen(cut), again)
        if size(content) <= LIMITS["message"]:
            break
    return content


def _drawn(form: Form, filled: Filled, inline: bool, pen: Pen, again: bool) -> Json:
    body = list[Json]()
    if inline:
        body.append(_block(pen(form.title)) | {"weight": "bolder", "size": "large", "style": "heading"})
    fields = {each.id for each in form.fields if not isinstance(each, Remark)}
    body += [_objection(pen, text) for id, text in filled.objections.items() if id not in fields]
    for each in form.fields:
        if isinstance(each, Remark):
            body.append(_block(pen(each.body)))
            continue
        if objection := filled.objections.get(each.id):
            body.append(_objection(pen, objection))
        body.append(_input(each, filled) | _common(each, filled.lang))
        if each.hint:
            body.append(_block(pen(each.hint)) | {"isSubtle": True, "size": "small", "spacing": "none"})
    kind = {"type": "Action.Execute", "verb": form.id} if inline else {"type": "Action.Submit"}
    submit = {"title": short(form.submit, LIMITS["label"]), "style": "positive", "data": {OURS: _data(form, again)}}
    actions: list[Json] = [kind | submit]
    if inline:
        cancel = {"title": short(form.cancel, LIMITS["label"]), "associatedInputs": "none"}
        actions.append(kind | cancel | {"data": {OURS: {"cancel": True}}})
    return _card(body or [_block(NOTHING)], pen, short(form.title, LIMITS["summary"])) | {"actions": actions}


def _objection(pen: Pen, text: str) -> Json:
    return _block(pen(text)) | {"color": "attention", "weight": "bolder"}


def _data(form: Form, again: bool) -> Json:
    """What comes back: which form, about what, opened where, and the form itself should it be refused."""
    data: Json = {"form": form.id, "value": form.value}
    if form.place:
        place = form.place
        data["place"] = {"conversation": place.conversation, "thread": place.thread, "kind": place.kind}
    if pickers := [each.id for each in form.fields if isinstance(each, PeoplePicker)]:
        data["people"] = pickers
    if again:
        data["again"] = packed(form)
    return data


def packed(form: Form) -> Json:
    """The form without what people typed, small enough to travel with it."""
    fields = []
    for each in form.fields:
        kind = type(each).__name__
        fields.append([kind, FIELDS[kind].dump_python(_emptied(each), mode="json", exclude_defaults=True)])
    return {"title": form.title, "submit": form.submit, "cancel": form.cancel, "fields": fields}


def unpacked(data: Any, place: Place) -> Form | None:
    """The form a submission carries, for this place; None where it carries none that can be read."""
    try:
        again = data["again"]
        fields = tuple(FIELDS[kind].validate_python(each) for kind, each in again["fields"])
        return Form(data["form"], again["title"], again["submit"], again["cancel"], fields, data["value"], place)
    except (ValidationError, LookupError, TypeError, ValueError):
        return None


def _emptied(each: Field) -> Field:
    """The field without its words: they come back in the input itself."""
    match each:
        case TextBox() | Choice():
            return replace(each, value="")
        case Day() | Scale():
            return replace(each, value=None)
        case PeoplePicker():
            return replace(each, people=tuple(stranger(p.workspace, p.account, p.name) for p in each.people))
        case Remark():
            return each
        case _:
            assert_never(each)


def _common(each: TextBox | Choice | PeoplePicker | Day | Scale, lang: str) -> Json:
    needed = {} if each.optional else {"isRequired": True, "errorMessage": say(lang, "required")}
    return {"id": each.id, "label": short(each.label, LIMITS["title"]) or NOTHING, **needed}


def _input(each: TextBox | Choice | PeoplePicker | Day | Scale, filled: Filled) -> Json:
    typed = filled.typed.get(each.id)
    match each:
        case TextBox():
            value = each.value if typed is None else typed
            shape = {"type": "Input.Text", "isMultiline": each.lines, "maxLength": each.limit}
            return shape | ({"value": value[: each.limit]} if value else {})
        case Choice():
            value = each.value if typed is None else typed
            expanded = each.many or len(each.options) <= LIMITS["expanded"]
            return _choices(each.options, value, each.many, expanded)
        case Scale():
            value = (str(each.value) if each.value is not None else "") if typed is None else typed
            options = tuple((str(n), str(n)) for n in range(each.low, each.high + 1))
            return _choices(options, value, False, len(options) <= LIMITS["expanded"])
        case Day():
            value = (each.value.isoformat() if each.value else "") if typed is None else typed
            return {"type": "Input.Date", **({"value": value} if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else {})}
        case PeoplePicker():
            return _people(each, typed, filled.directory)
        case _:
            assert_never(each)


def _choices(options: tuple[tuple[str, str], ...], value: str, many: bool, expanded: bool) -> Json:
    choices = [{"title": short(label, LIMITS["label"]) or NOTHING, "value": id} for id, label in options]
    known = {id for id, _ in options}
    chosen = ",".join(one for one in (value.split(",") if many else [value]) if one in known)
    shape = {"type": "Input.ChoiceSet", "choices": choices, "isMultiSelect": many, "wrap": True}
    return shape | {"style": "expanded" if expanded else "compact"} | ({"value": chosen} if chosen else {})


def _people(picker: PeoplePicker, typed: str | None, directory: Mapping[str, str]) -> Json:
    """Who is known is shown by name; the client looks for the others in the company's directory."""
    ids = {directory.get(person.account, person.account): person.name for person in picker.people}
    choices = [{"title": short(name, LIMITS["label"]) or NOTHING, "value": id} for id, name in ids.items()]
    value = ",".join(ids) if typed is None else typed
    shape = {"type": "Input.ChoiceSet", "choices": choices, "choices.data": PEOPLE, "isMultiSelect": picker.many}
    return shape | ({"value": value} if value else {})
