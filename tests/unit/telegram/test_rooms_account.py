"""The account in the bot: linking, unlinking, language, figures; the newsletter and the plans."""

from pathlib import Path

import pytest

from application.ports.audit import AuditFilter
from application.ports.inbox import Handled
from domain.errors import NotAllowed
from domain.identity import OPERATOR, Actor, AuditAction, Role, TelegramProfile
from domain.telegram import AnswerButton, ButtonPress, Chat, ChatKind, EditText, IncomingMessage, SendText
from entrypoints.telegram_bot.callbacks import callback
from entrypoints.telegram_bot.texts import CATALOGUES, ENGLISH
from tests.unit.telegram.bot_world import AT, BOB, GROUP, BotWorld, notes, texts

ACCOUNT, NEWS = ENGLISH.account, ENGLISH.news
GERMAN = CATALOGUES["de"]
GUIDE = "00000000-0000-0000-0000-000000000001"


@pytest.fixture
def world(tmp_path: Path) -> BotWorld:
    return BotWorld(tmp_path)


async def linked(world: BotWorld) -> Actor:
    """Ada with a web account."""
    web = await world.web_member()
    await world.says(f"/link {(await world.code(web)).code}")
    await world.presses(ACCOUNT.confirm)
    return await world.actor()


async def test_link_without_a_code_explains_itself(world: BotWorld) -> None:
    assert texts(await world.says("/link")) == [ACCOUNT.link_usage]
    assert texts(await world.says("/start link_")) == [ACCOUNT.link_usage]


@pytest.mark.parametrize("how", ["/link {code}", "/start link_{code}", "/link@guild_bot   {code}"])
async def test_link_with_a_code_asks_before_it_links_and_links_once(world: BotWorld, how: str) -> None:
    web = await world.web_member()
    code = await world.code(web)
    await world.says("/start")
    world.repeats = True

    (said,) = texts(await world.says(how.format(code=code.code)))
    assert "l***@e***.org" in said
    assert "lovelace" not in said
    assert await world.member_count() == 2
    assert texts(await world.presses(ACCOUNT.confirm)) == [ACCOUNT.linked]
    assert await world.member_count() == 1
    assert texts(await world.presses(callback("link", "yes", code.request_id))) == [ACCOUNT.linked]


async def test_link_tells_what_either_side_gains(world: BotWorld) -> None:
    web = await world.web_member(role=Role.SUBSCRIBER)
    (said,) = texts(await world.says(f"/link {(await world.code(web)).code}"))
    assert said.endswith(ACCOUNT.telegram_gains.format(role="subscriber"))


async def test_link_of_an_admin_waits_for_the_password(world: BotWorld) -> None:
    web = await world.web_member(role=Role.ADMIN)
    world.repeats = True
    (said,) = texts(await world.says(f"/link {(await world.code(web)).code}"))
    assert said.endswith(ACCOUNT.needs_password)
    assert texts(await world.presses(ACCOUNT.confirm)) == [ACCOUNT.awaiting_password]
    assert await world.member_count() == 2


async def test_link_declined_is_spent(world: BotWorld) -> None:
    code = await world.code(await world.web_member())
    await world.says(f"/link {code.code}")
    world.repeats = True
    assert texts(await world.presses(ACCOUNT.decline)) == [ACCOUNT.declined]
    (note,) = notes(await world.presses(callback("link", "yes", code.request_id)))
    assert note is not None
    assert "declined" in note
    assert await world.member_count() == 2


async def test_link_question_pressed_by_another_account_links_nobody(world: BotWorld) -> None:
    code = await world.code(await world.web_member())
    await world.says(f"/link {code.code}")
    await world.says("/start", sender=BOB)

    for word in ("yes", "no"):
        (note,) = notes(await world.presses(callback("link", word, code.request_id), sender=BOB))
        assert note is not None
        assert "unknown" in note
    assert await world.member_count() == 3
    assert texts(await world.presses(callback("link", "yes", code.request_id))) == [ACCOUNT.linked]


@pytest.mark.parametrize(
    "how", ["/link {code}", "/link@guild_bot {spaced}, please", "/start link_{code}", "/LINK {lower}."]
)
async def test_link_code_written_in_a_group_is_spent_and_links_nobody(world: BotWorld, how: str) -> None:
    code = await world.code(await world.web_member())
    written = how.format(code=code.code, spaced=f"{code.code[:4]} {code.code[4:]}", lower=code.code.lower())
    world.repeats = True

    (said,) = texts(await world.says(written, chat=GROUP))

    name = "start" if "start" in how else "link"
    assert said == "\n".join([ENGLISH.private_only.format(name=name), ACCOUNT.link_exposed])
    (said,) = texts(await world.says(f"/link {code.code}", sender=BOB))
    assert "unknown" in said
    assert world.labels == []


async def test_link_code_asked_about_already_is_spent_when_it_is_written_in_a_group(world: BotWorld) -> None:
    code = await world.code(await world.web_member())
    await world.says(f"/link {code.code}", sender=BOB)
    confirm = next(each.data for each in world.keyboard if each.text == ACCOUNT.confirm)
    await world.says(f"/link {code.code}", chat=GROUP)

    (note,) = notes(await world.presses(confirm or "", sender=BOB))

    assert note is not None
    assert "declined" in note
    lines = (await world.container.audit_queries().page(AuditFilter(action=AuditAction.LINK_REFUSED), None, 9)).items
    assert "exposed" in {line.details.get("cause") for line in lines}


async def test_link_words_in_a_group_that_are_no_code_leave_open_codes_alone(world: BotWorld) -> None:
    code = await world.code(await world.web_member())

    (said,) = texts(await world.says("/link ABCDEFGH", chat=GROUP))
    assert said.endswith(ACCOUNT.link_exposed)
    assert texts(await world.says("/link", chat=GROUP)) == [ENGLISH.private_only.format(name="link")]
    assert texts(await world.says("/start guide_x", chat=GROUP)) == [ENGLISH.private_only.format(name="start")]
    await world.says(f"/link {code.code}")
    assert texts(await world.presses(ACCOUNT.confirm)) == [ACCOUNT.linked]


async def test_link_with_a_wrong_code_is_refused(world: BotWorld) -> None:
    (said,) = texts(await world.says("/link ABCDEFGH"))
    assert "unknown" in said


@pytest.mark.parametrize("rest", [(), ("yes",), ("yes", "nonsense"), ("maybe", "AaH_mrw5cou05MuRj7jRWg")])
async def test_link_broken_buttons_are_stale(world: BotWorld, rest: tuple[str, ...]) -> None:
    assert notes(await world.presses(callback("link", *rest))) == [ENGLISH.stale_button]
    assert notes(await world.presses(callback("unlink", *rest[1:], "x"))) == [ENGLISH.stale_button]
    assert notes(await world.presses(callback("lang", *rest))) == [ENGLISH.stale_button]
    assert notes(await world.presses(callback("mute", *rest))) == [ENGLISH.stale_button]


async def test_unlink_asks_first_and_takes_apart_once(world: BotWorld) -> None:
    assert texts(await world.says("/unlink")) == [ACCOUNT.not_linked]
    await linked(world)

    (said,) = texts(await world.says("/unlink"))
    assert "l***@e***.org" in said
    assert texts(await world.presses(ACCOUNT.keep)) == [ACCOUNT.kept]
    assert await world.member_count() == 1
    world.repeats = True
    assert texts(await world.presses(callback("unlink", "yes"))) == [ACCOUNT.unlinked]
    assert await world.member_count() == 2
    assert texts(await world.says("/unlink")) == [ACCOUNT.not_linked]


async def test_language_chosen_is_spoken_from_then_on(world: BotWorld) -> None:
    assert texts(await world.says("/language")) == [ACCOUNT.language_question]
    assert world.labels == ["Deutsch", "English"]
    assert texts(await world.presses("Deutsch")) == [GERMAN.account.language_chosen]
    assert texts(await world.says("/new")) == [GERMAN.chat.began]
    await world.says("/newsletter")
    await world.presses(GERMAN.news.mute.format(category="risk"))
    await world.presses(callback("lang", "en"))
    assert (await world.container.telegram_accounts().preferences(await world.actor())).muted == {"risk"}


async def test_language_of_the_account_is_spoken_to_a_new_member(world: BotWorld) -> None:
    eva = TelegramProfile(503, "eva", "Eva", language="de-AT")
    (said,) = texts(await world.says("/start", sender=eva))
    assert said.startswith("Willkommen, Eva.")


async def test_language_that_telegram_tells_is_spoken_where_none_was_chosen(world: BotWorld) -> None:
    await world.says("/start", sender=TelegramProfile(503, "eva", "Eva"))
    eva = TelegramProfile(503, "eva", "Eva", language="de")

    assert texts(await world.says("/new", sender=eva)) == [GERMAN.chat.began]
    assert texts(await world.says("/start", sender=eva, chat=GROUP)) == [GERMAN.private_only.format(name="start")]
    await world.presses(callback("lang", "en"), sender=eva)
    assert texts(await world.says("/new", sender=eva)) == [ENGLISH.chat.began]


async def test_apologies_and_bans_are_told_in_the_language_that_was_chosen(world: BotWorld) -> None:
    await world.says("/start", sender=BOB)
    await world.presses(callback("lang", "de"), sender=BOB)
    chat = Chat(BOB.telegram_id, ChatKind.PRIVATE)
    message = IncomingMessage(update_id=900, message_id=1, chat=chat, sender=BOB, text="x", sent_at=AT)
    press = ButtonPress(update_id=901, query_id="q", sender=BOB, chat=chat, message_id=1, data="x")

    apologies = [*await world.router.apologise(message), *await world.router.apologise(press)]
    assert [texts(Handled(apologies)), notes(Handled(apologies))] == [[GERMAN.apology], [GERMAN.apology]]
    bob = (await world.actor(BOB.telegram_id)).member_id
    await world.container.member_service().ban(OPERATOR, bob, "for the test")
    assert texts(await world.says("/start", sender=BOB)) == [GERMAN.banned]
    assert notes(await world.presses("x", sender=BOB)) == [GERMAN.banned]


async def test_refusals_are_told_in_the_language_of_the_member(world: BotWorld) -> None:
    eva = TelegramProfile(503, "eva", "Eva", language="de")
    assert texts(await world.says("/link ABCDEFGH", sender=eva)) == [GERMAN.errors["invalid_token"]]
    assert texts(await world.says(f"/start guide_{GUIDE}", sender=eva)) == [GERMAN.errors["not_found"]]
    assert texts(await world.says(f"/ask {'x' * 10_001}", sender=eva)) == [GERMAN.refusals["text"].format(limit=10_000)]
    assert notes(await world.presses(callback("admin"), sender=eva)) == [GERMAN.refusals["role"].format(role="Admin")]

    await world.says(f"/link {(await world.code(await world.web_member())).code}", sender=eva)
    question = {each.text: each.data or "" for each in world.keyboard}
    await world.presses(question[GERMAN.account.decline], sender=eva)
    over = await world.presses(question[GERMAN.account.confirm], sender=eva)
    assert notes(over) == [GERMAN.refusals["link_over"]]

    await world.says(f"/link {(await world.code(await world.web_member('first'))).code}", sender=eva)
    await world.presses(GERMAN.account.confirm, sender=eva)
    second = await world.code(await world.web_member("second"))
    linked = await world.says(f"/link {second.code}", sender=eva)
    assert texts(linked) == [GERMAN.refusals["telegram_linked"]]


async def test_stats_are_for_subscribers_and_tell_ones_own(world: BotWorld) -> None:
    (said,) = texts(await world.says("/stats"))
    assert "/subscribe" in said
    await world.grant(Role.SUBSCRIBER)
    await world.says("How much?")
    await world.says("And now?", sender=BOB)
    (said,) = texts(await world.says("/stats"))
    assert said == ACCOUNT.stats.format(sessions=1, active=1, messages=2, today=2, tokens=0, time=ACCOUNT.stats_no_time)


async def test_newsletter_categories_are_muted_and_heard_again(world: BotWorld) -> None:
    assert texts(await world.says("/updates")) == [NEWS.newsletter]
    count = len(world.labels)
    world.repeats = True
    muted = await world.presses(NEWS.mute.format(category="risk"))
    assert notes(muted) == [NEWS.muted.format(category="risk")]
    assert NEWS.unmute.format(category="risk") in world.labels
    assert len(world.labels) == count
    assert notes(await world.presses(NEWS.unmute.format(category="risk"))) == [NEWS.unmuted.format(category="risk")]
    assert NEWS.mute.format(category="risk") in world.labels


async def test_newsletter_category_that_is_gone_can_still_be_heard_again(world: BotWorld) -> None:
    await world.says("/start")
    await world.container.telegram_accounts().mute(await world.actor(), "bygone")
    await world.says("/news")
    await world.presses(NEWS.unmute.format(category="bygone"))
    assert not [label for label in world.labels if "bygone" in label]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("shop", NEWS.no_plans),
        ("products", NEWS.no_plans),
        ("catalog", NEWS.no_plans),
        ("subscribe", NEWS.no_plans),
        ("subscription", NEWS.no_subscription),
        ("cancel", NEWS.nothing_to_cancel),
        ("paysupport", NEWS.paysupport),
        ("terms", NEWS.terms),
    ],
)
async def test_plans_there_are_none_and_every_command_says_so(world: BotWorld, name: str, said: str) -> None:
    assert texts(await world.says(f"/{name}")) == [said]


async def test_refusal_too_long_for_a_note_is_a_message_and_nothing_is_cut(world: BotWorld) -> None:
    refusal = "An account is banned. " * 12

    async def refused(request: object) -> object:
        raise NotAllowed(refusal)

    world.buttons["help"] = refused  # type: ignore[index]
    note, message = (await world.presses(callback("help"))).outgoing
    assert isinstance(note, AnswerButton)
    assert note.text is None
    assert isinstance(message, SendText)
    assert not isinstance(message, EditText)
    assert message.text.text == refusal


async def test_button_in_a_group_acts_on_nobody(world: BotWorld) -> None:
    await linked(world)
    await world.says("/unlink")

    handled = await world.presses(ACCOUNT.unlink_confirm, chat=GROUP)

    assert notes(handled) == [ENGLISH.private_button]
    assert len(handled.outgoing) == 1
    assert await world.member_count() == 1
    assert notes(await world.presses(callback("unlink", "yes"), sender=BOB, chat=GROUP)) == [ENGLISH.private_button]
    assert await world.member_count() == 1
