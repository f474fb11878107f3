"""Forms as Adaptive Cards 1.5: in a dialog, or in a card of the conversation. Pure.

Teams has no refusal by field, so a refused form is drawn again, each objection above its field: the form travels with
itself, without what people typed, and comes back with the submission.
"""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from pydantic import TypeAdapter, ValidationError

from bot.core.cards import Choice, Day, Field, Form, PeoplePicker, Remark, Scale, TextBox
from bot.core.people import Place, stranger
from bot.core.wording import wording
from bot.platforms.teams.render import CONTENT, LIMITS, NOTHING, OURS, Json, Pen, block, card_content, short, size

say = wording("teams")
PEOPLE = {"type": "Data.Query", "dataset": "graph.microsoft.com/users"}
# A form that comes back with its submission names the kind of each field, as a card in the outbox does.
FIELDS: Mapping[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind) for kind in (TextBox, Choice, PeoplePicker, Day, Scale, Remark)
}


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
    """Without what brings it back where it would not fit. What people typed is never cut, for they would send the rest:
    what there is no room for stays as it was, and is not asked for."""
    content, out = Json(), frozenset[str]()
    for cut, again in ((None, True), (None, False), (400, False), (100, False)):
        content = _drawn(form, filled, inline, Pen(cut), again, out)
        if size(content) <= LIMITS["message"]:
            return content
    for each in _longest(form, filled):
        out |= {each.id}
        content = _drawn(form, filled, inline, Pen(100), False, out)
        if size(content) <= LIMITS["message"]:
            break
    return content


def _longest(form: Form, filled: Filled) -> list[TextBox]:
    """The boxes with most in them; last those about which something has to be said."""

    def weight(box: TextBox) -> tuple[bool, int]:
        return box.id in filled.objections, -len(filled.typed.get(box.id, box.value).encode())

    return sorted((each for each in form.fields if isinstance(each, TextBox)), key=weight)


def _drawn(form: Form, filled: Filled, inline: bool, pen: Pen, again: bool, out: Set[str]) -> Json:
    body = list[Json]()
    if inline:
        body.append(block(pen(form.title)) | {"weight": "bolder", "size": "large", "style": "heading"})
    fields = {each.id for each in form.fields if not isinstance(each, Remark)}
    body += [_objection(pen, text) for id, text in filled.objections.items() if id not in fields]
    for each in form.fields:
        if isinstance(each, Remark):
            body.append(block(pen(each.body)))
            continue
        if objection := filled.objections.get(each.id):
            body.append(_objection(pen, objection))
        if each.id in out:
            words = say(filled.lang, "left_out", label=short(each.label, LIMITS["label"]))
            body.append(block(pen(words)) | {"isSubtle": True})
            continue
        body.append(_input(each, filled) | _common(each, filled.lang))
        if each.hint:
            body.append(block(pen(each.hint)) | {"isSubtle": True, "size": "small", "spacing": "none"})
    kind = {"type": "Action.Execute", "verb": form.id} if inline else {"type": "Action.Submit"}
    submit = {
        "title": short(form.submit, LIMITS["label"]),
        "style": "positive",
        "data": {OURS: _data(form, again, out)},
    }
    actions: list[Json] = [kind | submit]
    if inline:
        cancel = {"title": short(form.cancel, LIMITS["label"]), "associatedInputs": "none"}
        actions.append(kind | cancel | {"data": {OURS: {"cancel": True}}})
    return card_content(body or [block(NOTHING)], pen, short(form.title, LIMITS["summary"])) | {"actions": actions}


def _objection(pen: Pen, text: str) -> Json:
    return block(pen(text)) | {"color": "attention", "weight": "bolder"}


def _data(form: Form, again: bool, out: Set[str] = frozenset()) -> Json:
    """What comes back: which form, about what, opened where, and the form itself should it be refused.

    `asked`: some clients leave out what is empty, which is something else than what was not asked for.
    """
    asked = [each.id for each in form.fields if not isinstance(each, Remark | PeoplePicker) and each.id not in out]
    data: Json = {"form": form.id, "value": form.value, "asked": asked}
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
