"""Where an address lies, by a file in the format of the national address base (BAN).

Nothing is guessed: an address is found when its number is there and its street is written nearly as
it is known, and no other is as near; else its requester is asked, with the known ones beside.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from rapidfuzz import fuzz, process

from planner.crs import transform_xy
from planner.errors import DataFileError
from planner.io.opening import open_source
from planner.io.register_rules import RegisterRules
from planner.io.values import as_numbers, as_text
from planner.texts import Message
from planner.vocab import PlaceSource, fold

__all__ = ["AddressBook", "Located", "read_addresses"]

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "number": ("numero",),
    "repeat": ("rep",),
    "street": ("nom_voie",),
    "insee": ("code_insee",),
    "postcode": ("code_postal", "code_post"),
    "commune": ("nom_commune",),
    "hamlet": ("nom_ld",),
    "former": ("nom_ancienne_commune",),
}
"""Columns by their names in the editions of the file, the newest first."""
_NEEDED: Final = ("number", "repeat", "street", "insee")
_REPEATS: Final[Mapping[str, str]] = {"b": "bis", "t": "ter", "q": "quater"}
_SHORT: Final[Mapping[str, str]] = {
    "all": "allee", "av": "avenue", "ave": "avenue", "bd": "boulevard", "bld": "boulevard",
    "boul": "boulevard", "ch": "chemin", "che": "chemin", "chem": "chemin", "imp": "impasse",
    "pl": "place", "pce": "place", "r": "rue", "rte": "route", "sq": "square", "res": "residence",
    "lot": "lotissement", "za": "zone artisanale", "zi": "zone industrielle",
    "zac": "zone d activites", "pa": "parc d activites", "ld": "lieu dit", "st": "saint",
    "ste": "sainte", "dr": "docteur", "gal": "general", "mal": "marechal", "fg": "faubourg",
}  # fmt: skip
"""Abbreviations of postal addresses, in full."""
_STREET_WEIGHT: Final = 0.8
"""What the street weighs in the score; the number weighs the rest."""
_OTHER_REPEAT: Final = 0.5
"""What a right number with another letter is worth of the number's weight."""
# a letter apart from its number is a repeat from a to h only: "12 r des Lilas" is a street
_FIRST: Final = re.compile(
    r"^(\d{1,4})(?:\s*(bis|ter|quater)\b|([a-z])\b|\s([a-h])\b)?(?!\d)\s*(.*)$"
)
_POSTCODE: Final = re.compile(r"\b(\d{5})\b\s*(.*)$")
_SHOWN: Final = 3
_LEAST: Final = 50.0  # per cent of likeness below which a street is not worth showing


@dataclass(frozen=True, kw_only=True)
class Located:
    """What an address file says of an address.

    Parameters
    ----------
    source
        Found, ambiguous or not found.
    place
        x, y in EPSG:2154; None unless it is found.
    score
        Likeness of the best known address, 0 to 1; 0 when nothing is like it.
    known
        The known addresses most like it, with their scores, for whoever asks the requester.
    """

    source: PlaceSource
    place: tuple[float, float] | None
    score: float
    known: tuple[tuple[str, float], ...] = ()


@dataclass
class _Street:
    label: str
    at: dict[tuple[str, str], list[tuple[float, float]]] = field(default_factory=dict)


class AddressBook:
    """Known addresses by commune, as :func:`read_addresses` reads them."""

    def __init__(self) -> None:
        self._streets: dict[str, dict[str, _Street]] = defaultdict(dict)
        self._by_post: dict[str, set[str]] = defaultdict(set)
        self._by_name: dict[str, set[str]] = defaultdict(set)

    def __len__(self) -> int:
        """Return how many addresses are known."""
        streets = (street for commune in self._streets.values() for street in commune.values())
        return sum(len(places) for street in streets for places in street.at.values())

    def add(self, row: Mapping[str, str | None], place: tuple[float, float]) -> None:
        """Enter one address of the file."""
        insee = row["insee"] or ""
        for name in (row["street"], row.get("hamlet")):
            if name:
                known = self._streets[insee].setdefault(_plain(name), _Street(label=name))
                number = (row["number"] or "").lstrip("0")
                spots = known.at.setdefault((number, _repeat(row["repeat"])), [])
                if place not in spots:
                    spots.append(place)
        if row.get("postcode"):
            self._by_post[str(row["postcode"])].add(insee)
        for name in (row.get("commune"), row.get("former")):
            if name:
                self._by_name[_plain(name)].add(insee)

    def find(self, address: str, *, insee: str | None, rules: RegisterRules) -> Located:
        """Look for an address.

        Its score is 0.8 times the likeness of the street (Levenshtein's, over words in order) plus
        0.2 when the number is known there, 0.1 when it is with another letter only.

        Parameters
        ----------
        address
            Number, street and commune as the requester wrote them.
        insee
            The commune, where it is known; else the postcode and the commune's name say it.
        rules
            From which score an address is found, and how far the next one must be behind.
        """
        tries = [address]
        if insee is not None and "," in address:
            # the commune after the last comma may bear another name in the file
            tries.append(address.rpartition(",")[0])
        found = [self._find(text, insee, rules) for text in tries]
        return max(found, key=lambda one: (one.place is not None, one.score))

    def _find(self, address: str, insee: str | None, rules: RegisterRules) -> Located:
        folded = fold(re.sub(r"[,;.\n]", " ", address))
        communes, rest = self._communes(folded, insee)
        number, repeat, street = _split(rest)
        wanted = _plain(street)
        if not communes or not wanted:
            return Located(source=PlaceSource.NOT_FOUND, place=None, score=0.0)
        scored: list[tuple[float, str, tuple[float, float], bool]] = []
        for commune in communes:
            found = process.extract(
                wanted, self._streets[commune].keys(), scorer=fuzz.ratio, limit=2 * _SHOWN,
                score_cutoff=_LEAST,
            )  # fmt: skip
            for name, likeness, _ in found:
                scored += _spots(self._streets[commune][name], likeness / 100, number, repeat)
        scored.sort(key=lambda one: (-one[0], one[1], one[2]))
        return _judged(scored, rules)

    def _communes(self, folded: str, insee: str | None) -> tuple[list[str], str]:
        """Return the communes that an address may be in, and what comes before their name."""
        rest, named = folded, ""
        post = _POSTCODE.search(folded)
        if post is not None and post.group(1) in self._by_post:
            rest, named = folded[: post.start()].strip(), _plain(post.group(2))
        elif post is not None and post.start() > 0:
            rest, named = folded[: post.start()].strip(), _plain(post.group(2))
            post = None
        else:
            post = None
        if not named:
            rest, named = self._cut_name(rest)
        if insee is not None:
            return ([insee] if insee in self._streets else []), rest
        by_name = self._by_name.get(named, set())
        by_post = self._by_post.get(post.group(1), set()) if post is not None else set()
        both = by_name & by_post
        return sorted(both or by_post or by_name), rest

    def _cut_name(self, rest: str) -> tuple[str, str]:
        """Cut the longest name of a commune off the end."""
        words = rest.split()
        for start in range(1, len(words)):
            name = _plain(" ".join(words[start:]))
            if name in self._by_name:
                return " ".join(words[:start]), name
        return rest, ""


def _spots(
    street: _Street, likeness: float, number: str, repeat: str
) -> Iterable[tuple[float, str, tuple[float, float], bool]]:
    """Score the addresses of a street: score, label, place, whether its number is right."""
    for (known, letter), places in street.at.items():
        share = 0.0
        if known == number:
            share = 1.0 if letter == repeat else _OTHER_REPEAT
        score = round(_STREET_WEIGHT * likeness + (1 - _STREET_WEIGHT) * share, 4)
        label = " ".join(part for part in (known, letter, street.label) if part)
        # without a number asked for, any number of the street is as good as another
        exact = share == 1.0 or not number
        if not number and known:
            score = round(_STREET_WEIGHT * likeness + (1 - _STREET_WEIGHT), 4)
        for place in places:
            yield score, label, place, exact


def _judged(
    scored: list[tuple[float, str, tuple[float, float], bool]], rules: RegisterRules
) -> Located:
    if not scored:
        return Located(source=PlaceSource.NOT_FOUND, place=None, score=0.0)
    best, _, place, exact = scored[0]
    shown: dict[str, float] = {}
    for score, label, *_ in scored:
        shown.setdefault(label, score)
    known = tuple(list(shown.items())[:_SHOWN])
    if best < rules.address_score_min or not exact:
        return Located(source=PlaceSource.NOT_FOUND, place=None, score=best, known=known)
    near = [spot for score, _, spot, _ in scored if score > best - rules.address_margin]
    apart = max(float(np.hypot(spot[0] - place[0], spot[1] - place[1])) for spot in near)
    if apart > rules.duplicate_m:
        return Located(source=PlaceSource.AMBIGUOUS, place=None, score=best, known=known)
    return Located(source=PlaceSource.ADDRESS, place=place, score=best, known=known)


def _split(rest: str) -> tuple[str, str, str]:
    found = _FIRST.match(rest.strip())
    if found is None:
        return "", "", rest
    number, *letters, street = found.groups()
    repeat = next((letter for letter in letters if letter), None)
    return number.lstrip("0"), _repeat(repeat), street


def _repeat(text: str | None) -> str:
    plain = fold(text or "")
    return _REPEATS.get(plain, plain)


def _plain(text: str) -> str:
    words = re.sub(r"[^a-z0-9]+", " ", fold(text)).split()
    return " ".join(_SHORT.get(word, word) for word in words)


def read_addresses(path: str | Path) -> AddressBook:
    """Read an address file in BAN's format, of 2016 or later; columns are known by their names.

    Places are ``x``, ``y`` in EPSG:2154, or ``lon``, ``lat`` where they are missing.

    Raises
    ------
    DataFileError
        When the file is unreadable, or lacks a column of BAN's format.
    """
    source = open_source(Path(path))
    named = {ours: next((n for n in names if n in source.columns), None)
             for ours, names in _NAMES.items()}  # fmt: skip
    lacking = [_NAMES[ours][0] for ours in _NEEDED if named[ours] is None]
    pairs = [pair for pair in (("x", "y"), ("lon", "lat")) if set(pair) <= set(source.columns)]
    if not pairs:
        lacking += ["x", "y"]
    if lacking:
        raise DataFileError(
            Message.of("register.addresses_columns", file=source.file, columns=", ".join(lacking)),
            Message.of("register.addresses_columns_remedy"),
        )
    there = {ours: theirs for ours, theirs in named.items() if theirs is not None}
    table = source.read([*there.values(), *(axis for pair in pairs for axis in pair)]).table
    x, y = _positions(table, pairs)
    cells = {ours: as_text(table[theirs]).to_pylist() for ours, theirs in there.items()}
    book = AddressBook()
    for i in np.flatnonzero(np.isfinite(x) & np.isfinite(y)).tolist():
        row = {ours: column[i] for ours, column in cells.items()}
        if row["insee"]:
            book.add(row, (float(x[i]), float(y[i])))
    return book


def _positions(table: Any, pairs: list[tuple[str, str]]) -> tuple[Any, Any]:  # noqa: ANN401 (Arrow's)
    x = y = None
    for first, second in pairs:
        one, two = (as_numbers(table[name])[0] for name in (first, second))
        if first == "lon":
            one, two = transform_xy(one, two, source="EPSG:4326")
        if x is None or y is None:
            x, y = one, two
        else:
            known = np.isfinite(x) & np.isfinite(y)
            x, y = np.where(known, x, one), np.where(known, y, two)
    return x, y
