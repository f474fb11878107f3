"""Who can see what, for the one who asks: their own manager, their own figures, and what they can do about it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot.core import sharing
from bot.core.cards import Button, Buttons, Card, Facts, Heading, Note, Part, Text
from bot.core.effects import Effect, Grant, KeepDialogue, Retract, Tell, Whisper
from bot.core.events import Action, Command, Event
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.wording import named, speaks, wording
from storage import privacy as store
from storage.privacy import Own, Shared, Situation

privacy = Feature("privacy")
say = wording("privacy")
# As they stand in app.yaml.
MONTHS = ("checkins", "reviews", "grow", "goals", "kudos", "feedback", "growth", "audit", "rhythm")


@privacy.command("kadens privacy", gather=store.situation)
@privacy.action("privacy.show", gather=store.situation)
def show(event: Command | Action, found: Situation) -> Iterator[Effect]:
    actor = event.actor
    parts = (
        Text(say(actor, "yours")),
        *to_manager(actor, found),
        *to_others(actor, found),
        *(part for part in (team(actor, found),) if part),
        *shared(actor, found),
        Heading(say(actor, "kept")),
        Facts(tuple(kept(event))),
        Note(say(actor, "platform")),
        buttons(actor, found),
    )
    yield Whisper(Card(say(actor, "title"), parts))


def buttons(actor: Person, found: Situation) -> Buttons:
    row = [Button(say(actor, "my_data"), "export.data"), Button(say(actor, "erase"), "erasure.ask")]
    if found.record:
        row.insert(1, Button(say(actor, "record"), "record.form", opens=True))
    return Buttons(tuple(row))


def to_manager(actor: Person, found: Situation) -> Iterator[Part]:
    """Whom one reports to now, and what stays with whom one reported to before."""
    yield Heading(say(actor, "manager"))
    if found.manager:
        yield Text(say(actor, "manager_is", who=found.manager.name))
        many = next((many for reader, many in found.readers if reader.id == found.manager.id), {})
        yield Text(reads(actor, found.manager, many))
    else:
        yield Text(say(actor, "manager_none"))
    if found.asked:
        yield Text(say(actor, "manager_asked", who=found.asked.name))
    for reader, many in found.readers:
        if not (found.manager and reader.id == found.manager.id):
            yield Text(say(actor, "before", who=reader.name, what=things(actor, many)))
    yield Text(say(actor, "oneonones", who=list(found.partners)) if found.partners else say(actor, "oneonones_none"))
    yield Text(say(actor, "quarters", n=found.quarters) if found.quarters else say(actor, "quarters_none"))
    yield Text(say(actor, "pack"))
    yield Note(say(actor, "change"))
    yield Note(say(actor, "change_more"))


def reads(actor: Person, reader: Person, many: Mapping[str, int]) -> str:
    return say(actor, "manager_reads", who=reader.name, what=things(actor, many)) if many else say(actor, "reads_none")


def things(actor: Person, many: Mapping[str, int]) -> list[str]:
    """`3 check-ins`, `1 look back`."""
    return [say(actor, f"kinds.{kind if say.has(f'kinds.{kind}.other') else 'talk'}", n=n) for kind, n in many.items()]


def to_others(actor: Person, found: Situation) -> Iterator[Part]:
    yield Heading(say(actor, "colleagues"))
    yield Text(say(actor, "kudos"))
    if any(found.goals.values()):
        counts = {name: found.goals.get(name, 0) for name in ("everyone", "team", "manager")}
        yield Text(say(actor, "goals", **counts))
    else:
        yield Text(say(actor, "goals_none"))
    yield from development(actor, found)
    yield Text(say(actor, "feedback"))
    yield Heading(say(actor, "hr"))
    yield Text(say(actor, "hr_text"))
    yield Text(say(actor, "plans", n=found.plans) if found.plans else say(actor, "plans_none"))
    yield Text(say(actor, "hr_record"))
    yield Text(say(actor, "written_down"))


def development(actor: Person, found: Situation) -> Iterator[Part]:
    yield Text(say(actor, "expectations"))
    if any(found.wishes.values()):
        counts = {name: found.wishes.get(name, 0) for name in ("manager", "me")}
        yield Text(say(actor, "aspirations", **counts))
    else:
        yield Text(say(actor, "aspirations_none"))
    if any(found.learning.values()):
        counts = {name: found.learning.get(name, 0) for name in ("manager", "me")}
        yield Text(say(actor, "learning", **counts))
    else:
        yield Text(say(actor, "learning_none"))
    yield Text(say(actor, "skills"))
    yield Text(say(actor, "mentors"))


def team(actor: Person, found: Situation) -> Text | None:
    """For who manages somebody: what they see, and what they do not."""
    return Text(say(actor, "you_manage", n=found.reports, shared=found.read)) if found.reports else None


def shared(actor: Person, found: Situation) -> Iterator[Part]:
    """The last ones, each with the button that takes it back."""
    if found.latest:
        yield Heading(say(actor, "shared"))
    for each in found.latest:
        yield Text(say(actor, "shared_line", what=what(actor, each), who=each.reader.name, day=each.at.date()))
        look = Button(say(actor, "look"), "talk.form", each.id, opens=True)
        yield Buttons((look, Button(say(actor, "withdraw"), "privacy.withdraw", each.id)))


def what(actor: Person, each: Shared) -> str:
    if each.dialogue == "preparing":  # its subject is a record
        return say(actor, "one.preparing")
    if not each.subject:
        return things(actor, {each.dialogue: 1})[0]
    about = named(each.subject, speaks(actor)) if each.dialogue in ("checkin", "review") else each.subject
    return say(actor, f"one.{each.dialogue if say.has(f'one.{each.dialogue}') else 'talk'}", about=about)


def kept(event: Event) -> Iterator[tuple[str, str]]:
    actor, retention = event.actor, event.settings.retention
    for name in MONTHS:
        months: int = getattr(retention, name)
        yield say(actor, f"keep.{name}"), say(actor, "months", n=months) if months else say(actor, "for_ever")
    for name, days in (("traffic", retention.traffic), ("uninstalled", retention.uninstalled)):
        yield say(actor, f"keep.{name}"), say(actor, "days", n=days) if days else say(actor, "for_ever")


@privacy.action("privacy.withdraw", gather=store.pressed)
def withdraw(event: Action, own: Own | None) -> Iterator[Effect]:
    """From now on for oneself alone. What the other has read they have read; the card goes."""
    actor = event.actor
    if own is None or not own.readers:
        yield Whisper(Card(parts=(Text(say(actor, "not_shared")),)))
        return
    id, given = own.progress.id, own.progress.given
    yield Grant(id, None)
    yield Retract(sharing.topic(id))
    # What is said or changed later shall not share it again.
    mine = tuple(replace(each, reply="me") if each.question == "share" else each for each in given)
    yield KeepDialogue(replace(own.progress, given=mine, seeds={**own.progress.seeds, "beside": ()}))
    names = [reader.name for reader in own.readers]
    yield Tell(actor, Card(parts=(Text(say(actor, "withdrawn", people=names)),)))
