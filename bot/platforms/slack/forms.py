"""Forms as Slack's modals. Pure; what Slack refuses or cuts stands in texts.LIMITS."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from bot.core.cards import Choice, Day, Field, Form, PeoplePicker, Remark, Scale, TextBox, plain
from bot.platforms.slack.texts import LIMITS, Block, fit, header, plain_text, sections, whole

NOTHING = "∅"  # Slack refuses an option without a value


def modal(form: Form) -> dict[str, Any]:
    """A form as a view. What it is about and where it was opened travel in private_metadata."""
    found = list[Block]()
    if len(plain(form.title)) > LIMITS["modal title"]:
        found.append(header(plain(form.title)))  # the title bar has room for 24 characters only
    for field in form.fields:
        found += _input(field)
    return {
        "type": "modal",
        "callback_id": whole(form.id, 255, "the id of a form"),
        "private_metadata": whole(carried(form), LIMITS["metadata"], "what a form carries"),
        "title": plain_text(form.title, "modal title"),
        "submit": plain_text(form.submit, "modal title"),
        "close": plain_text(form.cancel, "modal title"),
        "blocks": found[: LIMITS["view blocks"]],
    }


def carried(form: Form) -> str:
    """What comes back with the submission; inbound reads it."""
    place = form.place
    where = [place.workspace, place.conversation, place.thread, place.kind] if place else None
    return json.dumps({"value": form.value, "place": where}, separators=(",", ":"))


def refusals(objections: Mapping[str, str], inputs: Iterable[str]) -> dict[str, str]:
    """Objections by block_id. Slack shows only those that name an input: the rest stand at the first one."""
    known = list(inputs)
    errors = dict[str, str]()
    for field, words in objections.items():
        at = field if field in known else known[0] if known else field
        errors[at] = fit(f"{errors[at]} {plain(words)}" if at in errors else plain(words), LIMITS["hint"])
    return errors


def _input(field: Field) -> list[Block]:
    match field:
        case Remark(body):
            return sections(body)
        case TextBox(id, label, value, limit, lines, optional, hint):
            most = max(1, min(limit, LIMITS["input"]))
            element: dict[str, Any] = {"type": "plain_text_input", "multiline": lines, "max_length": most}
            element |= {"initial_value": plain(value)[:most]} if value else {}
        case Choice(id, label, options, value, many, optional, hint):
            if not options:  # Slack refuses a choice of nothing, and nothing could be chosen
                return []
            element = _choice(options, value, many)
        case PeoplePicker(id, label, people, many, optional, hint):
            accounts = list(dict.fromkeys(person.account for person in people))
            if many:
                element = {"type": "multi_users_select"} | ({"initial_users": accounts} if accounts else {})
            else:
                element = {"type": "users_select"} | ({"initial_user": accounts[0]} if accounts else {})
        case Day(id, label, day, optional, hint):
            element = {"type": "datepicker"} | ({"initial_date": day.isoformat()} if day else {})
        case Scale(id, label, low, high, number, optional, hint):
            steps = tuple((str(step), str(step)) for step in range(low, high + 1))
            element = _select(steps, [str(number)] if number is not None else [], many=False)
        case _:
            assert_never(field)
    found: Block = {
        "type": "input",
        "block_id": whole(id, 255, "the id of a field"),
        "label": plain_text(label, "label"),
        "element": {**element, "action_id": id},
        "optional": optional,
    }
    return [found | ({"hint": plain_text(hint, "hint")} if hint else {})]


def _choice(options: tuple[tuple[str, str], ...], value: str, many: bool) -> dict[str, Any]:
    chosen = value.split(",") if many else [value]
    if len(options) > (LIMITS["boxes"] if many else LIMITS["radio"]):
        return _select(options, chosen, many)
    boxes, first = _options(options), [option for option in _options(options) if option["value"] in chosen]
    if many:
        return {"type": "checkboxes", "options": boxes} | ({"initial_options": first} if first else {})
    return {"type": "radio_buttons", "options": boxes} | ({"initial_option": first[0]} if first else {})


def _select(options: tuple[tuple[str, str], ...], chosen: list[str], many: bool) -> dict[str, Any]:
    all = _options(options)
    first = [option for option in all if option["value"] in chosen]
    if many:
        return {"type": "multi_static_select", "options": all} | ({"initial_options": first} if first else {})
    return {"type": "static_select", "options": all} | ({"initial_option": first[0]} if first else {})


def _options(options: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    return [
        {"text": plain_text(label, "option"), "value": whole(value, LIMITS["option value"], "an option") or NOTHING}
        for value, label in options[: LIMITS["options"]]
    ]
