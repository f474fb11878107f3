"""Skills: the person's own view and their manager's, each with an example, and the gap for these two alone."""

import re
from collections.abc import Iterator, Mapping

from bot.core.cards import Bar, Button, Buttons, Card, Choice, Field, Form, Heading, Note, Part, Text, TextBox, clean
from bot.core.effects import Effect, OpenForm, Record, Refuse, Tell, Whisper
from bot.core.events import Action, Command, Event, Submission
from bot.core.features import Feature
from bot.core.goal_cards import short
from bot.core.people import Person
from bot.core.skills import LEVELS, MOST, NAME, WORDS, Skill, View, folded
from bot.core.wording import wording
from storage import skills as store
from storage.skills import Sheet, SkillDropped, SkillsAdded, SkillsSeen

skills = Feature("skills")
say = wording("skills")
TOP = float(LEVELS[-1])


# Seeing them.


@skills.command("growth skills", gather=store.named)
def command(event: Command, sheet: Sheet | None) -> Iterator[Effect]:
    yield Whisper(card(event.actor, sheet))


@skills.action("skills.show", gather=store.carried)
def press(event: Action, sheet: Sheet | None) -> Iterator[Effect]:
    yield Tell(event.actor, card(event.actor, sheet))


def card(actor: Person, sheet: Sheet | None) -> Card:
    if sheet is None:
        return Card(parts=(Text(say(actor, "not_yours")),))
    mine, of = sheet.owner.id == actor.id, sheet.owner.id
    parts = [part for skill in sheet.skills[:MOST] for part in shown(actor, sheet, skill)]
    if not sheet.skills:
        parts.append(Text(say(actor, "none") if mine else say(actor, "none_of", who=sheet.owner.name)))
    row = list[Button]()
    if sheet.skills:
        row.append(Button(say(actor, "rate"), "skills.rate", of, "primary", opens=True))
    if len(sheet.skills) < MOST:
        row.append(Button(say(actor, "add"), "skills.form", of, opens=True))
    if mine and sheet.skills:
        row += [Button(say(actor, "remove"), "skills.remove", opens=True)]
        row += [Button(say(actor, "learn"), "learning.form", opens=True)]
    seen = say(actor, "seen", who=sheet.other.name) if sheet.other else say(actor, "seen_alone")
    title = say(actor, "title") if mine else say(actor, "title_of", who=sheet.owner.name)
    return Card(title, (*parts, Note(seen), Buttons(tuple(row))))


def shown(actor: Person, sheet: Sheet, skill: Skill) -> Iterator[Part]:
    """One's own view; the other's only beside one's own, so that neither leans on it."""
    mine = sheet.owner.id == actor.id
    own, theirs = skill.view(mine), skill.view(not mine)
    yield Heading(skill.name)
    if own:
        yield bar(actor, say(actor, "own"), own)
    if own and theirs and sheet.other:
        yield bar(actor, sheet.other.name, theirs)
        if skill.gap:
            yield Note(say(actor, "gap", n=abs(skill.gap)))
    elif sheet.other:
        key = "waits_for_you" if theirs else "nobody_yet" if not own else "waits_for_other"
        yield Note(say(actor, key, who=sheet.other.name))


def bar(reader: Person, who: str, view: View) -> Bar:
    """The figure with its level's name and its example."""
    story = say(reader, "story", level=say(reader, f"levels.{view.level}"), words=view.words)
    return Bar(who, view.level, TOP, story)


# Naming them.


@skills.action("skills.form", gather=store.carried)
def open_form(event: Action, sheet: Sheet | None) -> Iterator[Effect]:
    actor = event.actor
    if sheet is None:
        yield line(event, "not_yours")
    else:
        hint = say(actor, "field_names_hint", n=MOST - len(sheet.skills))
        box = TextBox("names", say(actor, "field_names"), limit=MOST * NAME, hint=hint)
        title = say(actor, "form_title")
        yield OpenForm(Form("skills.form", title, say(actor, "save"), say(actor, "cancel"), (box,), sheet.owner.id))


@skills.submission("skills.form", gather=store.carried)
def submit(event: Submission, sheet: Sheet | None) -> Iterator[Effect]:
    actor = event.actor
    if sheet is None:
        yield line(event, "not_yours")
        return
    names = read_names(event.answers.get("names", ""))
    known = {folded(skill.name) for skill in sheet.skills}
    new = [name for name in names if folded(name) not in known]
    if not names:
        yield Refuse({"names": say(actor, "wrong_names")})
    elif len(new) > MOST - len(known):
        yield Refuse({"names": say(actor, "wrong_many", n=MOST)})
    elif long := next((name for name in new if len(name) > NAME), ""):
        yield Refuse({"names": say(actor, "wrong_long_name", name=short(long, 30), limit=NAME)})
    else:
        yield Record(
            SkillsAdded(sheet.owner.id, {f"skill:{event.ref}.{n}": name for n, name in enumerate(new)}, event.at)
        )
        rate = Button(say(actor, "rate"), "skills.rate", sheet.owner.id, "primary", opens=True)
        yield Tell(actor, Card(parts=(Text(say(actor, "added", names=names)), Buttons((rate,)))))


def read_names(text: str) -> list[str]:
    """One a line, or between commas; each once."""
    found = (" ".join(name.split()) for name in re.split(r"[\n,;]", clean(text)))
    return list({folded(name): name for name in found if name}.values())


@skills.action("skills.remove", gather=store.carried)
def open_remove(event: Action, sheet: Sheet | None) -> Iterator[Effect]:
    actor = event.actor
    if sheet is None or sheet.owner.id != actor.id or not sheet.skills:
        yield line(event, "not_yours")
        return
    options = tuple((skill.id, short(skill.name, 70)) for skill in sheet.skills)
    field = Choice("skill", say(actor, "field_remove"), options, hint=say(actor, "field_remove_hint"))
    title, remove, cancel = say(actor, "form_remove"), say(actor, "remove"), say(actor, "cancel")
    yield OpenForm(Form("skills.remove", title, remove, cancel, (field,)))


@skills.submission("skills.remove", gather=store.carried)
def submit_remove(event: Submission, sheet: Sheet | None) -> Iterator[Effect]:
    """Theirs alone to take off, with what was said of it."""
    chosen = event.answers.get("skill", "")
    skill = next((each for each in sheet.skills if each.id == chosen), None) if sheet else None
    if sheet is None or skill is None or sheet.owner.id != event.actor.id:
        yield Refuse({"skill": say(event.actor, "wrong_skill")})
    else:
        yield Record(SkillDropped(skill.id, event.actor.id))
        yield line(event, "removed", name=skill.name)


# Saying how one sees them.


@skills.action("skills.rate", gather=store.carried)
def open_rate(event: Action, sheet: Sheet | None) -> Iterator[Effect]:
    actor = event.actor
    if sheet is None or not sheet.skills:
        yield line(event, "not_yours" if sheet is None else "none")
        return
    mine, fields = sheet.owner.id == actor.id, list[Field]()
    levels = tuple((level, say(actor, f"levels.{level}")) for level in LEVELS)
    for skill in sheet.skills[:MOST]:
        view = skill.view(mine)
        fields.append(Choice(f"level.{skill.id}", skill.name, levels, str(view.level) if view else "", optional=True))
        label = say(actor, "field_example")
        words = view.words if view else ""
        fields.append(TextBox(f"words.{skill.id}", label, words, WORDS, optional=True))
    title = say(actor, "form_rate")
    yield OpenForm(Form("skills.rate", title, say(actor, "save"), say(actor, "cancel"), tuple(fields), sheet.owner.id))


@skills.submission("skills.rate", gather=store.carried)
def submit_rate(event: Submission, sheet: Sheet | None) -> Iterator[Effect]:
    actor = event.actor
    if sheet is None:
        yield line(event, "not_yours")
        return
    said, wrong = read_rates(event, sheet)
    if wrong or not said:
        yield Refuse(wrong or {f"level.{each.id}": say(actor, "wrong_nothing") for each in sheet.skills[:1]})
        return
    mine = sheet.owner.id == actor.id
    new = {id: view for id, view in said.items() if view != before(sheet, id, mine)}
    if new:
        yield Record(SkillsSeen(sheet.owner.id, actor.id, new, event.at))
        if other := sheet.other:  # one word about all of them
            show = Button(say(other, "look"), "skills.show", "" if not mine else sheet.owner.id)
            both = all(skill.view(not mine) for skill in sheet.skills if skill.id in new)
            alone, together = ("told_manager", "told_manager_both") if mine else ("told_person", "told_person_both")
            text = say(other, together if both else alone, who=actor.name)
            yield Tell(other, Card(parts=(Text(text), Buttons((show,)))))
    look = Button(say(actor, "look"), "skills.show", sheet.owner.id)
    yield Tell(actor, Card(parts=(Text(say(actor, "saved")), Buttons((look,)))))


def before(sheet: Sheet, id: str, mine: bool) -> tuple[int, str] | None:
    view = next((skill.view(mine) for skill in sheet.skills if skill.id == id), None)
    return (view.level, view.words) if view else None


def read_rates(event: Submission, sheet: Sheet) -> tuple[Mapping[str, tuple[int, str]], Mapping[str, str]]:
    """Level and example by skill, and what is wrong: neither counts without the other."""
    said, wrong = dict[str, tuple[int, str]](), dict[str, str]()
    for skill in sheet.skills[:MOST]:
        level = event.answers.get(f"level.{skill.id}", "")
        words = clean(event.answers.get(f"words.{skill.id}", "")).strip()
        if len(words) > WORDS:
            wrong[f"words.{skill.id}"] = say(event.actor, "wrong_long", limit=WORDS)
        elif level in LEVELS and words:
            said[skill.id] = int(level), words
        elif level in LEVELS:
            wrong[f"words.{skill.id}"] = say(event.actor, "wrong_words")
        elif words:
            wrong[f"level.{skill.id}"] = say(event.actor, "wrong_level")
    return said, wrong


def line(event: Event, key: str, **names: str) -> Effect:
    return Tell(event.actor, Card(parts=(Text(say(event.actor, key, **names)),)))
