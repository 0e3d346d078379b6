"""The one catalogue of what a person reads, in French (the default) and in English.

A text has a key, ``room.name``, and lives in ``room.toml`` beside this file with its two languages.
Code never holds a sentence: it holds a :class:`Message`, a key with its values, which is put into
words at the last moment, by whoever knows the reader's language.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from string import Formatter
from types import MappingProxyType
from typing import Any, Final, Protocol, runtime_checkable

__all__ = [
    "LANGUAGES",
    "Message",
    "Nameable",
    "Sayable",
    "call_sector",
    "catalogue",
    "lines_in_words",
    "months",
    "number",
    "say",
]

LANGUAGES: Final = ("fr", "en")
NARROW_SPACE: Final = "\u202f"
_NAMES: Final = "sector_names"
_EPCI: Final = "epci_names"
_SHOWN: Final = 12
"""Sectors of a list that are named; of a longer one, how many more is said."""
_MONTHS: Final = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "en": "January February March April May June July August September October November December",
}


def number(value: float, lang: str = "fr", decimals: int = 0) -> str:
    """Write a number as the language does: ``1 234,5`` or ``1,234.5``.

    Examples
    --------
    >>> number(1949859, "en")
    '1,949,859'
    >>> number(1949859).replace(NARROW_SPACE, " ")
    '1 949 859'
    """
    text = f"{value:,.{decimals}f}"
    if lang == "en":
        return text
    return text.replace(",", NARROW_SPACE).replace(".", ",").replace("-", "\u2212")


def lines_in_words(count: int, lang: str = "fr") -> str:
    """Write a number of lines with the word: none is singular in French, plural in English.

    Examples
    --------
    >>> lines_in_words(0), lines_in_words(0, "en"), lines_in_words(1), lines_in_words(2)
    ('0 ligne', '0 lines', '1 ligne', '2 lignes')
    """
    single = abs(count) == 1 or (lang == "fr" and count == 0)
    return say(f"quantity.lines{'_one' if single else ''}", lang, value=count)


def call_sector(key: str, names: Mapping[str, str]) -> str:
    """Return what people call a sector: its code and, where one is known, its name.

    Parameters
    ----------
    key
        Its code.
    names
        Code to name, see :func:`planner.sector_names.sector_names`.

    Examples
    --------
    >>> call_sector("35236-03", {"35236-03": "Redon"}), call_sector("35236-04", {})
    ('35236-03 (Redon)', '35236-04')
    """
    name = names.get(key)
    return f"{key} ({name})" if name and name != key else key


def _call_sectors(keys: Iterable[str], names: Mapping[str, str], shown: int, lang: str) -> str:
    """Name the first sectors of a list, and count the others."""
    every = list(keys)
    # one that would be left alone is as short to name
    most = len(every) if len(every) <= shown + 1 else shown
    told = ", ".join(call_sector(key, names) for key in every[:most])
    more = len(every) - most
    return f"{told} {say('quantity.more', lang, count=more)}" if more else told


def months() -> tuple[tuple[str, ...], ...]:
    """Return the names of the months, language by language."""
    return tuple(tuple(_MONTHS[lang].split()) for lang in LANGUAGES)


def _date(value: dt.date, lang: str) -> str:
    month = _MONTHS[lang].split()[value.month - 1]
    day = "1er" if value.day == 1 and lang == "fr" else str(value.day)
    return f"{day} {month} {value.year}"


@runtime_checkable
class Sayable(Protocol):
    """A value that is put into words with the message that holds it."""

    def say(self, lang: str = "fr", /) -> str:
        """Put it into words."""
        ...


@runtime_checkable
class Nameable(Sayable, Protocol):
    """A value that speaks of sectors, and can be given their names before it is put into words."""

    def naming(self, names: Mapping[str, str]) -> Sayable:
        """Return the same with the names of its sectors."""
        ...


class _Writer(Formatter):
    """``str.format`` with the units of the field as format specifications.

    ``n`` a whole number, ``n1`` with one decimal (``n2``, ``n6``), ``lines`` a number of lines with
    the word, as the language counts them, ``eur`` whole cents as euros,
    ``pct`` a share as percent, ``date`` a day in words, ``t`` a vocabulary term in the reader's
    language, ``sector`` a sector by its code and its name, ``sectors`` a list of them (``sectors5``
    shows five), ``epci`` one EPCI or several by name and SIREN.  Whatever can say itself (a
    message) does so in that language, with the names of the sectors it speaks of.
    """

    def __init__(self, lang: str, names: Mapping[str, str], epci: Mapping[str, str]) -> None:
        self.lang = lang
        self.names = names
        self.epci = epci

    def _said(self, value: Sayable) -> str:
        named = value.naming(self.names) if self.names and isinstance(value, Nameable) else value
        return named.say(self.lang)

    def _places(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 (as below)
        if isinstance(value, Sayable):
            return self._said(value)
        if format_spec == "epci":
            sirens = [value] if isinstance(value, str) else value
            return ", ".join(f"{self.epci[s]} ({s})" if s in self.epci else s for s in sirens)
        if isinstance(value, str) or format_spec == "sector":
            return call_sector(str(value), self.names)
        shown = int(format_spec.removeprefix("sectors") or _SHOWN)
        return _call_sectors(value, self.names, shown, self.lang)

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 (base's signature)
        space = " " if self.lang == "en" else NARROW_SPACE
        if value is None:
            return "—"
        if format_spec in {"n", "n1", "n2", "n6"}:
            return number(value, self.lang, int(format_spec[1:] or 0))
        if format_spec.startswith(("sector", "epci")):
            return self._places(value, format_spec)
        if format_spec == "lines":
            return lines_in_words(value, self.lang)
        if format_spec == "eur":
            whole = int(value) % 100 == 0
            amount = number(int(value) / 100, self.lang, 0 if whole else 2)
            return f"€{amount}" if self.lang == "en" else f"{amount}{space}€"
        if format_spec == "pct":
            return number(100 * value, self.lang, 1) + ("%" if self.lang == "en" else f"{space}%")
        if format_spec == "date":
            return _date(value, self.lang)
        if isinstance(value, Sayable):
            return self._said(value)
        if format_spec == "t":
            return str(value.label(self.lang))
        return str(super().format_field(value, format_spec))


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Return every text: key to language to words, in the order of the keys."""
    texts: dict[str, Mapping[str, str]] = {}
    for file in resources.files(__name__).iterdir():
        if not file.name.endswith(".toml"):
            continue
        room = file.name.removesuffix(".toml")
        for name, words in tomllib.loads(file.read_text(encoding="utf-8")).items():
            texts[f"{room}.{name}"] = MappingProxyType(words)
    return MappingProxyType(dict(sorted(texts.items())))


def say(key: str, lang: str = "fr", /, **values: object) -> str:
    """Put the text ``key`` into words.

    Parameters
    ----------
    key, lang
        The text, and the reader's language.
    values
        What it names; ``sector_names`` and ``epci_names`` (code to name) call its sectors and EPCI
        by their names too.

    Raises
    ------
    LookupError
        When the catalogue has no such key: a mistake of ours, never of the reader.
    """
    try:
        words = catalogue()[key][lang]
    except KeyError:
        raise LookupError(f"no text {key!r} in language {lang!r}") from None
    names, epci = (values.get(key) for key in (_NAMES, _EPCI))
    writer = _Writer(
        lang, names if isinstance(names, Mapping) else {}, epci if isinstance(epci, Mapping) else {}
    )
    return writer.vformat(words, (), values)


@dataclass(frozen=True)
class Message:
    """A text of the catalogue with its values, not yet in any language."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, key: str, /, **values: object) -> Message:
        """Make a message: ``Message.of("coverage.over_100", place=..., share=...)``."""
        return cls(key, MappingProxyType(values))

    def naming(self, names: Mapping[str, str]) -> Message:
        """Return the message with the names of the sectors that it, or one it holds, speaks of."""
        if not names:
            return self
        held = {
            key: value.naming(names) if isinstance(value, Message) else value
            for key, value in self.values.items()
        }
        return Message(self.key, MappingProxyType({**held, _NAMES: names}))

    def say(self, lang: str = "fr") -> str:
        """Put it into words."""
        return say(self.key, lang, **self.values)

    def __str__(self) -> str:
        return self.say()
