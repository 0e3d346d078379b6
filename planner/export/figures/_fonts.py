"""The one font of paper: its files, and which characters it can show."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from matplotlib import ft2font

__all__ = ["FAMILY", "FONTS", "font_file", "showable"]

FAMILY: Final = "Source Sans 3"
FONTS: Final = Path(__file__).resolve().parents[1] / "fonts"
_FILES: Final = {
    "regular": "SourceSans3-Regular.ttf",
    "italic": "SourceSans3-It.ttf",
    "bold": "SourceSans3-Semibold.ttf",
}


def font_file(style: str = "regular") -> Path:
    """Return the file of a style: ``regular``, ``italic`` or ``bold``."""
    return FONTS / _FILES[style]


@cache
def _characters() -> frozenset[int]:
    every = [set(ft2font.FT2Font(str(font_file(style))).get_charmap()) for style in sorted(_FILES)]
    return frozenset(set.intersection(*every))


def showable(text: str) -> str:
    """Return the text with what the font can't show written as its code point.

    An accessible document may hold no empty box: the reader sees which character was meant.

    Examples
    --------
    >>> showable("Plœmeur \N{SPARKLES}")
    'Plœmeur [U+2728]'
    """
    known = _characters()
    plain = text.replace("\n", " ").replace("\r", " ").replace("\t", " ")
    return "".join(c if ord(c) in known else f"[U+{ord(c):04X}]" for c in plain)
