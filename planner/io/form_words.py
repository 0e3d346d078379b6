"""What of a form a finding names, by the names that its person sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from planner.io.forms import heading
from planner.texts import Sayable, say

__all__ = ["Part", "Several"]

_SHOWN: Final = 5


@dataclass(frozen=True)
class Several:
    """The first of several things, each once, put into words with the sentence that names them."""

    things: tuple[object, ...]

    def say(self, lang: str = "fr", /) -> str:
        """Name them."""
        words = (t.say(lang) if isinstance(t, Sayable) else str(t) for t in self.things)
        every = list(dict.fromkeys(words))
        return ", ".join(every[:_SHOWN]) + (", …" if len(every) > _SHOWN else "")


@dataclass(frozen=True)
class Part:
    """A sheet of a form, a column or a cell of it, by the names that the person sees."""

    sheet: str
    column: str = ""
    cell: str = ""

    def say(self, lang: str = "fr", /) -> str:
        """Name it."""
        words = say(f"forms.sheet_{self.sheet}", lang)
        if self.column:
            words += f" / {heading(self.sheet, self.column, lang)}"
        return f"{words} {self.cell}".strip()
