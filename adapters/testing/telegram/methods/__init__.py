"""The methods of the Bot API, a room to a module, and the table of their names, which are not case-sensitive."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.testing.telegram.arguments import Arguments
from adapters.testing.telegram.methods import bot, chats, messages, payments, queries, webhooks
from adapters.testing.telegram.state import BotState

Method = Callable[[BotState, Arguments], Any]

_NAMED: Mapping[str, Method] = {
    "getMe": bot.get_me,
    "logOut": bot.log_out,
    "close": bot.close,
    "getFile": bot.get_file,
    "setMyCommands": bot.set_my_commands,
    "getMyCommands": bot.get_my_commands,
    "deleteMyCommands": bot.delete_my_commands,
    "setChatMenuButton": bot.set_chat_menu_button,
    "getChatMenuButton": bot.get_chat_menu_button,
    "setWebhook": webhooks.set_webhook,
    "deleteWebhook": webhooks.delete_webhook,
    "getWebhookInfo": webhooks.get_webhook_info,
    "sendMessage": messages.send_message,
    "sendPhoto": messages.send_photo,
    "sendVideo": messages.send_video,
    "sendMessageDraft": messages.send_message_draft,
    "sendChatAction": messages.send_chat_action,
    "editMessageText": messages.edit_message_text,
    "editMessageCaption": messages.edit_message_caption,
    "editMessageReplyMarkup": messages.edit_message_reply_markup,
    "deleteMessage": messages.delete_message,
    "answerCallbackQuery": queries.answer_callback_query,
    "answerPreCheckoutQuery": queries.answer_pre_checkout_query,
    "getChat": chats.get_chat,
    "getChatMember": chats.get_chat_member,
    "getChatMemberCount": chats.get_chat_member_count,
    "banChatMember": chats.ban_chat_member,
    "unbanChatMember": chats.unban_chat_member,
    "createChatInviteLink": chats.create_chat_invite_link,
    "revokeChatInviteLink": chats.revoke_chat_invite_link,
    "createInvoiceLink": payments.create_invoice_link,
    "editUserStarSubscription": payments.edit_user_star_subscription,
    "refundStarPayment": payments.refund_star_payment,
    "getStarTransactions": payments.get_star_transactions,
    "getMyStarBalance": payments.get_my_star_balance,
}
# `getUpdates` waits, and therefore has its own way; see `adapters.testing.telegram.polling`.
GET_UPDATES = "getupdates"
METHODS: Mapping[str, Method] = {name.lower(): method for name, method in _NAMED.items()}
NAMES: Mapping[str, str] = {name.lower(): name for name in (*_NAMED, "getUpdates")}
