"""How goals hang together: the company's, its teams', and what people do for them. `/goal tree`, and linking a goal."""

from collections.abc import Iterator, Sequence

from bot.core.cards import Button, Buttons, Card, Choice, Form, Heading, Note, Part, Quote, Text
from bot.core.effects import Effect, OpenForm, Record, Refuse, Whisper
from bot.core.events import Action, Command, Event, Submission
from bot.core.features import Feature
from bot.core.goal_cards import short
from bot.core.goals import Goal, share
from bot.core.people import Person
from bot.core.tree import Branch, Mine, Served, Tree, fits
from bot.core.wording import wording
from storage import tree as store
from storage.goals import Adjusted
from storage.tree import Aligning, Limb

tree = Feature("tree")
say = wording("tree")
ROOTS = 12  # goals of the company on a card, the others on the next
LINES = 24  # team goals on a card, shared out over what they serve: it has to be read on a phone
NAMED = 20  # goals of people, or of teams, on the card of the goal they serve
OWN = 5


@tree.command("goal tree", gather=store.tree)
@tree.action("tree.show", gather=store.tree)
def show(event: Command | Action, found: Tree) -> Iterator[Effect]:
    yield Whisper(tree_card(event.actor, found, offset(event)))


def offset(event: Event) -> int:
    """Where the card begins; a forged one begins at the beginning."""
    last = event.value.rpartition("|")[2] if isinstance(event, Action) else ""
    return int(last) if last.isdecimal() and len(last) < 4 else 0


def tree_card(reader: Person, found: Tree, first: int = 0) -> Card:
    title = say(reader, "title")
    linking = Button(say(reader, "link"), "tree.align", opens=True)
    setting = Button(say(reader, "new"), "goals.form", opens=True)
    if found.empty:
        return Card(title, (Text(say(reader, "none")), Buttons((setting,))))
    shown = found.company[first : first + ROOTS]
    parts = [] if first else mine_parts(reader, found.mine)
    for branch in shown:
        parts += branch_parts(reader, branch, max(2, LINES // max(1, len(shown))))
    more = len(found.company) - first - len(shown)
    if found.loose and more <= 0:
        lines = team_lines(reader, found.loose, LINES // 3)
        parts += [Heading(say(reader, "loose")), Text("\n".join(lines)), opening(reader, found.loose[: LINES // 3])]
    row = [Button(say(reader, "more"), "tree.show", str(first + ROOTS), "primary")] if more > 0 else []
    return Card(title, (*parts, Note(say(reader, "note")), Buttons((*row, linking, setting))))


def mine_parts(reader: Person, mine: Sequence[Mine]) -> list[Part]:
    """One's own goals first, and what each is for."""
    if not mine:
        return []
    parts: list[Part] = [Heading(say(reader, "mine"))]
    for each in mine[:OWN]:
        title = short(each.goal.title, 80)
        if each.parent is None:
            parts.append(Text(say(reader, "mine_loose", title=title)))
            continue
        parts.append(Text(say(reader, "mine_line", title=title, parent=short(each.parent.title, 80))))
        if each.parent.why:
            parts.append(Note(say(reader, "why_mine", why=short(each.parent.why, 160))))
    if len(mine) > OWN:
        parts.append(Note(say(reader, "and_more", n=len(mine) - OWN)))
    return parts


def branch_parts(reader: Person, branch: Branch, lines: int) -> list[Part]:
    goal = branch.goal
    state = sentence(reader, [*standing(reader, goal), *serving(reader, branch.all_served)])
    teams = team_lines(reader, branch.teams, lines)
    return [Heading(short(goal.title, 100)), Text("\n".join(filter(None, (state, *teams)))), opening(reader, [branch])]


def team_lines(reader: Person, branches: Sequence[Branch], most: int) -> list[str]:
    lines = []
    for branch in branches[:most]:
        goal = branch.goal
        state = ", ".join([*standing(reader, goal), *serving(reader, branch.served)])
        lines.append(say(reader, "team_line", team=short(goal.team, 30), title=short(goal.title, 70), state=state))
    if len(branches) > most:
        lines.append(say(reader, "and_more", n=len(branches) - most))
    return lines


def standing(reader: Person, goal: Goal) -> list[str]:
    """How far, and how sure: in words."""
    done, found = share(goal), list[str]()
    if done is not None:
        found.append(say(reader, "done", n=round(done * 100)))
    if goal.confidence:
        found.append(say(reader, f"confidence.{goal.confidence}"))
    return found


def serving(reader: Person, served: Served) -> list[str]:
    found = [say(reader, "served", n=served.many) if served.many else say(reader, "served_none")]
    if served.mean:
        found.append(say(reader, f"mean.{served.mean}"))
    if served.mine:
        found.append(say(reader, "served_mine", n=served.mine))
    return found


def sentence(reader: Person, words: list[str]) -> str:
    text = ", ".join(words)
    return f"{text[:1].upper()}{text[1:]}."


def opening(reader: Person, branches: Sequence[Branch]) -> Buttons:
    """One goal to look at more closely, or several by the names of their teams."""
    if len(branches) == 1:
        return Buttons((Button(say(reader, "look"), "tree.goal", branches[0].goal.id),))
    return Buttons(tuple(Button(name(branch.goal), "tree.goal", branch.goal.id) for branch in branches))


def name(goal: Goal) -> str:
    return short(f"{goal.team}: {goal.title}", 40)


# One goal, closer.


@tree.action("tree.goal", gather=store.limb)
def look(event: Action, limb: Limb | None) -> Iterator[Effect]:
    if limb is None:
        yield Whisper(Card(parts=(Text(say(event.actor, "gone")),)))
    else:
        yield Whisper(limb_card(event.actor, limb, offset(event)))


def limb_card(reader: Person, limb: Limb, first: int = 0) -> Card:
    goal, teams = limb.branch.goal, limb.branch.teams
    parts: list[Part] = [Note(whose(reader, goal))]
    if state := standing(reader, goal):
        parts.append(Text(sentence(reader, state)))
    if goal.word:
        parts.append(Quote(short(goal.word, 300)))
    if goal.why:
        parts.append(Text(say(reader, "why", why=short(goal.why, 500))))
    if above := limb.parent:
        parts.append(Text(say(reader, "serves", title=short(above.title), why=short(above.why, 300)).strip()))
    if teams:
        shown = teams[first : first + NAMED]
        parts += [Heading(say(reader, "teams")), Text("\n".join(team_lines(reader, shown, NAMED)))]
        parts.append(opening(reader, shown))
    parts += people_parts(reader, limb, first)
    return Card(short(goal.title), (*parts, Buttons(tuple(ways_on(reader, limb, first)))))


def whose(reader: Person, goal: Goal) -> str:
    return say(reader, "of_team", team=goal.team) if goal.level == "team" else say(reader, "of_company")


def people_parts(reader: Person, limb: Limb, first: int) -> list[Part]:
    """Whose goals may be seen, by name; the others are a number."""
    lines = []
    for who, goal in limb.people[first : first + NAMED]:
        own = say(reader, "yours") if goal.person == reader.id else who
        state = ", ".join(standing(reader, goal))
        lines.append(say(reader, "person_line" if state else "person_line_plain",
                         who=own, title=short(goal.title, 80), state=state))  # fmt: skip
    parts: list[Part] = [Heading(say(reader, "people")), Text("\n".join(lines))] if lines else []
    if limb.hidden and not first:
        parts.append(Note(say(reader, "hidden", n=limb.hidden)))
    return parts


def ways_on(reader: Person, limb: Limb, first: int) -> Iterator[Button]:
    goal, following = limb.branch.goal, first + NAMED
    if following < max(len(limb.branch.teams), len(limb.people)):
        yield Button(say(reader, "more"), "tree.goal", f"{goal.id}|{following}", "primary")
    if limb.parent:
        yield Button(say(reader, "up"), "tree.goal", limb.parent.id)
    yield Button(say(reader, "timeline"), "goals.show", goal.id)
    yield Button(say(reader, "whole"), "tree.show")


# Linking.


@tree.action("tree.align", gather=store.aligning)
def align(event: Action, found: Aligning) -> Iterator[Effect]:
    """With the id of a goal its form is about that one."""
    reader = event.actor
    if not found.own:
        yield Whisper(Card(parts=(Text(say(reader, "no_own")),)))
    elif not found.above:
        yield Whisper(Card(parts=(Text(say(reader, "no_above")),)))
    else:
        yield OpenForm(align_form(reader, found, event.value))


NOTHING = "-"


def align_form(reader: Person, found: Aligning, value: str) -> Form:
    about = next((goal for goal in found.own if goal.id == value), None)
    loose = next((goal for goal in found.own if not goal.parent), found.own[0])
    goal, parent = about or loose, about.parent if about else None
    own = tuple((each.id, label(reader, each)) for each in found.own[:99])
    above = ((NOTHING, say(reader, "nothing")), *((each.id, label(reader, each)) for each in found.above[:99]))
    known = parent if parent in {each.id for each in found.above} else None
    fields = (
        Choice("goal", say(reader, "field_goal"), own, goal.id),
        Choice("parent", say(reader, "field_parent"), above, known or "", hint=say(reader, "field_parent_hint")),
    )
    return Form("tree.align", say(reader, "form_title"), say(reader, "save"), say(reader, "cancel"), fields, value)


def label(reader: Person, goal: Goal) -> str:
    """As one of a list, which takes 75 characters."""
    if goal.level == "personal":
        return short(goal.title, 75)
    where = goal.team if goal.level == "team" else say(reader, "of_company")
    return short(f"{short(where, 25)}: {goal.title}", 75)


@tree.submission("tree.align", gather=store.aligning)
def aligned(event: Submission, found: Aligning) -> Iterator[Effect]:
    actor, answers = event.actor, event.answers
    goal = next((each for each in found.own if each.id == answers.get("goal")), None)
    parent = next((each for each in found.above if each.id == answers.get("parent")), None)
    wrong = dict[str, str]()
    if goal is None:
        wrong["goal"] = say(actor, "wrong_goal")
    if parent is None and answers.get("parent") != NOTHING:
        wrong["parent"] = say(actor, "wrong_parent")
    elif goal and parent and not fits(goal, parent):
        wrong["parent"] = say(actor, "wrong_level")
    if wrong or goal is None:
        yield Refuse(wrong)
        return
    values = {"parent": parent.id if parent else None}
    yield Record(Adjusted(f"align:{event.ref}", goal.id, actor.id, event.at, values))
    yield Whisper(Card(parts=linked(actor, goal, parent)))


def linked(reader: Person, goal: Goal, parent: Goal | None) -> tuple[Part, ...]:
    again = Buttons((Button(say(reader, "whole"), "tree.show"),))
    if parent is None:
        return Text(say(reader, "unlinked", title=short(goal.title))), again
    text = Text(say(reader, "linked", title=short(goal.title), parent=short(parent.title)))
    return (text, *((Text(say(reader, "why_mine", why=short(parent.why, 500))),) if parent.why else ()), again)
