"""Erase me: asked for with a button, said what it means, confirmed with a word, done at once."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot.core.cards import Button, Buttons, Card, Choice, Facts, Form, Heading, Note, Part, Text, TextBox
from bot.core.cards import Remark as Line
from bot.core.effects import Effect, OpenForm, Record, Refuse, Replace, Retract, ShowHome, Tell, Whisper
from bot.core.events import Action, Command, Due, Event, Submission
from bot.core.features import Feature
from bot.core.feedback import card as feedback_card
from bot.core.kudos import Giving, public_card, reaction_card, received_card
from bot.core.people import SOMEBODY, Person
from bot.core.wording import LANGUAGES, wording
from storage import erasure as store
from storage.erasure import Erased, Leaving

erasure = Feature("erasure")
say = wording("erasure")
export = wording("export")
NOBODY = Person("", SOMEBODY, "", "")


@erasure.command("kadens erase", gather=store.leaving)
@erasure.action("erasure.ask", gather=store.leaving)
def ask(event: Command | Action, found: Leaving) -> Iterator[Effect]:
    """What would go and what would stay, in this person's own figures."""
    actor = event.actor
    parts: list[Part] = [Text(say(actor, "intro")), Heading(say(actor, "goes")), *counts(actor, found.goes)]
    parts.append(Note(say(actor, "goes_note")))
    if any(found.stays.values()):
        parts += [Heading(say(actor, "stays")), *counts(actor, found.stays), Note(say(actor, "stays_note"))]
    parts += [Heading(say(actor, "besides")), Text(say(actor, "cards")), Text(say(actor, "traces"))]
    if found.reports:
        parts.append(Text(say(actor, "reports", n=len(found.reports))))
    parts.append(Note(say(actor, "limits")))
    on = Button(say(actor, "go_on"), "erasure.form", style="danger", opens=True)
    yield Whisper(Card(say(actor, "title"), (*parts, Buttons((Button(say(actor, "data_first"), "export.data"), on)))))


def counts(reader: Person, found: Mapping[str, int]) -> Iterator[Part]:
    rows = [
        (export(reader, f"sections.{section}"), str(n)) for section, n in found.items() if n and section != "profile"
    ]
    if rows:
        yield Facts(tuple(rows))
    else:
        yield Text(say(reader, "only_profile"))


@erasure.action("erasure.form")
def open_form(event: Action) -> Iterator[Effect]:
    yield OpenForm(form(event.actor))


def form(actor: Person) -> Form:
    options = (("keep", say(actor, "others_keep")), ("take", say(actor, "others_take")))
    word = TextBox("word", say(actor, "word_label", word=say(actor, "word")), limit=40, lines=False)
    fields = (Line(say(actor, "form_text")), Choice("others", say(actor, "others"), options, "keep"), word)
    return Form("erasure.form", say(actor, "form_title"), say(actor, "submit"), say(actor, "cancel"), fields)


@erasure.submission("erasure.form", gather=store.leaving)
def submit(event: Submission, found: Leaving) -> Iterator[Effect]:
    said = event.answers.get("word", "").strip().strip("“”\"'.!").casefold()
    if said not in {say(lang, "word").casefold() for lang in LANGUAGES}:
        yield Refuse({"word": say(event.actor, "word_wrong", word=say(event.actor, "word"))})
        return
    yield from erase(event, found, event.answers.get("others") == "take")
    yield Tell(event.actor, Card(say(event.actor, "done_title"), (Text(say(event.actor, "done")),)))
    yield ShowHome(event.actor, Card(say(event.actor, "done_title"), (Text(say(event.actor, "home")),)))


@erasure.due("erasure", gather=store.leaving)
def by_operator(event: Due, found: Leaving) -> Iterator[Effect]:
    """`kadens erase`: who still works here is told."""
    yield from erase(event, found, words_too=event.period == "take")
    if not event.actor.gone:
        yield Tell(
            event.actor, Card(say(event.actor, "done_title"), (Text(say(event.actor, "done_for_you")),)), awaited=True
        )
        yield ShowHome(event.actor, Card(say(event.actor, "done_title"), (Text(say(event.actor, "home")),)))


def erase(event: Event, found: Leaving, words_too: bool) -> Iterator[Effect]:
    yield Retract(f"home:{event.actor.id}")
    for giving in found.shown:
        yield from redrawn(event, giving, found.beside.get(giving.under, ()), words_too)
    for given in found.told if not words_too else ():
        without = replace(given, giver=NOBODY)
        yield from (Replace(given.topic(each), feedback_card(each, without)) for each in given.readers)
    yield Record(Erased(event, event.actor, words_too))
    for report in found.reports:
        name = Button(say(report, "name_manager"), "people.manager", style="primary", opens=True)
        yield Tell(
            report, Card(say(report, "manager_gone"), (Text(say(report, "manager_gone_text")), Buttons((name,))))
        )


# The cards of thanks that others see.


def redrawn(event: Event, giving: Giving, beside: tuple[Giving, ...], words_too: bool) -> Iterator[Effect]:
    """Without this person; where nobody is thanked any more, or the giver takes the words along, the card goes."""
    me, left = event.actor.id, tuple(each for each in giving.receivers if each.id != event.actor.id)
    if not left or (words_too and giving.giver.id == me):
        yield from (Retract(topic) for topic in (giving.id, giving.private))
        rest = tuple(each for each in beside if left and each.id != giving.id)
        if giving.source:
            yield Replace(giving.under, reaction_card(event, nameless(rest, me))) if rest else Retract(giving.under)
        return
    [now] = nameless((replace(giving, receivers=left),), me)
    now = replace(now, joined=tuple(each for each in giving.joined if each.id != me))
    yield Replace(giving.id, public_card(event, now, giving.place))
    if giving.giver.id == me:
        yield Replace(giving.private, received_card(left[0], now, first=False))
        if giving.source:
            yield Replace(giving.under, reaction_card(event, nameless(beside, me)))


def nameless(givings: tuple[Giving, ...], who: str) -> tuple[Giving, ...]:
    return tuple(replace(each, giver=NOBODY) if each.giver.id == who else each for each in givings)
