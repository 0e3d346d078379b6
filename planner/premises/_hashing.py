"""Randomness without a stream: a hash of (seed, key, stream, counter), the same on every machine.

The mixing function is the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014).  Only integer arithmetic modulo 2**64, and one exact
multiplication by a power of two: nothing depends on a platform, on a library or on row order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["key_hashes", "mix", "uniform"]

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_STREAM: Final = 0xD1B54A32D192ED03
_MULTIPLIER_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLIER_2: Final = np.uint64(0x94D049BB133111EB)
_WORD: Final = 2**64
_TO_UNIT: Final = 2.0**-53


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter 64-bit integers over all 64-bit integers, one to one."""
    mixed = values + _GOLDEN
    mixed ^= mixed >> np.uint64(30)
    mixed *= _MULTIPLIER_1
    mixed ^= mixed >> np.uint64(27)
    mixed *= _MULTIPLIER_2
    mixed ^= mixed >> np.uint64(31)
    return mixed


def key_hashes(keys: Sequence[str], seed: int) -> NDArray[np.uint64]:
    """Hash short text keys (INSEE codes) with a seed, each without regard to the others."""
    whole = np.array(
        [int.from_bytes(key.encode("utf-8"), "big") % _WORD for key in keys], dtype=np.uint64
    )
    return mix(mix(whole) ^ mix(np.array([seed % _WORD], dtype=np.uint64)))


def uniform(
    keys: NDArray[np.uint64], stream: int, counter: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return numbers in [0, 1), one for each (key, stream, counter).

    Parameters
    ----------
    keys
        Hash of the key, from :func:`key_hashes`, shape (n,).
    stream
        Which independent question is asked of this key.
    counter
        Position in the stream, shape (n,).
    """
    offset = np.uint64(_STREAM * (stream + 1) % _WORD)
    mixed = mix((keys + offset) ^ mix(counter.astype(np.uint64)))
    unit: NDArray[np.float64] = (mixed >> np.uint64(11)).astype(np.float64)
    unit *= _TO_UNIT
    return unit
