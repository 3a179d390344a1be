"""Welcome, help, the table of commands, and the menu of those who run the community."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.identity import Role, TelegramProfile
from domain.telegram import Envelope, InboxUpdate, UpdateKey, UpdateState
from entrypoints.telegram_bot.callbacks import callback
from entrypoints.telegram_bot.registry import Place
from entrypoints.telegram_bot.rooms.room import PAGE
from entrypoints.telegram_bot.texts import ENGLISH
from tests.unit.telegram.bot_world import BOT, GROUP, BotWorld, notes, texts

VERBS = ["help", "cats", "cat", "saved", "guide", "open", "part", "save", "read", "chats", "chat", "link", "unlink"]
VERBS += ["lang", "news", "mute", "admin", "dead", "replay", "later"]
VERBS += ["members", "member", "rights", "change"]
BASICS, ADMIN = ENGLISH.basics, ENGLISH.admin

# SPEC: command, role, everywhere, aliases, hidden.
TABLE = {
    "start": (Role.PUBLIC, False, (), False),
    "help": (Role.PUBLIC, True, (), False),
    "guides": (Role.PUBLIC, False, ("tutorials", "learn"), False),
    "saved": (Role.PUBLIC, False, (), False),
    "search": (Role.PUBLIC, False, (), False),
    "ask": (Role.PUBLIC, True, (), False),
    "new": (Role.PUBLIC, False, (), False),
    "history": (Role.PUBLIC, False, (), False),
    "stop": (Role.PUBLIC, False, (), False),
    "link": (Role.PUBLIC, False, (), False),
    "unlink": (Role.PUBLIC, False, (), False),
    "language": (Role.PUBLIC, False, (), False),
    "stats": (Role.SUBSCRIBER, False, (), False),
    "newsletter": (Role.PUBLIC, False, ("news", "updates"), False),
    "shop": (Role.PUBLIC, False, ("products", "catalog"), False),
    "subscribe": (Role.PUBLIC, False, (), False),
    "subscription": (Role.PUBLIC, False, (), False),
    "cancel": (Role.PUBLIC, False, (), False),
    "paysupport": (Role.PUBLIC, False, (), False),
    "terms": (Role.PUBLIC, False, (), False),
    "admin": (Role.ADMIN, False, (), True),
}


@pytest.fixture
def world(tmp_path: Path) -> BotWorld:
    return BotWorld(tmp_path)


async def dead_letter(world: BotWorld, update_id: int, raw: bytes | None = None, bot_id: int = BOT.id) -> UpdateKey:
    """One that failed, which another try can handle."""
    now, key = world.clock.now(), UpdateKey(world.container.ids().new())
    said = b'{"update_id":%d,"message":{"text":"Hello"}}' % update_id if raw is None else raw
    envelope = Envelope(None if raw is not None else update_id, "message", "chat:1")
    update = InboxUpdate.received(key, bot_id, envelope, said, now)
    if raw is None:
        update.give_up("RuntimeError: broken", now)
    await world.container.update_inbox().commit([update])
    return key


def test_commands_are_those_of_the_table_with_their_roles_places_and_aliases(world: BotWorld) -> None:
    found = {row.command: world.registry.find(row.command) for row in world.registry.rows()}
    told = {
        name: (each.required_role, each.place is Place.ALL, each.aliases, each.is_hidden)
        for name, each in found.items()
        if each is not None
    }
    assert told == TABLE
    assert set(ENGLISH.commands) == set(TABLE)
    assert {each.category for each in found.values() if each is not None} == set(ENGLISH.categories)


async def test_start_welcomes_by_name_registers_and_offers_buttons(world: BotWorld) -> None:
    assert texts(await world.says("/start")) == [BASICS.welcome.format(name=", Ada")]
    assert world.labels == [BASICS.guides_button, BASICS.saved_button, BASICS.help_button]
    assert await world.member_count() == 1
    nameless = TelegramProfile(504)
    assert texts(await world.says("/start", sender=nameless)) == [BASICS.welcome.format(name="")]


async def test_start_offers_the_web_where_it_is_reached(tmp_path: Path) -> None:
    world = BotWorld(tmp_path, public_url="https://guild.example.org")
    await world.says("/start")
    assert world.keyboard[-1].url == "https://guild.example.org"


async def test_help_lists_what_the_role_may_use_sorted(world: BotWorld) -> None:
    (said,) = texts(await world.says("/help"))
    lines = [line for line in said.splitlines() if line.startswith("/")]
    names = [line.split(" ", 1)[0].removeprefix("/") for line in lines]
    assert set(names) == set(TABLE) - {"stats", "admin"}
    assert "(also /tutorials, /learn)" in said
    for category in ENGLISH.categories:
        inside = [name for name in names if (found := world.registry.find(name)) and found.category == category]
        assert inside == sorted(inside)
    await world.grant(Role.ADMIN)
    (said,) = texts(await world.says("/help"))
    assert "/stats" in said
    assert "/admin" not in said
    assert texts(await world.presses(callback("help"))) == [said]


async def test_help_in_a_group_lists_what_works_there(world: BotWorld) -> None:
    (said,) = texts(await world.says("/help", chat=GROUP))
    assert [line.split(" ")[0] for line in said.splitlines() if line.startswith("/")] == ["/help", "/ask"]
    assert said.endswith(BASICS.help_group)
    assert await world.member_count() == 0


async def test_admin_is_hidden_and_refused_to_others(world: BotWorld) -> None:
    (said,) = texts(await world.says("/admin"))
    assert "admin" in said
    for verb in ("admin", "dead", "replay", "later", "members"):
        (note,) = notes(await world.presses(callback(verb, "all")))
        assert note == ENGLISH.refusals["role"].format(role="admin")


async def test_admin_menu_counts_the_inbox_and_tells_health(world: BotWorld) -> None:
    await world.says("/start")
    await world.grant(Role.ADMIN)
    await dead_letter(world, 1)
    await dead_letter(world, 2, bot_id=7)

    (said,) = texts(await world.says("/admin"))
    assert "dead letters: 1" in said
    assert "LOCAL: healthy" in said
    menu = [ADMIN.members, ADMIN.broadcasts, ADMIN.distribution]
    assert world.labels == [*menu, ADMIN.dead_letters.format(count=1), ADMIN.refresh]
    await dead_letter(world, 3)
    (said,) = texts(await world.presses(ADMIN.refresh))
    assert "dead letters: 2" in said


async def test_admin_replays_one_dead_letter_and_then_all(world: BotWorld) -> None:
    await world.says("/start")
    await world.grant(Role.ADMIN)
    keys = []
    for update_id in range(3):
        world.clock.advance(timedelta(seconds=1))
        keys.append(await dead_letter(world, update_id))
    await dead_letter(world, 4, raw=b"no update")

    (said,) = texts(await world.presses(callback("dead")))
    assert said.splitlines()[1].endswith("RuntimeError: broken")
    assert world.labels[:3] == [ADMIN.replay.format(number=number) for number in (2, 3, 4)]
    assert "2. message, 05.01. 12:00 UTC: RuntimeError: broken" in said.splitlines()
    assert notes(await world.presses(callback("replay", keys[0]))) == [ADMIN.replayed]
    assert ADMIN.replay.format(number=4) not in world.labels
    done = await world.presses(ADMIN.replay_all)
    assert notes(done) == [ADMIN.replayed_all.format(replayed=2, left=1)]
    counts = await world.container.update_queries().counts(BOT.id)
    assert (counts[UpdateState.NEW], counts[UpdateState.ERROR]) == (3, 1)
    (note,) = notes(await world.presses(callback("replay", keys[0])))
    assert note is not None
    assert "waits or is being handled" in note
    assert notes(await world.presses(callback("replay", "nonsense"))) == [ENGLISH.stale_button]


async def test_admin_sees_all_dead_letters_in_pages_and_stays_on_the_page(world: BotWorld) -> None:
    await world.says("/start")
    await world.grant(Role.ADMIN)
    keys = []
    for update_id in range(PAGE + 2):
        world.clock.advance(timedelta(seconds=1))
        keys.append(await dead_letter(world, update_id))

    (said,) = texts(await world.presses(callback("dead")))
    assert len(said.splitlines()) == PAGE + 1
    (said,) = texts(await world.presses(f"{ENGLISH.guides.next_page} »"))
    assert [line.split(".")[0] for line in said.splitlines()] == ["9", "10", ENGLISH.guides.pages.format(page=2)]
    assert world.labels[:2] == [ADMIN.replay.format(number=number) for number in (9, 10)]
    replayed = await world.presses(ADMIN.replay.format(number=10))
    assert texts(replayed)[0].startswith("9. ")
    counts = await world.container.update_queries().counts(BOT.id)
    assert (counts[UpdateState.NEW], counts[UpdateState.ERROR]) == (1, PAGE + 1)


async def test_admin_menu_says_of_broadcasts_and_distribution_that_they_are_not_there_yet(world: BotWorld) -> None:
    await world.says("/start")
    await world.grant(Role.ADMIN)
    await world.says("/admin")

    assert notes(await world.presses(ADMIN.broadcasts)) == [ADMIN.no_broadcasts]
    assert notes(await world.presses(ADMIN.distribution)) == [ADMIN.no_distribution]
    assert notes(await world.presses(callback("later", "x"))) == [ENGLISH.stale_button]


async def test_admin_without_dead_letters_hears_so(world: BotWorld) -> None:
    await world.says("/start")
    await world.grant(Role.ADMIN)
    assert texts(await world.presses(callback("dead"))) == [ADMIN.no_dead_letters]


_DATA = st.lists(st.text(st.characters(exclude_characters=":"), max_size=24), max_size=4)


@settings(max_examples=25)
@given(verb=st.sampled_from(VERBS), arguments=_DATA)
async def test_buttons_with_whatever_data_are_answered_once(
    tmp_path_factory: pytest.TempPathFactory, verb: str, arguments: list[str]
) -> None:
    world = BotWorld(tmp_path_factory.getbasetemp())
    await world.says("/start")
    assert set(world.buttons) == set(VERBS)
    assert len(notes(await world.presses(":".join(("1", verb, *arguments))))) == 1
