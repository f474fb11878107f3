"""How a home looks: what waits first, one thing that stands out, then how things stand."""

from collections.abc import Iterator
from dataclasses import replace

from bot.core.cards import Bar, Button, Buttons, Card, Divider, Facts, Heading, Note, Part, Quote, Text
from bot.core.events import Event
from bot.core.goals import Goal, share
from bot.core.home import SHOWN, Home, first_primary, say, short, silent, tasks, update_button
from bot.core.people import Person
from bot.core.wording import named, speaks, written

GOALS, PARTNERS, POINTS, NAMES = 5, 5, 2, 30


def card(event: Event, found: Home) -> Card:
    actor, kinds = event.actor, [list(kind) for kind in tasks(event, found)]
    waiting, hidden = [task for kind in kinds for task in kind[:SHOWN]], sum(len(kind[SHOWN:]) for kind in kinds)
    parts: list[Part] = [Heading(say(actor, "tasks"))]
    parts += [part for task in first_primary(waiting) for part in task.parts]
    if hidden:
        parts.append(Note(say(actor, "more", n=hidden)))
    if not waiting:
        parts.append(Text(say(actor, "nothing")))
    else:
        parts.append(Divider())  # what one may begin is none of what waits
    parts.append(begin(event, found, primary=not any(task.buttons for task in waiting)))
    parts += [Divider(), *own_goals(event, found), *thanked(actor, found), *agenda(actor, found)]
    parts += [*team(event, found), Divider(), rest(actor)]
    return Card(say(actor, "title", name=actor.name.partition(" ")[0]), tuple(parts))


def begin(event: Event, found: Home, primary: bool) -> Buttons:
    """The check-in until it is begun, then a thank-you; the first of them stands out where nothing waits."""
    actor, asked = event.actor, event.settings.rhythms["checkin"].concerns(bool(found.around.team))
    kudos = Button(say(actor, "give_kudos"), "kudos.form", opens=True)
    row = [kudos, Button(say(actor, "grow"), "grow.start")]
    begun = any(progress.dialogue == "checkin" for progress in found.unfinished)
    if asked and not begun and found.around.own != "answered":
        row.insert(0, Button(say(actor, "checkin"), "checkin.start"))
    return Buttons((replace(row[0], style="primary") if primary else row[0], *row[1:]))


def own_goals(event: Event, found: Home) -> Iterator[Part]:
    """Those that do not wait for a word above."""
    actor, waiting = event.actor, [goal for goal in found.goals if silent(event, goal)][:SHOWN]
    goals = [goal for goal in found.goals if goal not in waiting]
    yield Heading(say(actor, "goals"))
    for goal in goals[:GOALS]:
        yield from goal_line(actor, goal)
        yield Buttons((update_button(actor, goal),))
    if found.goals:
        label = say(actor, "all_goals") if len(goals) > GOALS else say(actor, "look_goals")
        yield Buttons((Button(label, "goals.mine"),))
    else:
        yield Note(say(actor, "no_goals"))
        yield Buttons((Button(say(actor, "set_goal"), "goals.form", opens=True),))


def goal_line(actor: Person, goal: Goal) -> Iterator[Part]:
    title, done = short(goal.title), share(goal)
    if goal.confidence in ("at_risk", "off_track"):
        title = say(actor, f"confidence.{goal.confidence}", title=title)
    if done is None or goal.kind == "milestone":
        yield Text(title)
        if goal.word:
            yield Quote(short(goal.word))
    else:
        yield Bar(title, round(done * 100), 100, short(goal.word))


def thanked(actor: Person, found: Home) -> Iterator[Part]:
    if found.thanks.count:
        yield Heading(say(actor, "kudos"))
        key = "thanked_with" if found.thanks.words else "thanked"
        yield Text(say(actor, key, n=found.thanks.count, who=found.thanks.giver))
        if found.thanks.words:
            yield Quote(short(found.thanks.words))


def agenda(actor: Person, found: Home) -> Iterator[Part]:
    """What is to be talked about next, by person."""
    points = dict[str, tuple[str, list[str]]]()
    for person, words in found.agenda:
        points.setdefault(person.id, (person.name, []))[1].append(short(words))
    if points:
        yield Heading(say(actor, "agenda"))
        rows = []
        for name, said in list(points.values())[:PARTNERS]:
            more = [say(actor, "more", n=len(said) - POINTS)] if len(said) > POINTS else []
            rows.append((name, "\n".join((*said[:POINTS], *more))))
        yield Facts(tuple(rows))
        if len(points) > PARTNERS:
            yield Note(say(actor, "more", n=len(points) - PARTNERS))
    if points or found.rhythms:
        yield Buttons((Button(say(actor, "oneonones"), "oneonone.show"),))


def team(event: Event, found: Home) -> Iterator[Part]:
    """For managers: who has answered, never what."""
    actor, reports = event.actor, found.around.team
    if not reports:
        return
    yield Heading(say(actor, "team", period=named(found.around.period or found.period, speaks(actor))))
    groups: dict[str, list[str]] = {"team_not": [], "team_done": [], "team_skipped": [], "team_waiting": []}
    states = {"answered": "team_done", "skipped": "team_skipped", None: "team_waiting", "owed": "team_waiting"}
    for name, state in reports:
        groups[states.get(state, "team_not")].append(name)
    room, rows = NAMES, list[tuple[str, str]]()
    for key, names in groups.items():
        shown, room = names[:room], max(0, room - len(names))
        if names:
            more = [say(actor, "others", n=len(names) - len(shown))] if len(names) > len(shown) else []
            rows.append((say(actor, key, n=len(names)), written([*shown, *more], speaks(actor))))
    if event.settings.rhythms["checkin"].whom == "everybody":
        yield Facts(tuple(rows))
    yield Buttons((Button(say(actor, "team_rhythm"), "cadence.show"), Button(say(actor, "coach"), "coach.show")))


def rest(actor: Person) -> Buttons:
    history = Button(say(actor, "history"), "history.show")
    settings = Button(say(actor, "settings"), "people.settings")
    privacy = Button(say(actor, "privacy"), "privacy.show")
    growth = Button(say(actor, "growth"), "growth.show")
    return Buttons((growth, history, settings, privacy, Button(say(actor, "help"), "people.help")))
