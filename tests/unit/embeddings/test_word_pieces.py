"""Text as word pieces."""

import pytest

from adapters.embeddings._word_pieces import MAX_WORD, WordPieces

VOCABULARY = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "stop", "##s", "loss", "trail", "##ing", "-", "naive", "cafe", "価", "格", "!",
]  # fmt: skip


def pieces(text: str, most: int = 50) -> list[str]:
    found = [VOCABULARY[number] for number in WordPieces(VOCABULARY).ids(text, most)]
    assert (found[0], found[-1]) == ("[CLS]", "[SEP]")
    return found[1:-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Trailing STOPS", ["trail", "##ing", "stop", "##s"]),
        ("stop-loss!", ["stop", "-", "loss", "!"]),
        ("naïve café", ["naive", "cafe"]),
        ("nai\u0308ve", ["naive"]),
        ("価格", ["価", "格"]),
        ("stop\tloss\n\u00a0stop", ["stop", "loss", "stop"]),
        ("st\0op lo\u200bss\ud800", ["stop", "loss"]),
        ("stopx", ["[UNK]"]),
        ("😀", ["[UNK]"]),
        ("", []),
        (" \n", []),
    ],
)
def test_word_pieces_text_becomes_longest_known_pieces(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


def test_word_pieces_endless_word_is_unknown() -> None:
    assert pieces("stop" * (MAX_WORD // 4)) == ["[UNK]"]
    assert pieces("a" * (MAX_WORD + 1)) == ["[UNK]"]


@pytest.mark.parametrize("most", [2, 3, 7])
def test_word_pieces_beyond_the_most_are_cut_off(most: int) -> None:
    assert pieces("stops " * 100, most) == (["stop", "##s"] * 100)[: most - 2]
