"""What of a form a finding names, by the names that its person sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from planner.io.forms import heading
from planner.texts import Nameable, Sayable, call_sector, say

__all__ = ["OfSector", "Part", "Several"]

_SHOWN: Final = 5


@dataclass(frozen=True)
class Several:
    """The first of several things, each once, put into words with the sentence that names them."""

    things: tuple[object, ...]

    def naming(self, names: Mapping[str, str]) -> Several:
        """Return the same, sectors called by their names too."""
        return Several(
            tuple(t.naming(names) if isinstance(t, Nameable) else t for t in self.things)
        )

    def say(self, lang: str = "fr", /) -> str:
        """Name them."""
        words = (t.say(lang) if isinstance(t, Sayable) else str(t) for t in self.things)
        every = list(dict.fromkeys(words))
        return ", ".join(every[:_SHOWN]) + (", …" if len(every) > _SHOWN else "")


@dataclass(frozen=True)
class OfSector:
    """A sector that a form names, by code and, once given, by name; and what is written there."""

    key: str
    cell: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def naming(self, names: Mapping[str, str]) -> OfSector:
        """Return the same with the names of sectors."""
        return replace(self, names=names)

    def say(self, lang: str = "fr", /) -> str:  # noqa: ARG002 (a name has no language)
        """Name it."""
        called = call_sector(self.key, self.names)
        return f"{called} « {self.cell} »" if self.cell else called


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
