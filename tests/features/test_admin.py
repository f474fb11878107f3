"""What admins set in chat: it wins over app.yaml, is checked by the same model, and is written down."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot import doctor
from bot.core import overlays
from bot.core.company_form import FIELDS
from bot.core.effects import OpenForm, Refuse
from bot.core.events import Opened, Reaction
from bot.core.overlays import CHAT, over, overlaid
from bot.core.people import Place, stranger
from bot.core.settings import Settings
from bot.core.wording import wording
from handlers import FEATURES
from scheduler.nudges import plan
from storage import homes, schema
from storage import overlays as store_overlays
from storage.audit import AuditRow
from storage.engine import Store
from storage.kudos import KudosRow
from storage.nudges import NudgeRow
from storage.overlays import CompanyRow, companies
from storage.settings import LogRow
from tests.conftest import HALL, SLACK, count, person, rows, statements
from tests.dialogues.script import Script, text_of

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
FILE = Settings.model_validate({"people": {"pilot": ["nobody"], "admins": ["U-hana"]}})
KUDOS = {"values": "courage, craft, care, together", "emojis": "raised_hands, clap, tada, heart",
         "allowance": "default: 5", "guests": "yes", "leaderboard": "no"}  # fmt: skip
LIMITS = {"first_days": "7", "sure": "8", "stale_goal": "21", "group": "5"}


@pytest.fixture
async def script(company):
    desk = company(*FEATURES, now=TUESDAY, settings=FILE)
    people = [await desk.person(name) for name in ("Ana", "Ben", "Hana")]
    people.append(await desk.person("Ruth", role="hr"))
    return Script(desk, *people)


async def set_kudos(script, who="hana", **answers):
    return await script.desk.submit(script.people[who], "admin.kudos", answers=KUDOS | answers)


async def set_people(script, who="hana", **answers):
    return await script.desk.submit(script.people[who], "admin.people", answers=LIMITS | answers)


async def said(script):
    return [text_of(message) for message in await script.desk.deliver()]


# -- layers


def test_everything_that_can_be_set_has_a_field_and_words():
    assert set(FIELDS.values()) == set(CHAT)
    for field in FIELDS:
        assert wording("admin").has(f"fields.{field}")


def test_what_is_said_lies_over_the_file_and_the_rest_stays():
    base = Settings.model_validate({"kudos": {"allowance": {"default": 3}, "recognition": {"slack:T2": "C2"}}})
    found = overlaid(base, '{"values": ["joy"], "kudos.recognition": {"slack:T1": "C1"}}', None, TUESDAY.date())
    assert (found.values, found.kudos.a_day(""), found.rhythms) == (("joy",), 3, base.rhythms)
    assert found.kudos.recognition == {"slack:T1": "C1", "slack:T2": "C2"}
    taken = overlaid(base, '{"kudos.recognition": {"slack:T2": ""}}', None, TUESDAY.date())
    assert taken.kudos.recognition == {}
    assert overlaid(base, None, None, TUESDAY.date()) is base


@pytest.mark.parametrize("broken", ["{", "[1]", "7", '"secret"'])
def test_what_cannot_be_read_stops_nobody_and_is_said_without_its_contents(broken, caplog):
    overlays.said.cache_clear()
    overlays._company.cache_clear()
    assert overlaid(FILE, broken, None, TUESDAY.date()).values == FILE.values
    assert "cannot be read" in caplog.text and "secret" not in caplog.text


def test_of_several_settings_only_the_one_that_no_longer_holds_is_left_out(caplog):
    kept = json.dumps({"values": ["joy"], "kudos.emojis": ["secret secret"], "people.pilot": ["U1"], "gone.by": 1})
    found = overlaid(FILE, kept, None, TUESDAY.date())
    assert (found.values, found.kudos.emojis, found.people.pilot) == (("joy",), FILE.kudos.emojis, ("U1",))
    assert "kudos.emojis" in caplog.text and "secret" not in caplog.text


def test_what_is_not_for_the_chat_is_not_taken_from_it():
    assert over(FILE, overlays.said('{"people.managers": "chat", "prefix": "x"}')) is FILE


async def test_an_unreadable_row_does_not_stop_a_turn(script):
    async with script.desk.store.transaction() as session:
        await session.run(companies.insert().values(company=SLACK, said="{", at=TUESDAY, by="ana"))
    await script.expects("ana: /kadens rhythm", "> ana: Your rhythm")


# -- setting


async def test_what_an_admin_sets_holds_at_once_for_the_company_and_no_other(script):
    await script.expects("hana: /kadens admin", "> hana: Settings for everybody")
    assert await set_kudos(script, values="joy #craft", allowance="default: 1\nmanager: 10") is None
    assert await said(script) == ["Saved: Values and Thanks a day, by role."]
    ana, ben, ruth = (script.people[name] for name in ("ana", "ben", "ruth"))
    await script.desk.command(ana, "kudos", "for this #joy", HALL, mentions=(ben,))
    await script.desk.command(ana, "kudos", "for that", HALL, mentions=(ruth,))
    [row] = await rows(script.desk.store, KudosRow)
    assert row.value == "joy"  # and the second one was over the new allowance
    other = await script.desk.person("Otto", workspace="slack:T9")
    for words in ("one", "two"):
        to = await script.desk.person(f"To{words}", workspace="slack:T9")
        await script.desk.command(
            stranger("slack:T9", other.account), "kudos", words, Place("slack:T9", "C1", kind="public"),
            mentions=(stranger("slack:T9", to.account),),
        )  # fmt: skip
    assert await count(script.desk.store, KudosRow) == 3


async def test_an_emoji_set_in_chat_gives_kudos(script):
    await set_kudos(script, emojis=":rocket:")
    ana, ben = script.people["ana"], script.people["ben"]
    for number, emoji in enumerate(("clap", "rocket")):
        base = script.desk.base(ana, HALL)
        await script.desk.take(Reaction(**base, emoji=emoji, author=ben, message=f"9.{number}"))
    assert [row.source for row in await rows(script.desk.store, KudosRow)] == ["C1/9.1"]


async def test_it_is_shown_with_who_and_when_and_given_back_to_the_file(script):
    await set_kudos(script, values="joy")
    await script.desk.deliver()
    script.desk.later(days=1)
    await set_kudos(script, who="ruth", values="joy", leaderboard="yes")
    await script.desk.deliver()
    await script.desk.command(script.people["ruth"], "kadens", "admin")
    [card] = await said(script)
    assert "Values: joy (Hana, Tuesday 14 April)" in card
    assert "Leaderboard: yes (Ruth, Wednesday 15 April)" in card
    assert "Guests can receive kudos: yes /" in card
    opened = await script.desk.press(script.people["ruth"], "Back to the file")
    assert isinstance(opened, OpenForm)
    assert [value for value, _ in opened.form.fields[0].options] == ["values", "leaderboard"]
    refused = await script.desk.submit(script.people["ruth"], "admin.back", answers={"which": "emojis"})
    assert isinstance(refused, Refuse)
    await script.desk.submit(script.people["ruth"], "admin.back", answers={"which": "values"})
    assert await said(script) == ["As app.yaml has it again: Values."]
    await script.desk.submit(script.people["ruth"], "admin.back", answers={"which": "leaderboard"})
    assert await count(script.desk.store, CompanyRow) == 0
    log = [(row.by, row.setting, row.old, row.new) for row in await rows(script.desk.store, LogRow)]
    assert log == [
        ("hana", "values", "", '["joy"]'),
        ("ruth", "kudos.leaderboard", "", "true"),
        ("ruth", "values", '["joy"]', ""),
        ("ruth", "kudos.leaderboard", "true", ""),
    ]
    assert len(await rows(script.desk.store, AuditRow, action="settings.set")) == 4


async def test_saving_what_is_so_already_writes_nothing(script):
    await set_kudos(script)
    assert await said(script) == ["All of that is as it was before."]
    assert await count(script.desk.store, CompanyRow) == await count(script.desk.store, LogRow) == 0


async def test_all_that_is_wrong_is_said_at_once_beside_its_field_in_the_admins_language(script):
    await script.desk.command(script.people["hana"], "kadens", "language nl")
    wrong = {"values": "joy, joy, a.b", "emojis": "clap clap", "allowance": "manager: many", "guests": "perhaps",
             "leaderboard": ""}  # fmt: skip
    refused = await set_kudos(script, **wrong)
    assert isinstance(refused, Refuse) and set(refused.objections) == set(wrong)
    assert refused.objections["values"].startswith("“a.b” kan niet. Schrijf woorden")
    assert refused.objections["emojis"].startswith("Schrijf namen van emoji’s")
    assert "“many”" in refused.objections["allowance"]
    refused = await set_people(script, first_days="-1", sure="11", stale_goal="soon", group="2")
    assert isinstance(refused, Refuse) and set(refused.objections) == {"first_days", "sure", "stale_goal", "group"}
    assert refused.objections["sure"] == "Schrijf een heel getal van 1 tot en met 10."
    assert refused.objections["group"] == "Schrijf een heel getal van 3 tot en met 10."
    assert refused.objections["first_days"] == "Schrijf een heel getal, 0 of meer."
    assert await count(script.desk.store, CompanyRow) == 0


async def test_a_pilot_group_and_first_days_are_those_of_the_planner(script):
    await set_people(script, first_days="0")
    desk, hana = script.desk, script.people["hana"]
    await desk.submit(hana, "welcome.pilot", people={"pilot": (script.people["ana"],)})
    await plan(desk.store, datetime(2026, 5, 5, 9, 30, tzinfo=UTC))
    assert {row.person for row in await rows(desk.store, NudgeRow, state="owed")} == {"ana"}
    opened = await desk.act(hana, "welcome.pilot")
    assert isinstance(opened, OpenForm)
    [picker] = [field for field in opened.form.fields if field.id == "pilot"]
    assert [person.name for person in picker.people] == ["Ana"]
    await desk.act(hana, "welcome.choose", "everybody")
    await plan(desk.store, datetime(2026, 5, 5, 9, 40, tzinfo=UTC))
    assert await count(desk.store, NudgeRow, state="owed", rhythm="checkin") == 4


async def test_another_companys_people_are_no_pilot_group(script):
    other = await script.desk.person("Otto", workspace="slack:T9")
    people = {"pilot": (other,)}
    refused = await script.desk.submit(script.people["hana"], "welcome.pilot", people=people)
    assert isinstance(refused, Refuse) and set(refused.objections) == {"pilot"}


# -- channels


async def test_a_channel_becomes_the_one_for_recognition_and_speaks_its_language(script):
    desk, hana = script.desk, script.people["hana"]
    thanks = Place(SLACK, "C-thanks", kind="public")
    await desk.command(hana, "kadens", "admin", thanks)
    [card] = await desk.deliver()
    value = f"{SLACK}|C-thanks"
    assert value in str(card.card)
    opened = await desk.act(hana, "admin.channel", value, thanks)
    assert isinstance(opened, OpenForm)
    await desk.submit(hana, "admin.channel", value, answers={"recognition": "yes", "channels": "sv"})
    assert await said(script) == ["Saved for that channel."]
    await desk.command(script.people["ana"], "kudos", "lunch", HALL, mentions=(script.people["ben"],))
    posted = {message.place.conversation: str(message.card) for message in await desk.deliver()}
    assert "C-thanks" in posted and "Ge kudos" in posted["C-thanks"]
    await desk.submit(hana, "admin.channel", value, answers={"recognition": "no", "channels": "company"})
    [row] = await rows(desk.store, CompanyRow)
    assert json.loads(row.said) == {"kudos.recognition": {SLACK: ""}, "languages.channels": {"C-thanks": ""}}
    await desk.deliver()
    await desk.command(script.people["ana"], "kudos", "tea", HALL, mentions=(script.people["ben"],))
    assert "C-thanks" not in {message.place.conversation for message in await desk.deliver()}


async def test_a_channel_of_another_company_is_not_taken(script):
    for value in ("slack:T9|C1", "", "|", "C1"):
        answers = {"recognition": "yes", "channels": "sv"}
        await script.desk.submit(script.people["hana"], "admin.channel", value, answers=answers)
        await script.desk.act(script.people["hana"], "admin.channel", value)
    assert await count(script.desk.store, CompanyRow) == 0


# -- who


@pytest.mark.parametrize("action", ["admin.show", "admin.kudos", "admin.people", "admin.channel", "admin.back"])
async def test_others_get_a_kind_refusal_and_change_nothing(script, action):
    ana, value = script.people["ana"], f"{SLACK}|C1"
    await script.expects("ana: /kadens admin", "> ana: Only the people who look after Kadens here can change this")
    assert await script.desk.act(ana, action, value) is None
    assert (await said(script))[0].startswith("Only the people who look after Kadens here")
    if action != "admin.show":
        answers = KUDOS | LIMITS | {"values": "mine", "which": "values", "recognition": "yes", "channels": "sv"}
        await script.desk.submit(ana, action, value, answers=answers)
        assert (await said(script))[0].startswith("Only the people who look after Kadens here")
    assert await count(script.desk.store, CompanyRow) == await count(script.desk.store, LogRow) == 0


async def test_hr_and_the_files_admins_may(script):
    for who in ("hana", "ruth"):
        await script.expects(f"{who}: /kadens admin", f"> {who}: Settings for everybody")


async def test_the_operator_is_told_what_the_file_does_not_decide(script):
    await set_kudos(script, values="joy", leaderboard="yes")
    async with script.desk.store.reading() as session:
        assert await store_overlays.set_in_chat(session) == ["kudos.leaderboard", "values"]


async def test_doctor_says_so_in_one_line(databases):
    url = databases(tables=False)
    await schema.upgrade(url)
    store = Store(url)
    await person(store, "Hana")
    async with store.transaction() as session:
        said = '{"values": ["joy"], "kudos.leaderboard": true}'
        await session.run(companies.insert().values(company=SLACK, said=said, at=TUESDAY, by="hana"))
    await store.close()
    lines = [str(finding) async for finding in doctor._database(url)]
    assert "✓ set in chat, whatever app.yaml says: kudos.leaderboard, values" in lines


async def test_a_home_drawn_anew_is_drawn_with_them(script):
    ana = script.people["ana"]
    await script.desk.take(Opened(**script.desk.base(ana, None)))
    await script.desk.deliver()
    await set_kudos(script, values="joy")
    await script.desk.command(script.people["ben"], "kudos", "lunch", HALL, mentions=(ana,))
    async with script.desk.store.reading() as session:
        [event] = await homes.stale(session, script.desk.now, 10)
    assert event.settings.values == ("joy",)


async def test_a_turn_reads_the_layers_in_the_statement_that_introduces_people(script):
    """No statement more for a turn, whatever was set."""

    async def asked():
        with statements(script.desk.store) as found:
            await script.desk.command(script.people["ana"], "kadens", "rhythm")
        return len(found)

    before = await asked()
    await set_kudos(script, values="joy")
    script.desk.now += timedelta(days=1)
    assert await asked() == before
