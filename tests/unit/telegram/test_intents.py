"""Where plain words lead."""

import pytest

from entrypoints.telegram_bot.intents import Intent, IntentRouter

ROUTER = IntentRouter(
    {
        Intent.PRODUCT: ["price", "buy a plan"],
        Intent.GUIDE: ["guide", "Anleitung für"],
        Intent.MARKETING: ["newsletter", ""],
    }
)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("What a PRICE!", Intent.PRODUCT),
        ("buy, say, a plan", Intent.PRODUCT),
        ("buy bread", Intent.ASSISTANT),
        ("a Guide to risk", Intent.GUIDE),
        ("guidelines", Intent.ASSISTANT),
        ("anleitung fur risiko", Intent.GUIDE),
        ("price, newsletter, guide", Intent.PRODUCT),
        ("what is the price of a stop", Intent.ASSISTANT),
        ("price?", Intent.ASSISTANT),
        ("Newsletter!", Intent.MARKETING),
        ("How do I stop a loss?", Intent.ASSISTANT),
        ("", Intent.ASSISTANT),
    ],
)
def test_intent_of_a_text_is_the_first_with_a_keyword_in_a_few_words(text: str, intent: Intent) -> None:
    assert ROUTER.intent(text) is intent
