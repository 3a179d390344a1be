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
        ("What is the PRICE?", Intent.PRODUCT),
        ("I would like to buy, say, a plan", Intent.PRODUCT),
        ("buy bread", Intent.ASSISTANT),
        ("a Guide to risk", Intent.GUIDE),
        ("guidelines", Intent.ASSISTANT),
        ("anleitung fur risiko", Intent.GUIDE),
        ("price of the newsletter guide", Intent.PRODUCT),
        ("Newsletter!", Intent.MARKETING),
        ("How do I stop a loss?", Intent.ASSISTANT),
        ("", Intent.ASSISTANT),
    ],
)
def test_intent_of_a_text_is_the_first_with_a_keyword_in_it(text: str, intent: Intent) -> None:
    assert ROUTER.intent(text) is intent
