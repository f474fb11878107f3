"""How a quarter's talk looks: where it stands, the same for both, what was written down of it, and what comes next."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from bot.core.cards import (
    Button,
    Buttons,
    Card,
    Choice,
    Facts,
    Field,
    Form,
    Heading,
    Note,
    Part,
    Quote,
    Remark,
    Text,
    TextBox,
)
from bot.core.figures import TITLE
from bot.core.people import Person
from bot.core.settings import Settings
from bot.core.summary import LINES, MOST, REASON, WORDS, Proposal, Side, Summary, lines
from bot.core.wording import named, speaks, wording

say = wording("summary")
REMARK = 2000  # characters
SHOWN = 5  # remarks, the last ones


def about(reader: Person, summary: Summary) -> dict[str, str]:
    """What the sentences are filled with: the quarter, the other one of the two, and who of them is which."""
    names = {"person": summary.person.name, "manager": summary.manager.name, "who": summary.other(reader).name}
    return {"period": named(summary.period, speaks(reader)), **names}


def line(reader: Person, summary: Summary, key: str) -> Text:
    return Text(say(reader, key, **about(reader, summary)))


# Where it stands.

DOES: Mapping[str, Side] = {"reflecting": "person", "preparing": "manager"}  # steps of one of the two alone


def status(reader: Person, summary: Summary) -> Facts:
    """Every step with its day, or whose turn it is."""
    s = summary
    agreed = s.closed_at if s.state == "agreed" else None
    ready = s.prepared_at if s.reflected_at or s.prepared_at else None
    steps = (
        ("reflecting", s.reflected_at),
        ("preparing", ready),
        ("conversation", min(filter(None, (s.person_at, s.manager_at)), default=agreed)),
        ("agreed", agreed),
    )
    return Facts(tuple((done_in(reader, s, name), when(reader, s, name, at)) for name, at in steps))


def done_in(reader: Person, summary: Summary, step: str) -> str:
    """What happens in it, and who does: the reader, where it is theirs."""
    mine = DOES.get(step) == summary.side(reader)
    return say(reader, f"own.{step}" if mine else f"steps.{step}", **about(reader, summary))


def when(reader: Person, summary: Summary, step: str, at: datetime | None) -> str:
    if at:
        return say(reader, "done", day=reader.day_of(at))
    asked = "agreed" if summary.state == "conversation" and summary.version else summary.state
    return say(reader, "now" if step == asked else "over" if summary.state == "closed" else "to_come")


# What was written down.


def written_down(reader: Person, summary: Summary, settings: Settings) -> Iterator[Part]:
    p = summary.proposal
    if not summary.version:
        return
    if p.words:
        yield Text(say(reader, "written", **about(reader, summary)))
        yield Quote(p.words)
    for key, text in (("goals", p.goals), ("learning", p.learning)):
        if found := lines(text):
            yield Text("\n".join((say(reader, f"{key}_line"), *(f"• {each}" for each in found))))
    if p.rating:
        step = settings.review.step(p.rating, speaks(reader), p.scale)
        yield Text(say(reader, f"rated{own(reader, summary.person)}", step=step, **about(reader, summary)))
        yield Quote(p.reason)
    if summary.state == "conversation":
        mine = summary.proposed == summary.side(reader)
        yield Note(say(reader, "waits_other" if mine else "waits_you", **about(reader, summary)))


def own(reader: Person, who: Person | None) -> str:
    """The end of the key of a sentence that says "you" where it is the reader's own."""
    return "_own" if who and who.id == reader.id else ""


def remarks(reader: Person, summary: Summary) -> Iterator[Part]:
    if summary.remarks:
        yield Heading(say(reader, "remarks"))
    for author, words in summary.remarks[-SHOWN:]:
        who = next((each for each in (summary.person, summary.manager) if each.id == author), None)
        yield Text(say(reader, f"remarked{own(reader, who)}", who=who.name if who else say(reader, "earlier")))
        yield Quote(words)


def card(reader: Person, summary: Summary, settings: Settings, key: str = "title", *more: Part) -> Card:
    title = say(reader, key, **about(reader, summary))
    shown = (status(reader, summary), *written_down(reader, summary, settings), *remarks(reader, summary))
    parts = (*more, *shown, Buttons(buttons(reader, summary)))
    return Card(title, parts if parts[-1] != Buttons(()) else parts[:-1])


def buttons(reader: Person, summary: Summary) -> tuple[Button, ...]:
    """What this one of the two can do now; the first is what it waits for."""
    s, manages = summary, reader.id == summary.manager.id
    change = Button(say(reader, "change"), "summary.form", of_version(s), opens=True)
    remark = Button(say(reader, "remark"), "summary.remark", s.id, opens=True)
    if s.state == "agreed":
        return (*(() if manages else next_steps(reader, s)), remark)
    if s.state == "conversation" and s.version:
        yes = Button(say(reader, "yes"), "summary.agree", of_version(s), "primary")
        return (yes, change, remark) if s.waits_for(reader) else (change, remark)
    if s.state == "conversation":
        write = Button(say(reader, "write"), "summary.form", of_version(s), "primary", opens=True)
        return (write, Button(say(reader, "agenda"), "summary.agenda", s.id))
    if s.open and manages and not s.prepared_at:
        return prepare(reader, s.person)
    return ()


def prepare(reader: Person, person: Person, among: bool = False) -> tuple[Button, ...]:
    """`among`: one of several on a card, of which none stands out."""
    begin = Button(say(reader, "prepare"), "preparing.start", person.id, "plain" if among else "primary")
    return (begin, Button(say(reader, "ready"), "preparing.ready", person.id))


def next_steps(reader: Person, summary: Summary) -> Iterator[Button]:
    """What they agreed for the next quarter, taken along by one tap each."""
    if lines(summary.proposal.goals):
        yield Button(say(reader, "set_goals"), "summary.goals", summary.id, "primary")
    if lines(summary.proposal.learning):
        yield Button(say(reader, "set_learning"), "summary.learning", summary.id)
    yield Button(say(reader, "carry"), "summary.carry", summary.id)


def of_version(summary: Summary) -> str:
    """As a button carries it: a yes is a yes to the words one has seen."""
    return f"{summary.id}|{summary.version}"


def seen_version(value: str) -> int:
    text = value.partition("|")[2]
    return int(text) if text.isdecimal() and len(text) < 6 else -1


# The forms.


def form(reader: Person, summary: Summary, settings: Settings) -> Form:
    p, names = summary.proposal, about(reader, summary)
    fields: list[Field] = [
        Remark(say(reader, "form_intro", **names)),
        TextBox("words", say(reader, "field_words"), p.words, WORDS, hint=say(reader, "field_words_hint")),
        TextBox("goals", say(reader, "field_goals"), p.goals, LINES, optional=True, hint=say(reader, "one_a_line")),
        TextBox(
            "learning", say(reader, "field_learning"), p.learning, LINES, optional=True, hint=say(reader, "one_a_line")
        ),
    ]
    if scale := settings.review.scale:
        steps = range(1, len(scale) + 1)
        options = tuple((str(n), settings.review.step(n, speaks(reader), len(scale))) for n in steps)
        chosen = str(p.rating) if p.rating and p.scale == len(scale) else ""
        fields.append(Choice("rating", say(reader, "field_rating"), options, chosen))
        hint = say(reader, "field_reason_hint")
        fields.append(TextBox("reason", say(reader, "field_reason"), p.reason, REASON, hint=hint))
    title, submit, cancel = say(reader, "form_title"), say(reader, "propose"), say(reader, "cancel")
    return Form("summary.form", title, submit, cancel, tuple(fields), of_version(summary))


def remark_form(reader: Person, summary: Summary) -> Form:
    label = say(reader, "remark_label", **about(reader, summary))
    title, submit, cancel = say(reader, "remark"), say(reader, "send"), say(reader, "cancel")
    return Form("summary.remark", title, submit, cancel, (TextBox("words", label, limit=REMARK),), summary.id)


def read(answers: dict[str, str], settings: Settings) -> Proposal:
    """What the form says, in clean words."""
    scale, chosen = len(settings.review.scale), answers.get("rating", "")
    rating = int(chosen) if chosen in {str(n) for n in range(1, scale + 1)} else None
    goals, learning = ("\n".join(lines(answers.get(name, ""))) for name in ("goals", "learning"))
    words, reason = answers.get("words", "").strip(), answers.get("reason", "").strip()
    return Proposal(words, goals, learning, rating, scale if rating else 0, reason if scale else "")


def check(reader: Person, proposal: Proposal, rated: bool) -> Mapping[str, str]:
    """All that is wrong, by field. `rated`: the company has a scale, and so every rating has its reason."""
    wrong = dict[str, str]()
    if not proposal.words:
        wrong["words"] = say(reader, "wrong_words")
    for name, text, limit in (("words", proposal.words, WORDS), ("reason", proposal.reason, REASON)):
        if len(text) > limit:
            wrong[name] = say(reader, "wrong_long", limit=limit)
    for name, text in (("goals", proposal.goals), ("learning", proposal.learning)):
        if len(text) > LINES:
            wrong[name] = say(reader, "wrong_long", limit=LINES)
        elif len(lines(text)) > MOST:
            wrong[name] = say(reader, "wrong_many", most=MOST)
        elif any(len(line) > TITLE for line in lines(text)):
            wrong[name] = say(reader, "wrong_line", limit=TITLE)
    if rated and proposal.rating is None:
        wrong["rating"] = say(reader, "wrong_rating")
    if rated and not proposal.reason:
        wrong["reason"] = say(reader, "wrong_reason")
    return wrong
