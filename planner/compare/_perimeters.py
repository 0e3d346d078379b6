"""Two plans on the EPCI of two years: which are of one side only, which have other communes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from planner.texts import say

__all__ = ["Holding", "Perimeters", "compare_perimeters", "shared_names"]

_SHOWN = 5
_NOBODY = ""

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True, kw_only=True)
class Holding:
    """The public lines of one EPCI on the first side and on the second one; None: it isn't there.

    Parameters
    ----------
    code, nom
        The EPCI.
    before, after
        Its lines in sectors.
    """

    code: str
    nom: str
    before: int | None
    after: int | None


@dataclass(frozen=True, kw_only=True)
class Perimeters:
    """How the EPCI of two plans differ.

    Parameters
    ----------
    before, after
        What the two plans are called.
    holdings
        The EPCI of one side only, and those of both whose communes aren't the same, by code.
    lines_before, lines_after
        Public lines of all the EPCI, and of no EPCI, on each side.
    """

    before: str
    after: str
    holdings: tuple[Holding, ...]
    lines_before: int
    lines_after: int

    def say(self, lang: str = "fr", /) -> str:
        """Name them, with their lines on each side, and the totals."""
        return "\n".join(self._sentences(lang))

    def _sentences(self, lang: str) -> Iterator[str]:
        sides = {"before": self.before, "after": self.after}
        yield say("compare.perimeters", lang, **sides)
        kinds: dict[str, list[Holding]] = {}
        for one in self.holdings:
            gone, new = one.after is None, one.before is None
            kinds.setdefault("gone" if gone else "new" if new else "changed", []).append(one)
        for kind in ("gone", "new", "changed"):
            listed = kinds.get(kind, [])
            if not listed:
                continue
            words = [
                say(f"compare.perimeter_{kind}", lang, nom=one.nom, code=one.code,
                    lines=one.before if kind == "gone" else one.after, lines_before=one.before or 0)
                for one in listed[:_SHOWN]
            ]  # fmt: skip
            if len(listed) > _SHOWN:
                words.append(say("compare.perimeters_more", lang, count=len(listed) - _SHOWN))
            yield say(f"compare.perimeters_{kind}", lang, listed=", ".join(words), **sides)
        key = "same" if self.lines_before == self.lines_after else "differ"
        yield say(
            f"compare.perimeters_{key}", lang, lines_before=self.lines_before,
            lines_after=self.lines_after,
        )  # fmt: skip


def compare_perimeters(
    before: Tables, after: Tables, *, names: tuple[str, str]
) -> Perimeters | None:
    """Return how the EPCI of two plans differ; None where they are the same.

    Parameters
    ----------
    before, after
        Tables ``epci``, ``communes`` and ``sector_shares`` of each side.
    names
        What the two plans are called.
    """
    if not all("epci" in side and "communes" in side for side in (before, after)):
        return None
    old, new = _epci_of(before), _epci_of(after)
    names_of = [_names(side) for side in (after, before)]
    moved = {
        code
        for insee in old.keys() & new.keys()
        if old[insee] != new[insee]
        for code in (old[insee], new[insee])
    }
    codes = (set(names_of[0]) ^ set(names_of[1])) | (moved - {_NOBODY})
    if not codes:
        return None
    lines = [_lines(side) for side in (before, after)]
    held = tuple(
        Holding(
            code=code, nom=names_of[0].get(code) or names_of[1][code],
            before=lines[0][code] if code in names_of[1] else None,
            after=lines[1][code] if code in names_of[0] else None,
        )
        for code in sorted(codes)
    )  # fmt: skip
    return Perimeters(
        before=names[0], after=names[1], holdings=held,
        lines_before=lines[0].total(), lines_after=lines[1].total(),
    )  # fmt: skip


def shared_names(before: Tables, after: Tables) -> frozenset[str]:
    """Return the names that EPCI of several codes have on the two sides."""
    pairs = {pair for side in (before, after) if "epci" in side for pair in _names(side).items()}
    count = Counter(name for _, name in pairs)  # a pair is there once: each has a code of its own
    return frozenset(name for name in count if count[name] > 1)


def _epci_of(side: Tables) -> dict[str, str]:
    communes = side["communes"]
    siren = communes["epci_siren"].astype("object").where(communes["epci_siren"].notna(), _NOBODY)
    return dict(zip(communes["insee"].astype(str), siren.astype(str), strict=True))


def _names(side: Tables) -> dict[str, str]:
    return dict(
        zip(side["epci"]["siren"].astype(str), side["epci"]["nom"].astype(str), strict=True)
    )


def _lines(side: Tables) -> Counter[str]:
    shares = side["sector_shares"]
    siren = shares["epci_siren"].astype("object").where(shares["epci_siren"].notna(), _NOBODY)
    found: Counter[str] = Counter()
    for code, count in zip(siren.astype(str), shares["premises_count"], strict=True):
        found[code] += int(count)
    return found
