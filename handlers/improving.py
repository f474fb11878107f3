"""An improvement plan on its way: the weekly look, changes that both read, what was promised, and when nobody acts."""

from collections.abc import Iterator
from dataclasses import replace

from bot.core import improvement_forms as forms
from bot.core import improvement_moves as moves
from bot.core.effects import Effect, OpenForm, Record, Refuse, Tell
from bot.core.events import Action, Due, Submission
from bot.core.features import Feature
from bot.core.improvement import CHECK, PROMISED, WAITING, WEEK, Ask, Found, Promise, over, possible
from bot.core.improvement_cards import asks_card, over_card, promise_card
from bot.core.improvement_forms import opened, said
from bot.core.improvement_moves import hindered, line
from storage import improvement as store
from storage.followups import FollowUp
from storage.improvement import kept

improving = Feature("improving")
Asked = tuple[Found, Promise] | None


# How it goes, and how one sees it.


@improving.action("improvement.check", gather=store.pressed)
def open_check(event: Action, found: Found | None) -> Iterator[Effect]:
    yield from opened(event, found, "check", forms.check_form)


@improving.submission("improvement.check", gather=store.pressed)
def check(event: Submission, found: Found | None) -> Iterator[Effect]:
    words, refused = said(event, found, "check", "check")
    standing = forms.standing_of(event)
    yield from refused or kept(moves.checks(event, found, standing, words)) if found else refused


@improving.action("improvement.view", gather=store.pressed)
def open_view(event: Action, found: Found | None) -> Iterator[Effect]:
    yield from opened(event, found, "view", forms.view_form)


@improving.submission("improvement.view", gather=store.pressed)
def view(event: Submission, found: Found | None) -> Iterator[Effect]:
    """At every step, also when it is over."""
    words, refused = said(event, found, "view", "view")
    yield from refused or kept(moves.adds(event, found, "view", words)) if found else refused


# Changing it.


@improving.action("improvement.change", gather=store.pressed)
def open_change(event: Action, found: Found | None) -> Iterator[Effect]:
    yield from opened(event, found, "change", forms.change_form)


@improving.submission("improvement.change", gather=store.pressed)
def change(event: Submission, found: Found | None) -> Iterator[Effect]:
    if found is None or not possible(found.plan, "change", found.side):
        yield hindered(event, found)
        return
    values, why, wrong = forms.read_change(event, found)
    if wrong:
        yield Refuse(wrong)
        return
    lines = [
        line(event, found.plan, "change", "" if n else why, n, field=name,
             old=str(getattr(found.plan, name)), new=str(value))
        for n, (name, value) in enumerate(values.items())
    ]  # fmt: skip
    yield from kept(moves.changing(event, found, lines, values))


@improving.action("improvement.promise", gather=store.pressed)
def open_promise(event: Action, found: Found | None) -> Iterator[Effect]:
    if found and found.side == "person":
        yield hindered(event, found)
    else:
        yield from opened(event, found, "change", forms.promise_form)


@improving.submission("improvement.promise", gather=store.pressed)
def promise(event: Submission, found: Found | None) -> Iterator[Effect]:
    if found is None or found.side != "manager" or not possible(found.plan, "change", "manager"):
        yield hindered(event, found)
        return
    more, wrong = forms.read_more(event, found)
    if more is None:
        yield Refuse(wrong)
        return
    added = line(event, found.plan, "change", field=more.kind, new=more.words, day=more.day)
    yield from kept(moves.changing(event, found, [added], promised=(more,)))


@improving.action("improvement.move", gather=store.promised)
def open_move(event: Action, asked: Asked) -> Iterator[Effect]:
    if asked and movable(*asked):
        yield OpenForm(forms.move_form(event.actor, asked[1]))
    else:
        yield hindered(event, asked[0] if asked else None)


def movable(found: Found, promise: Promise) -> bool:
    return found.side == "manager" and possible(found.plan, "change", "manager") and promise.state == "open"


@improving.submission("improvement.move", gather=store.promised)
def move(event: Submission, asked: Asked) -> Iterator[Effect]:
    if asked is None or not movable(*asked):
        yield hindered(event, asked[0] if asked else None)
        return
    found, promise = asked
    day, why, wrong = forms.read_move(event, found)
    if wrong or day is None:
        yield Refuse(wrong)
        return
    later = replace(promise, day=day) if found.plan.state == "proposed" else replace(promise, next_day=day)
    added = line(event, found.plan, "change", why, field=promise.kind, old=promise.day.isoformat(),
                 new=promise.words, day=day)  # fmt: skip
    yield from kept(moves.changing(event, found, [added], promised=(later,)))


# What was promised.


@improving.action("improvement.given", gather=store.promised)
def give(event: Action, asked: Asked) -> Iterator[Effect]:
    if asked is None or asked[1].state != "open" or not possible(asked[0].plan, "give", asked[0].side):
        yield hindered(event, asked[0] if asked else None)
    else:
        yield from kept(moves.gives(event, *asked))


@improving.due(PROMISED, gather=store.promised)
def ask_promise(event: Due, asked: Asked) -> Iterator[Effect]:
    """On its day, and each week until it is given."""
    if asked is None or asked[1].state != "open" or asked[0].side != "manager" or not asked[0].plan.open:
        return
    found, promise = asked
    yield Record(FollowUp(event.actor.id, PROMISED, promise.id, event.today + WEEK))
    if possible(found.plan, "give", found.side):
        yield Tell(event.actor, promise_card(event.actor, found, promise), awaited=True)


# When a week is over, and when nobody acts.


@improving.due(CHECK, gather=store.due)
def ask_week(event: Due, found: Found | None) -> Iterator[Effect]:
    """Both are asked. Of a plan that one of them has left, or that nobody ends, it is seen to that it ends."""
    if found is None or not found.side or not found.plan.open:
        return
    yield Record(FollowUp(event.actor.id, CHECK, found.plan.id, event.today + WEEK))
    plan, of = found.plan, found.side
    if found.moved and found.now:
        yield from kept(moves.moved(event, found, found.now))
    elif left(found) or over(plan, event.today):
        yield from kept(moves.lapses(event, found))
    elif possible(plan, "check", of):
        asked = over_card if of == "manager" and event.today >= plan.ends and plan.state == "running" else asks_card
        yield Tell(event.actor, asked(event.actor, found, event.today), awaited=True)


def left(found: Found) -> bool:
    """Whether it cannot go on: its person has left, or who wrote it has before it began."""
    return found.person.gone or (found.plan.state == "proposed" and found.manager is None)


@improving.due(WAITING, gather=store.due)
def ask_reader(event: Due, found: Found | None) -> Iterator[Effect]:
    """Reminded once; then it goes on, or ends, without having been read."""
    if found is None or not found.side or event.period != f"{found.plan.id}|{found.plan.round}":
        return
    if not found.plan.open:
        return
    if found.plan.waiting != found.side:
        return
    if found.moved and found.now:
        yield from kept(moves.moved(event, found, found.now))
    elif event.step == 0:
        ask: Ask = moves.last_ask(event, found)
        if ask.day:
            yield Record(FollowUp(ask.person, ask.rhythm, ask.about, ask.day))
        yield moves.remind(found, event)
    else:
        yield from kept(moves.lapses(event, found))
