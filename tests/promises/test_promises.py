"""What holds on every platform alike. What one of them cannot do is read from its Can, never from its name."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from bot.core.cards import BAR, OPEN, SHUT, Card, Chart, File, Point, Text
from bot.core.documents import Document
from bot.core.effects import SendFile, ShowHome, Tell
from bot.core.events import Command, Opened
from bot.core.paper import content, pdf
from bot.core.pictures import drawn
from bot.core.wording import wording
from storage.engine import Store
from storage.outbox import EventRow, outbox
from storage.people import PersonRow
from tests.conftest import count
from tests.promises.driver import Driver, Seen
from tests.promises.drivers import DRIVERS

common, home, kudos, people, talk = map(wording, ("common", "home", "kudos", "people", "dialogue"))
HELLO = "a bot that your company runs"
JOIN, UNDO, GIVE = kudos("en", "join"), kudos("en", "undo"), kudos("en", "give")


@pytest.fixture(params=list(DRIVERS))
async def there(request: pytest.FixtureRequest, store: Store) -> AsyncIterator[Driver]:
    async with DRIVERS[request.param](store) as driver:
        yield driver


def cards(seen: Sequence[Seen]) -> list[Seen]:
    """The public ones, where kudos are joined."""
    return [each for each in seen if JOIN in each.buttons]


def after_hello(seen: Sequence[Seen]) -> list[Seen]:
    """What was said after we told who we are, which stands before all else."""
    return list(seen[1:] if seen and HELLO in seen[0].text else seen)


async def thanked(there: Driver, *words: str) -> Seen:
    """Ana thanks Bo in the hall."""
    await there.order(there.ana, "kudos", there.bo, *(words or ("for the tea",)), room=there.hall)
    [card] = cards(there.seen(there.bo, there.hall))
    return card


# -- being heard


async def test_a_command_is_answered(there):
    await there.order(there.ana, "kadens", "help")
    [answer] = there.seen(there.ana)
    assert people("en", "help_title") in answer.text and home("en", "checkin") in answer.buttons


async def test_plain_words_in_the_direct_conversation_work_as_a_command(there):
    await there.say(there.ana, "kudos", there.bo, "for the tea")
    [got] = after_hello(there.seen(there.bo))
    assert "for the tea" in got.text and there.ana.name in got.text


async def test_plain_words_behind_its_name_work_in_a_room(there):
    await there.say(there.ana, "kudos", there.bo, "for the tea", room=there.hall)
    [card] = cards(there.seen(there.cai, there.hall))
    assert "for the tea" in card.text


async def test_it_ignores_itself(there, store):
    card = await thanked(there)
    events, before = await count(store, EventRow), (there.seen(there.ana), there.seen(there.bo, there.hall))
    await there.echo(card, "kadens help")
    assert await count(store, EventRow) == events
    assert (there.seen(there.ana), there.seen(there.bo, there.hall)) == before


async def test_the_same_payload_three_times_at_once_has_one_effect(there):
    there.times = 3
    card = await thanked(there)
    assert len(after_hello(there.seen(there.bo))) == 1
    await there.press(there.cai, card, JOIN)
    await there.say(there.ana, "kadens help")
    [card] = cards(there.seen(there.bo, there.hall))
    assert card.text.count(there.cai.name) == 1
    helped = [each for each in there.seen(there.ana) if people("en", "help_title") in each.text]
    assert len(helped) == 1


async def test_a_form_sent_three_times_at_once_has_one_effect(there):
    await there.say(there.bo, "kadens help")
    await there.say(there.ana, "kudos")
    sheet = await there.press(there.ana, there.seen(there.ana)[-1], common("en", "open_form"))
    there.times, before = 3, len(there.seen(there.bo))
    assert await there.submit(there.ana, sheet, {"to": [there.bo], "why": "for the tea"}) is None
    assert len(there.seen(there.bo)) == before + 1


# -- forms


async def test_a_command_opens_its_form_or_sends_a_button_that_does(there):
    opened = await there.order(there.ana, "kudos")
    offered = [each for each in there.seen(there.ana) if common("en", "open_form") in each.buttons]
    assert (opened is None) == (len(offered) == 1)  # one of the two, never both
    sheet = opened or await there.press(there.ana, offered[0], common("en", "open_form"))
    assert {"to", "why"} <= sheet.fields.keys()


async def test_words_open_no_form_but_bring_a_button_that_opens_it(there):
    await there.say(there.ana, "kudos")
    [offer] = there.seen(there.ana)
    sheet = await there.press(there.ana, offer, common("en", "open_form"))
    assert {"to", "why"} <= sheet.fields.keys()
    assert len(there.seen(there.ana)) == 1


async def test_a_refusal_stands_beside_its_field_and_what_was_typed_stays(there):
    await there.say(there.bo, "kadens help")
    await there.say(there.ana, "kudos")
    sheet = await there.press(there.ana, there.seen(there.ana)[-1], common("en", "open_form"))
    refused = await there.submit(there.ana, sheet, {"to": [there.ana], "why": "for the <tea> & *cake*"})
    assert refused.objections == {"to": kudos("en", "refuse_self")}
    assert refused.fields["why"] == "for the <tea> & *cake*" and refused.fields["to"]
    again = await there.submit(there.ana, refused, {"to": [], "why": ""})
    assert again.objections == {"to": kudos("en", "refuse_nobody"), "why": kudos("en", "refuse_no_reason")}
    before = len(there.seen(there.bo))
    assert await there.submit(there.ana, again, {"to": [there.bo], "why": "for the <tea> & *cake*"}) is None
    assert len(there.seen(there.bo)) == before + 1 and "for the <tea> & *cake*" in there.seen(there.bo)[-1].text


async def test_a_form_opened_in_a_room_ends_in_that_room(there):
    card = await thanked(there)
    sheet = await there.press(there.cai, card, GIVE)
    assert await there.submit(there.cai, sheet, {"to": [there.bo], "why": "for the cake"}) is None
    [_, new] = cards(there.seen(there.ana, there.hall))
    assert "for the cake" in new.text


# -- who sees what


async def test_what_is_said_in_a_rooms_thread_is_answered_in_it(there):
    card = await thanked(there)
    thread = card.thread or card.id
    await there.say(there.cai, "kudos", there.bo, "for the cake", room=there.hall, thread=thread)
    [_, new] = cards(there.seen(there.ana, there.hall))
    assert "for the cake" in new.text and new.thread == thread


async def test_a_whisper_is_seen_by_its_actor_alone(there):
    await thanked(there)
    in_the_hall = [each for each in there.seen(there.ana, there.hall) if UNDO in each.buttons]
    at_home = [each for each in there.seen(there.ana) if UNDO in each.buttons]
    if there.platform.can.whispers:
        assert [each.only_for for each in in_the_hall] == [there.ana.account] and not at_home
    else:  # its stated fallback: the direct conversation
        assert len(at_home) == 1 and not in_the_hall
    for other in (there.bo, there.cai):
        assert not [each for each in (*there.seen(other, there.hall), *there.seen(other)) if UNDO in each.buttons]


async def test_a_card_changes_and_goes_everywhere(there):
    card = await thanked(there)
    await there.press(there.cai, card, JOIN)
    [changed] = cards(there.seen(there.bo, there.hall))
    assert changed.id == card.id and there.cai.name in changed.text and there.cai.name not in card.text
    mine = [*there.seen(there.ana), *there.seen(there.ana, there.hall)]
    await there.press(there.ana, there.button(mine, UNDO), UNDO)
    left = [*there.seen(there.bo, there.hall), *after_hello(there.seen(there.bo))]
    assert not [each for each in left if "for the tea" in each.text]
    assert not left


async def test_a_reaction_on_the_card_joins_in_and_taken_off_leaves(there):
    card = await thanked(there)
    await there.react(there.cai, card)
    [joined] = cards(there.seen(there.bo, there.hall))
    assert (joined.id, there.cai.name in joined.text) == (card.id, True)
    await there.react(there.cai, joined, removed=True)
    [left] = cards(there.seen(there.bo, there.hall))
    assert (left.id, left.text) == (card.id, card.text)


async def test_a_direct_conversation_begins_with_somebody_never_met(there):
    await there.order(there.ana, "kudos", there.dee, "for the tea")
    [got] = after_hello(there.seen(there.dee))
    assert "for the tea" in got.text
    assert not [each for each in (*there.seen(there.bo), *there.seen(there.dee, there.hall)) if "tea" in each.text]


async def test_a_newcomer_is_told_who_we_are_before_the_first_word_and_once(there, store):
    known = await count(store, PersonRow, unmet=False) > 0  # the playground's people have worked with us for months
    for _ in range(2):
        await there.order(there.ana, "kudos", there.dee, "for the tea")
    got = there.seen(there.dee)
    assert [HELLO in each.text for each in got] == [True, False, False][known:]
    assert len(after_hello(got)) == 2


# -- dialogues


async def test_a_dialogues_answers_stay_where_it_began(there):
    threads = there.platform.can.threads_in_direct
    await there.order(there.ana, "grow")
    [root] = there.seen(there.ana)
    thread = root.id if threads else None
    for number, words in enumerate(("speak up more", "twice a week"), 1):
        await there.say(there.ana, words, thread=thread)
        after = there.seen(there.ana)
        assert len(after) == number + 1 and after[-1].thread == thread and after[-1].text != after[-2].text
    assert wording("grow")("en", "ask.options") in after[-1].text


async def test_of_two_dialogues_each_gets_its_own_answers(there):
    threads, asks = there.platform.can.threads_in_direct, wording("grow")
    await there.order(there.ana, "grow")
    [first] = there.seen(there.ana)
    await there.order(there.ana, "checkin")
    if not threads:  # the stated fallback: one has the floor, and a button brings the other one back
        waits = there.button(there.seen(there.ana), talk("en", "resume"))
        assert common("en", "waits") in waits.text
        await there.press(there.ana, waits, talk("en", "resume"))
    await there.say(there.ana, "speak up more", thread=first.id if threads else None)
    next = there.seen(there.ana)[-1] if not threads else [m for m in there.seen(there.ana) if m.thread == first.id][-1]
    assert asks("en", "ask.reality") in next.text


async def test_changing_ones_message_changes_the_answer(there):
    await there.order(there.ana, "checkin")
    [root] = there.seen(there.ana)
    thread = root.id if there.platform.can.threads_in_direct else None
    said = await there.say(there.ana, "it went so so", thread=thread)
    asked = there.seen(there.ana)
    await there.edit(there.ana, said, "it went well", thread=thread)
    assert there.seen(there.ana) == asked  # and nothing is asked again
    sheet = await there.press(there.ana, asked[0], talk("en", "all_at_once"))
    assert "it went well" in sheet.fields.values() and "it went so so" not in sheet.fields.values()


# -- words


async def test_mentions_are_the_platforms_own(there):
    card = await thanked(there)
    assert card.mentions == {there.ana.account, there.bo.account}
    assert OPEN not in card.text and BAR not in card.text


async def test_what_people_type_is_neither_a_mention_nor_markup(there):
    cai = there.cai
    forged = f"{OPEN}{cai.account}{BAR}{cai.name}{SHUT}"
    typed = (
        f"for <@U3> <!channel> <at>{cai.name}</at> [bank](https://evil.example) "
        f"<https://evil.example|bank> <b onclick='x'>now</b> <img src=x onerror=alert(1)> &lt;at&gt; {forged} done"
    )
    card = await thanked(there, typed)
    assert card.mentions == {there.ana.account, there.bo.account} and card.odd == ()
    assert typed.replace(OPEN, "").replace(BAR, "").replace(SHUT, "") in card.text
    [got] = after_hello(there.seen(there.bo))
    assert not got.mentions and got.odd == ()


async def test_what_people_type_stays_words_in_their_own_form(there):
    typed = 'a "quote" </textarea><script>alert(1)</script> <@U3> & *b*'
    await there.order(there.ana, "checkin")
    [root] = there.seen(there.ana)
    await there.say(there.ana, typed, thread=root.id if there.platform.can.threads_in_direct else None)
    sheet = await there.press(there.ana, root, talk("en", "all_at_once"))
    assert typed in sheet.fields.values()


# -- troubles


async def test_asked_to_wait_it_waits_and_comes_once(there):
    there.busy(60)
    await there.say(there.ana, "kadens help")
    assert there.seen(there.ana) == [] and there.tries == 1  # and does not try in between
    backlog = await there.backlog()
    assert (backlog.waiting, backlog.failed, backlog.unsure) == (1, 0, 0)
    await there.deliver(rounds=40)
    assert len(there.seen(there.ana)) == 1 and there.tries == 2
    await there.deliver()
    assert len(there.seen(there.ana)) == 1 and there.tries == 2


async def test_where_it_is_not_known_whether_a_message_arrived(there):
    there.lose()
    await there.say(there.ana, "kadens help")
    arrived, unsure = len(there.seen(there.ana)), (await there.backlog()).unsure
    # What cannot be looked up is sent again rather than lost, and counted.
    assert (arrived, unsure) == ((1, 0) if there.platform.can.looks_back else (2, 1))


async def test_who_cannot_be_reached_is_given_up_and_the_fallback_is_told(there):
    await there.say(there.bo, "kadens help")
    told = len(there.seen(there.bo))
    there.bar(there.hall, there.bo)
    await there.order(there.ana, "kudos", there.bo, "for the tea", room=there.hall)
    assert there.seen(there.cai, there.hall) == [] and len(there.seen(there.bo)) == told
    mine = [each for each in there.seen(there.ana) if kudos("en", "not_let_in") in each.text]
    assert len(mine) == 1
    backlog = await there.backlog()
    assert (backlog.waiting, backlog.failed) == (0, 1)
    assert [why.startswith("Unreachable") for why in backlog.reasons] == [True]


# -- pictures and documents

CHART = Chart(
    (Point(date(2026, 10, 1), 20, "good"), Point(date(2026, 11, 2), 35, "warn")), "From 20 to 35 <b>of</b> 80"
)


async def test_a_chart_is_a_picture_with_its_words(there):
    await there.say(there.ana, "kadens help")
    ana = there.person(there.ana)
    tell = {"id": "tell", "actor": ana, "place": ana.home, "at": there.now, "name": "show", "text": ""}
    await there.does(Command(**tell), Tell(ana, Card("Your goal", (Text("So far"), CHART))))
    seen = there.seen(there.ana)[-1]
    assert "So far" in seen.text and seen.odd == ()
    [(picture, alt)] = seen.pictures
    assert (picture, alt) == (drawn(CHART), CHART.alt)


PAGE = File("kadens-my-data.html", "text/html", "<p>Öl & 🎉 \u2028 &amp;</p>\r\n")
PAPER = pdf("kadens-pack-2026-Q4", Document("Öl & 🎉", "sv", ("Hej",), ()))


@pytest.mark.parametrize(
    ("file", "kept_as"), [(PAGE, PAGE.body.encode()), (PAPER, content(PAPER))], ids=["page", "pdf"]
)
async def test_a_document_reaches_its_person_only_once_and_as_it_was(there, file, kept_as):
    await there.say(there.ana, "kadens help")
    await there.say(there.bo, "kadens help")
    ana = there.person(there.ana)
    asked = Command(id="ask", actor=ana, place=ana.home, at=there.now, name="show")
    there.times = 3
    for _ in range(3):  # the same event again brings nothing again
        await there.does(asked, SendFile(ana, file, Card("Your data", (Text("All of it"),))))
    assert await there.files(there.ana) == [(file.name, kept_as)]
    assert await there.files(there.ana) == [(file.name, kept_as)]
    assert await there.files(there.bo) == []
    async with there.store.reading() as session:
        kept = await session.all(select(outbox).where(outbox.c.verb == "file"))
    assert [(each.card, each.file) for each in kept] == [(None, None)]


# -- home


async def test_home_is_shown_and_brought_up_to_date(there):
    assert home("en", "nothing") in await there.look_at_home(there.ana)
    await there.order(there.ana, "checkin")
    assert home("en", "nothing") not in await there.look_at_home(there.ana)


async def test_the_home_that_stands_is_drawn_anew_where_it_is(there):
    looks = []
    await there.look_at_home(there.ana)
    for number in range(2):
        actor = there.person(there.ana)
        await there.take(Opened(id=f"look{number}", actor=actor, place=actor.home, at=there.now))
        looks.append([text for text in there.homes(there.ana) if home("en", "tasks") in text])
        await there.order(there.ana, "checkin")
    [[before], [after]] = looks  # one each time
    assert home("en", "nothing") in before and home("en", "nothing") not in after


async def test_of_many_homes_one_is_alive(there):
    await there.say(there.ana, "kadens help")
    ana, seen, before = there.person(there.ana), [], len(there.seen(there.ana))
    for number, asked in enumerate((False, True, False, True, True, False)):
        event = Command(id=f"home{number}", actor=ana, place=ana.home, at=there.now, name="show")
        await there.does(event, ShowHome(ana, Card(f"Home {number}"), asked))
        there.now += timedelta(minutes=1)
        seen.append([text.strip() for text in there.homes(there.ana) if text.strip().startswith("Home ")])
    said = [each.text.strip() for each in there.seen(there.ana)[before:]]
    if there.platform.can.home:
        assert seen == [[f"Home {number}"] for number in range(6)]
        assert said == ["Home 1", "Home 3", "Home 4"]  # what was asked for is said too
    else:  # its stated fallback: a card, of which one is alive
        assert seen == [[], ["Home 1"], ["Home 2"], ["Home 3"], ["Home 4"], ["Home 5"]]
        assert said == [common("en", "home_below"), common("en", "home_below"), "Home 5"]
