"""The forward pass of a small BERT encoder in numpy, float32 throughout: token ids in, one vector of length 1 out.

One sequence at a time: without padding there is nothing to mask and nothing to compute twice.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_EPSILON = np.float32(1e-12)
_HEADS = 12
_FAR = np.float32(36)
_FIT = tuple(
    np.float32(each)
    for each in (-1.59573486, -0.0727562674, 0.000132608291, 9.01260962e-05, -5.12973523e-06, 9.65356772e-08)
)


@dataclass(frozen=True, slots=True)
class _Dense:
    """`x @ weight + bias`."""

    weight: Floats
    bias: Floats

    def __call__(self, x: Floats) -> Floats:
        y: Floats = x @ self.weight
        y += self.bias
        return y


@dataclass(frozen=True, slots=True)
class _Norm:
    """Layer normalisation, in place."""

    weight: Floats
    bias: Floats

    def __call__(self, x: Floats) -> Floats:
        x -= x.mean(axis=1, keepdims=True)
        spread = np.einsum("ij,ij->i", x, x) / np.float32(x.shape[1])
        x *= (1 / np.sqrt(spread + _EPSILON))[:, None]
        x *= self.weight
        x += self.bias
        return x


@dataclass(frozen=True, slots=True)
class _Layer:
    """Attention and the two dense layers after it, each added to what went in."""

    query_key_value: _Dense
    attended: _Dense
    attention_norm: _Norm
    widen: _Dense
    narrow: _Dense
    norm: _Norm

    def __call__(self, x: Floats) -> Floats:
        y = self.attended(self._attend(x))
        y += x
        y = self.attention_norm(y)
        z = self.narrow(gelu(self.widen(y)))
        z += y
        return self.norm(z)

    def _attend(self, x: Floats) -> Floats:
        length, width = x.shape
        split = self.query_key_value(x).reshape(length, 3, _HEADS, width // _HEADS)
        query, key, value = split.transpose(1, 2, 0, 3)
        shares: Floats = query @ key.transpose(0, 2, 1)
        shares -= shares.max(axis=2, keepdims=True)
        np.exp(shares, out=shares)
        mixed: Floats = shares @ value
        mixed /= shares.sum(axis=2, keepdims=True)
        return mixed.transpose(1, 0, 2).reshape(length, width)


class Transformer:
    """The encoder with its weights, which are only read: any number of threads may encode at once."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self._words = weights["embeddings.word_embeddings.weight"]
        places = weights["embeddings.position_embeddings.weight"]
        self._places = places + weights["embeddings.token_type_embeddings.weight"][0]
        self._norm = _norm(weights, "embeddings.LayerNorm")
        self._layers = [_layer(weights, f"encoder.layer.{number}.") for number in range(_layer_count(weights))]

    def encode(self, tokens: Sequence[int]) -> Floats:
        """The mean of the last layer over all tokens, scaled to length 1."""
        x = self._norm(self._words[list(tokens)] + self._places[: len(tokens)])
        for layer in self._layers:
            x = layer(x)
        mean: Floats = x.mean(axis=0)
        mean /= np.sqrt(mean @ mean)
        return mean


def gelu(x: Floats) -> Floats:
    """x times the share of the normal distribution below x, in place.

    The share is 1 / (1 + exp(-x · p(x²))), with p fitted so that the result is off by less than 2e-6; the usual
    approximation by tanh is off by 5e-4.
    """
    square = x * x
    np.minimum(square, _FAR, out=square)
    exponent = square * _FIT[-1]
    for coefficient in _FIT[-2:0:-1]:
        exponent += coefficient
        exponent *= square
    exponent += _FIT[0]
    exponent *= x
    with np.errstate(over="ignore"):
        np.exp(exponent, out=exponent)
    exponent += np.float32(1)
    x /= exponent
    return x


def _layer_count(weights: Mapping[str, Floats]) -> int:
    return 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder.layer."))


def _layer(weights: Mapping[str, Floats], prefix: str) -> _Layer:
    parts = [_dense(weights, f"{prefix}attention.self.{name}") for name in ("query", "key", "value")]
    # The scores are divided by the square root of a head's width; dividing the queries' weights does it beforehand.
    scale = np.float32(1 / math.sqrt(parts[0].weight.shape[1] // _HEADS))
    query = _Dense(parts[0].weight * scale, parts[0].bias * scale)
    together = [query, *parts[1:]]
    return _Layer(
        _Dense(
            np.concatenate([part.weight for part in together], axis=1), np.concatenate([part.bias for part in together])
        ),
        _dense(weights, f"{prefix}attention.output.dense"),
        _norm(weights, f"{prefix}attention.output.LayerNorm"),
        _dense(weights, f"{prefix}intermediate.dense"),
        _dense(weights, f"{prefix}output.dense"),
        _norm(weights, f"{prefix}output.LayerNorm"),
    )


def _dense(weights: Mapping[str, Floats], name: str) -> _Dense:
    return _Dense(weights[f"{name}.weight"].T, weights[f"{name}.bias"])


def _norm(weights: Mapping[str, Floats], name: str) -> _Norm:
    return _Norm(weights[f"{name}.weight"], weights[f"{name}.bias"])
