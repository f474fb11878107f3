"""The rhythms that concern somebody, and how they stand in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.calendar import Rhythm, period
from bot.core.events import Event
from storage import nudges
from storage.engine import Session
from storage.nudges import State
from storage.people import is_manager


@dataclass(frozen=True, slots=True)
class Mine:
    rhythms: Mapping[str, Rhythm]  # as they run for the actor
    states: Mapping[str, State] = field(default_factory=dict)  # in this period; those that have not spoken are left out


async def mine(session: Session, event: Event) -> Mine:
    each = await concerning(session, event)
    states = dict[str, State]()
    for name, rhythm in each.items():
        found = await nudges.states(session, [event.actor.id], name, period(rhythm.every, event.today))
        if state := found.get(event.actor.id):
            states[name] = state
    return Mine(each, states)


async def concerning(session: Session, event: Event) -> dict[str, Rhythm]:
    leads = await is_manager(session, event.actor.id)
    return {name: each for name, each in event.settings.rhythms.items() if each.concerns(leads)}
