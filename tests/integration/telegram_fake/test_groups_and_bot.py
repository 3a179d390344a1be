"""Groups, members, invite links, migration; commands, menu button, identity."""

import pytest
import telegram
from telegram import BotCommand, BotCommandScopeChat, MenuButtonWebApp, WebAppInfo
from telegram.error import BadRequest, ChatMigrated, Forbidden

from adapters.testing.telegram import FakeTelegram


async def test_member_joins_by_single_use_link_and_is_removed(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada, eve = fake_telegram.user("Ada", started=True), fake_telegram.user("Eve", started=True)
    group = fake_telegram.group("Subscribers", bot="administrator")
    await bot.get_updates(allowed_updates=["chat_member", "my_chat_member"])
    link = await bot.create_chat_invite_link(group.id, name="Ada", member_limit=1)

    group.joins_by(ada, link.invite_link)
    with pytest.raises(ValueError, match="used up"):
        group.joins_by(eve, link.invite_link)
    inside = await bot.get_chat_member(group.id, ada.id)
    await bot.ban_chat_member(group.id, ada.id)
    await bot.unban_chat_member(group.id, ada.id, only_if_banned=True)

    assert inside.status == "member"
    assert (await bot.get_chat_member(group.id, ada.id)).status == "left"
    changes = [update.chat_member for update in await bot.get_updates()]
    assert [one.new_chat_member.status for one in changes if one] == ["member", "kicked", "left"]
    assert changes[0] is not None
    assert changes[0].invite_link is not None
    assert changes[0].invite_link.name == "Ada"


async def test_member_coming_and_going_told_in_the_group(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada")
    group = fake_telegram.group("Traders", bot="left")
    group.takes_in_bot()
    group.takes_in(ada)
    group.loses(ada)
    with pytest.raises(ValueError, match="Ada is not in Traders"):
        ada.sends("still here?", in_=group)

    added, bot_came, ada_came, ada_left = await bot.get_updates()

    assert added.my_chat_member is not None
    came = [update.message.new_chat_members[0].id for update in (bot_came, ada_came) if update.message]
    assert came == [fake_telegram.bot.id, ada.id]
    assert ada_left.message is not None
    assert ada_left.message.left_chat_member is not None
    assert ada_left.message.left_chat_member.id == ada.id


async def test_member_rights_needed_to_ban_and_invite(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada")
    group = fake_telegram.group("Traders", [ada])

    with pytest.raises(BadRequest, match="Not enough rights to restrict/unrestrict chat member"):
        await bot.ban_chat_member(group.id, ada.id)
    with pytest.raises(BadRequest, match="Not enough rights to manage chat invite link"):
        await bot.create_chat_invite_link(group.id)
    group.takes_in_bot(as_admin=True)
    group.takes_in(ada, "administrator")
    with pytest.raises(BadRequest, match="User is an administrator of the chat"):
        await bot.ban_chat_member(group.id, ada.id)

    assert group.status_of(ada) == "administrator"


async def test_group_that_threw_the_bot_out_refuses_it(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    group = fake_telegram.group("Traders")
    group.kicks_bot()

    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(group.id, "x")
    (update,) = await bot.get_updates()
    left = fake_telegram.group("Others", bot="left")
    with pytest.raises(Forbidden, match="bot is not a member of the supergroup chat"):
        await bot.send_message(left.id, "x")

    assert update.my_chat_member is not None
    assert update.my_chat_member.new_chat_member.status == "kicked"


async def test_group_upgraded_refuses_with_the_new_identifier(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    group = fake_telegram.group("Traders", kind="group")
    new = group.becomes_supergroup()

    with pytest.raises(ChatMigrated) as refused:
        await bot.send_message(group.id, "x")
    sent = await bot.send_message(new.id, "x")

    assert refused.value.new_chat_id == new.id == sent.chat.id
    told = [update.message for update in await bot.get_updates()]
    assert [(one.migrate_to_chat_id, one.migrate_from_chat_id) for one in told if one] == [
        (new.id, None),
        (None, group.id),
    ]


async def test_channel_post_edited_by_its_bot(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    channel = fake_telegram.group("News", kind="channel", bot="administrator", username="guild_news")

    sent = await bot.send_message("@guild_news", "one")
    edited = await bot.edit_message_text("two", "@guild_news", sent.message_id)

    assert sent.sender_chat is not None
    assert sent.sender_chat.id == channel.id
    assert isinstance(edited, telegram.Message)
    assert [post.text for post in channel.messages] == ["two"]
    assert (await bot.get_chat("@guild_news")).title == "News"


async def test_commands_kept_by_scope_and_language(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    scope = BotCommandScopeChat(ada.id)
    await bot.set_my_commands([BotCommand("ask", "Ask"), BotCommand("help", "Help")])
    await bot.set_my_commands([BotCommand("admin", "Menu")], scope=scope, language_code="de")

    assert await bot.get_my_commands() == (BotCommand("ask", "Ask"), BotCommand("help", "Help"))
    assert await bot.get_my_commands(scope=scope) == ()
    assert await bot.get_my_commands(scope=scope, language_code="de") == (BotCommand("admin", "Menu"),)
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == ()


async def test_commands_more_than_a_hundred_refused(bot: telegram.Bot) -> None:
    with pytest.raises(BadRequest, match="Bot_commands_too_much"):
        await bot.set_my_commands([BotCommand(f"c{number}", "x") for number in range(101)])

    assert await bot.get_my_commands() == ()


async def test_menu_button_of_one_chat_before_the_default(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    button = MenuButtonWebApp("Open", WebAppInfo("https://guild.example/app"))

    await bot.set_chat_menu_button(ada.id, button)

    assert await bot.get_chat_menu_button(ada.id) == button
    assert (await bot.get_chat_menu_button()).type == "commands"
    with pytest.raises(BadRequest, match="only https links are allowed"):
        await bot.set_chat_menu_button(ada.id, MenuButtonWebApp("Open", WebAppInfo("http://guild.example")))


async def test_identity_of_the_bot_told(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    me = await bot.get_me()

    assert (me.id, me.username, me.is_bot) == (fake_telegram.bot.id, fake_telegram.bot.username, True)
    assert me.can_read_all_group_messages is False
    assert str(me.id) == fake_telegram.token.partition(":")[0]


async def test_topic_holds_what_is_said_in_it(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada")
    group = fake_telegram.group("Traders", [ada])
    topic = group.opens_topic("Risk")
    asked = ada.sends("/ask why", in_=group, topic=topic)

    said = await bot.send_message(group.id, "x", message_thread_id=topic)
    answer = await bot.send_message(group.id, "y", reply_to_message_id=asked.id)
    beside = await bot.send_message(group.id, "z")
    follow_up = ada.replies(group.messages[-2], "and then?", in_=group)

    assert [(one.message_thread_id, one.is_topic_message) for one in (said, answer)] == [(topic, True)] * 2
    assert (beside.message_thread_id, beside.is_topic_message) == (None, None)
    assert follow_up.topic == topic
    heard = [update.message for update in await bot.get_updates() if update.message and update.message.text]
    assert [(one.message_thread_id, one.chat.is_forum) for one in heard] == [(topic, True)] * 2


async def test_topic_that_is_closed_or_gone_refuses(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    group = fake_telegram.group("Traders")
    closed, gone = group.opens_topic("Risk"), group.opens_topic("News")
    said = await bot.send_message(group.id, "x", message_thread_id=gone)
    group.closes_topic(closed)
    group.removes_topic(gone)

    with pytest.raises(BadRequest, match=r"(?i)topic_closed"):
        await bot.send_message(group.id, "x", message_thread_id=closed)
    with pytest.raises(BadRequest, match="thread not found"):
        await bot.send_message(group.id, "x", message_thread_id=gone)
    with pytest.raises(BadRequest, match="to edit not found"):
        await bot.edit_message_text("y", group.id, said.message_id)
    group.takes_in_bot(as_admin=True)
    assert (await bot.send_message(group.id, "x", message_thread_id=closed)).message_thread_id == closed
    with pytest.raises(ValueError, match="supergroup"):
        fake_telegram.group("Small", kind="group").opens_topic("Risk")
