"""How a quarter's talk moves on, and what it refuses: every state, every step."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import get_args

import pytest

from bot.core import summary as core
from bot.core import summary_cards as cards
from bot.core.people import Person
from bot.core.settings import Settings
from bot.core.summary import MOVES, OPEN, Proposal, State, Step, Summary

AT = datetime(2026, 6, 20, 9, tzinfo=UTC)
LATER = AT + timedelta(days=2)
ANA = Person("ana", "Ana", "slack:T1", "U-ana", company="c", manager="max")
MAX, OLD = (
    Person("max", "Max", "slack:T1", "U-max", company="c"),
    Person("old", "Old", "slack:T1", "U-old", company="c"),
)
BEGUN = Summary(id="summary:1", person=ANA, manager=MAX, period="2026-Q2", at=AT)
READY = core.prepared(core.reflected(BEGUN, AT), AT)
SAID = Proposal("a good quarter", "one\ntwo")


def test_every_open_state_leads_to_an_end_and_no_end_leads_anywhere() -> None:
    ends = set(get_args(State)) - set(OPEN)
    assert ends == {"agreed", "closed"} and not [state for state, _ in MOVES if state in ends]
    reached: set[State] = {"reflecting"}
    for _ in get_args(State):
        reached |= {to for (state, _), to in MOVES.items() if state in reached}
    assert reached == set(get_args(State))
    assert all(MOVES[state, "over"] == "closed" for state in OPEN)


@pytest.mark.parametrize(("state", "step"), list(product(get_args(State), get_args(Step))))
def test_a_step_in_no_line_changes_nothing(state: State, step: Step) -> None:
    now = replace(BEGUN, state=state, version=1 if state in ("conversation", "agreed") else 0)
    moved = {
        "reflected": core.reflected(now, LATER),
        "prepared": core.prepared(now, LATER),
        "proposed": core.proposed(now, "person", SAID, LATER),
        "acknowledged": core.acknowledged(now, "person", now.version, LATER),
        "agreed": now,  # never by itself: by the second yes
        "handed": core.handed(now, OLD),
        "over": core.over(now, LATER),
    }[step]
    if (state, step) not in MOVES:
        assert moved == now
    elif step != "agreed":
        assert moved != now and moved.state == MOVES[state, step]


def test_the_two_get_there_whoever_is_first() -> None:
    assert core.reflected(BEGUN, AT).state == "preparing"
    early = core.prepared(BEGUN, AT)
    assert (early.state, early.prepared_at) == ("reflecting", AT)
    assert core.reflected(early, LATER).state == "conversation" == READY.state


def test_a_proposal_is_its_writers_yes_and_the_other_ones_makes_it_agreed() -> None:
    written = core.proposed(READY, "person", SAID, AT)
    assert (written.version, written.person_at, written.manager_at) == (1, AT, None)
    assert written.waits_for(MAX) and not written.waits_for(ANA)
    assert core.acknowledged(written, "person", 1, LATER).state == "conversation"
    done = core.acknowledged(written, "manager", 1, LATER)
    assert (done.state, done.closed_at, done.waits_for(MAX)) == ("agreed", LATER, False)


def test_new_words_need_both_again_and_a_yes_to_old_words_is_none() -> None:
    written = core.proposed(READY, "person", SAID, AT)
    changed = core.proposed(written, "manager", Proposal("otherwise"), LATER)
    assert changed.waits_for(ANA) and not changed.waits_for(MAX)
    assert core.acknowledged(changed, "person", 1, LATER) == changed
    assert core.acknowledged(changed, "person", 2, LATER).state == "agreed"


def test_nothing_of_one_manager_reaches_the_next() -> None:
    by_manager = core.handed(core.proposed(READY, "manager", SAID, AT), OLD)
    assert (by_manager.state, by_manager.manager, by_manager.prepared_at) == ("preparing", OLD, None)
    assert by_manager.proposal == Proposal() and not by_manager.waits_for(ANA)
    by_person = core.handed(core.proposed(READY, "person", SAID, AT), OLD)
    assert by_person.proposal == SAID and by_person.person_at == AT and by_person.manager_at is None
    assert core.handed(READY, MAX) == READY
    agreed = core.acknowledged(core.proposed(READY, "person", SAID, AT), "manager", 1, AT)
    assert core.handed(agreed, OLD) == agreed


@pytest.mark.parametrize(
    ("proposal", "rated", "wrong"),
    [
        (Proposal("x"), False, set()),
        (Proposal("x", rating=1, scale=2, reason="so"), True, set()),
        (Proposal("", "g" * 201, "\n".join("123456")), False, {"words", "goals", "learning"}),
        (Proposal("x" * 3001, "x\n" * 600), False, {"words", "goals"}),
        (Proposal("x"), True, {"rating", "reason"}),
        (Proposal("x", rating=2, scale=2), True, {"reason"}),
        (Proposal("x", rating=2, scale=2, reason="x" * 1001), True, {"reason"}),
    ],
)
def test_all_that_is_wrong_is_said_at_once(proposal: Proposal, rated: bool, wrong: set[str]) -> None:
    assert set(cards.check(ANA, proposal, rated)) == wrong


def test_lines_are_read_without_the_marks_of_a_list() -> None:
    assert core.lines("- one\n\n • two \n*three") == ("one", "two", "three")


def test_a_scale_is_the_companys_own_or_there_is_none() -> None:
    rules = Settings.model_validate({"review": {"scale": [{"en": "Growing", "nl": "Groeit"}, {"en": "There"}]}}).review
    assert (rules.step(1, "nl", 2), rules.step(2, "nl", 2), rules.step(2, "en", 3)) == ("Groeit", "There", "2/3")
    one, two = {"en": "One"}, {"en": "Two"}
    wrong: list[list[dict[str, str]]] = [[one], [one] * 8, [{"en": " "}, two], [{"en": "x" * 61}, two], [{}, {}]]
    for scale in wrong:
        with pytest.raises(ValueError):
            Settings.model_validate({"review": {"scale": scale}})
