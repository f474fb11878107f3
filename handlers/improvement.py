"""A person's improvement plan: which there are, writing one, reading what the other wrote, and how it ends."""

from collections.abc import Iterator

from bot.core import improvement_forms as forms
from bot.core import improvement_moves as moves
from bot.core.cards import Button, Buttons, Card, Note, Part, Text
from bot.core.effects import Effect, OpenForm, Refuse, Tell, Whisper
from bot.core.events import Action, Command, Submission
from bot.core.features import Feature
from bot.core.improvement import Found, possible, topic
from bot.core.improvement_cards import open_button, plan_card, say
from bot.core.improvement_forms import opened, said
from bot.core.improvement_moves import hindered, line
from bot.core.people import Person
from storage import improvement as store
from storage.improvement import Board, Writing, kept

improvement = Feature("improvement")


# Which there are.


@improvement.command("growth improvement", gather=store.named)
def command(event: Command, board: Board) -> Iterator[Effect]:
    """`growth improvement`, `growth improvement @ana`."""
    yield Whisper(board_card(event.actor, board))


@improvement.action("improvement.mine", gather=store.shown)
def press_list(event: Action, board: Board) -> Iterator[Effect]:
    yield Tell(event.actor, board_card(event.actor, board))


def board_card(actor: Person, board: Board) -> Card:
    parts, who = list[Part](), board.who
    if board.foreign:
        return Card(say(actor, "board"), (Text(say(actor, "foreign")),))
    for plan, owner in board.plans:
        whose = say(actor, "title_own") if owner.id == actor.id else say(actor, "title", who=owner.name)
        parts += [Text(f"{whose}: {plan.goal}"), Note(say(actor, f"state.{plan.state}", ends=plan.ends))]
        parts.append(Buttons((open_button(actor, plan),)))
    if not board.plans:
        parts.append(Text(say(actor, "none_of", who=who.name) if who and who.id != actor.id else say(actor, "none")))
    taken = {owner.id for plan, owner in board.plans if plan.open}
    if any((who is None or report.id == who.id) and report.id not in taken for report in board.reports):
        write = Button(say(actor, "write"), "improvement.form", who.id if who else "", opens=True)
        parts += [Note(say(actor, "may_write")), Buttons((write,))]
    return Card(say(actor, "board"), tuple(parts))


@improvement.action("improvement.show", gather=store.pressed)
def show(event: Action, found: Found | None) -> Iterator[Effect]:
    """Who has become the person's manager takes it over by opening it."""
    if found is None:
        yield hindered(event, None)
    elif found.moved and found.now and found.now.id == event.actor.id:
        yield from kept(moves.moved(event, found, found.now))
    else:
        about = topic(found.plan, found.side) if found.side and not found.page else ""
        yield Tell(event.actor, plan_card(event.actor, found), about=about)


# Writing one.


@improvement.action("improvement.form", gather=store.writing)
def open_form(event: Action, writing: Writing) -> Iterator[Effect]:
    free = [each for each in writing.reports if each.id not in writing.taken]
    if free:
        yield OpenForm(forms.new_form(event.actor, free, event.value))
    else:
        yield Tell(event.actor, Card(parts=(Text(say(event.actor, "nobody_to_write_for")),)))


@improvement.submission("improvement.form", gather=store.writing)
def submit(event: Submission, writing: Writing) -> Iterator[Effect]:
    read = forms.read_new(event, writing.reports, writing.taken)
    if read.plan is None:
        yield Refuse(read.wrong)
        return
    plan, actor = read.plan, event.actor
    person = next(each for each in writing.reports if each.id == plan.person)
    names, first = {actor.id: actor.name}, (line(event, plan, "written"),)
    found = Found(plan, person, actor, "manager", actor, read.promises, first, names=names)
    yield from kept(moves.begun(event, found))


# Reading what the other wrote.


@improvement.action("improvement.read", gather=store.pressed)
def open_read(event: Action, found: Found | None) -> Iterator[Effect]:
    yield from opened(event, found, "acknowledge", forms.read_form)


@improvement.submission("improvement.read", gather=store.pressed)
def acknowledge(event: Submission, found: Found | None) -> Iterator[Effect]:
    """Reading is not agreeing: with it, or later, one can say how one sees it."""
    words, refused = said(event, found, "acknowledge", "view", optional=True)
    yield from refused or kept(moves.reads(event, found, words)) if found else refused


@improvement.action("improvement.decline", gather=store.pressed)
def open_decline(event: Action, found: Found | None) -> Iterator[Effect]:
    yield from opened(event, found, "decline", forms.decline_form)


@improvement.submission("improvement.decline", gather=store.pressed)
def decline(event: Submission, found: Found | None) -> Iterator[Effect]:
    """A change that one of them would talk about first does not hold; what was before goes on."""
    words, refused = said(event, found, "decline", "decline")
    yield from refused or kept(moves.declines(event, found, words)) if found else refused


# The end.


@improvement.action("improvement.conclude", gather=store.pressed)
def open_conclude(event: Action, found: Found | None) -> Iterator[Effect]:
    yield from opened(event, found, "conclude", forms.conclude_form)


@improvement.submission("improvement.conclude", gather=store.pressed)
def conclude(event: Submission, found: Found | None) -> Iterator[Effect]:
    if found is None or not possible(found.plan, "conclude", found.side):
        yield hindered(event, found)
        return
    outcome, reason, wrong = forms.read_outcome(event, found)
    if wrong:
        yield Refuse(wrong)
    else:
        yield from kept(moves.concludes(event, found, outcome, reason))


@improvement.action("improvement.withdraw", gather=store.pressed)
def open_withdraw(event: Action, found: Found | None) -> Iterator[Effect]:
    yield from opened(event, found, "withdraw", forms.withdraw_form)


@improvement.submission("improvement.withdraw", gather=store.pressed)
def withdraw(event: Submission, found: Found | None) -> Iterator[Effect]:
    words, refused = said(event, found, "withdraw", "withdraw")
    yield from refused or kept(moves.adds(event, found, "withdraw", words)) if found else refused
