"""Forms as HTML: native fields, so that the browser brings keyboard, touch and screen readers with it. Pure."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from bot.core.cards import Choice, Day, Field, Form, PeoplePicker, Remark, Scale, TextBox
from bot.platforms.playground.people import MEMBERS
from bot.platforms.playground.render import avatar, esc, rich

Asked = TextBox | Choice | PeoplePicker | Day | Scale


def form_html(form: Form, given: Mapping[str, str] | None = None, wrong: Mapping[str, str] | None = None) -> str:
    """The fields, with what was typed before and what is wrong with it."""
    lost = " ".join(text for id, text in (wrong or {}).items() if id not in {_id(field) for field in form.fields})
    top = f'<p class="wrong" role="alert">{esc(lost)}</p>' if lost else ""
    return top + "".join(_field(field, given, (wrong or {}).get(_id(field), "")) for field in form.fields)


def _id(field: Field) -> str:
    return "" if isinstance(field, Remark) else field.id


def _field(field: Field, given: Mapping[str, str] | None, wrong: str) -> str:
    if isinstance(field, Remark):
        return f'<p class="remark">{rich(field.body)}</p>'
    value = before(field) if given is None else given.get(field.id, "")
    optional = ' <span class="optional">optional</span>' if field.optional else ""
    hint = f'<span class="hint">{rich(field.hint)}</span>' if field.hint else ""
    alert = f'<span class="wrong" role="alert">{esc(wrong)}</span>' if wrong else ""
    label = f"{rich(field.label)}{optional}"
    control = _control(field, value, bool(wrong))
    if isinstance(field, PeoplePicker | Scale) or (isinstance(field, Choice) and field.many):
        return f'<fieldset class="field"><legend>{label}</legend>{control}{hint}{alert}</fieldset>'
    return f'<div class="field"><label for="f-{esc(field.id)}">{label}</label>{control}{hint}{alert}</div>'


def before(field: Asked) -> str:
    if isinstance(field, PeoplePicker):
        return ",".join(person.account for person in field.people)
    return "" if field.value is None else str(field.value)


def _control(field: Asked, value: str, wrong: bool) -> str:
    id, invalid = esc(field.id), ' aria-invalid="true"' if wrong else ""
    words = f'id="f-{id}" name="{id}"{invalid}{"" if field.optional else " required"}'
    match field:
        case TextBox(lines=True):
            return f'<textarea {words} maxlength="{field.limit}" rows="2">{esc(value)}</textarea>'
        case TextBox():
            return f'<input type="text" {words} maxlength="{field.limit}" value="{esc(value)}">'
        case Choice(many=False):
            return f'<select {words}><option value=""></option>{_options(field, value)}</select>'
        case Choice():
            return _ticks(id, "checkbox", field.options, value.split(","))
        case PeoplePicker():
            people = [(m.account, f"{avatar(m.account, 'tiny')}{esc(m.name)}") for m in MEMBERS.values()]
            return _ticks(id, "checkbox" if field.many else "radio", people, value.split(","), safe=True)
        case Day():
            return f'<input type="date" {words} value="{esc(value)}">'
        case Scale():
            steps = [(str(n), str(n)) for n in range(field.low, field.high + 1)]
            return _ticks(id, "radio", steps, [value], required=not field.optional)
        case _:
            assert_never(field)


def _options(field: Choice, value: str) -> str:
    return "".join(
        f'<option value="{esc(key)}"{" selected" if key == value else ""}>{esc(label)}</option>'
        for key, label in field.options
    )


def _ticks(name: str, kind: str, options: Sequence[tuple[str, str]], chosen: Sequence[str], *, safe: bool = False,
           required: bool = False) -> str:  # fmt: skip
    """Choices side by side, each a chip that can be ticked. `safe`: the labels are HTML of our own."""
    must = " required" if required else ""
    return '<div class="ticks">{}</div>'.format(
        "".join(
            f'<label class="tick"><input type="{kind}" name="{name}" value="{esc(key)}"{must}'
            f"{' checked' if key in chosen else ''}><span>{label if safe else esc(label)}</span></label>"
            for key, label in options
        )
    )
