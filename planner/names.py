"""Places named by people: exact names are found, damaged ones are only ever proposed.

A scan prints "Landernau" for Landerneau.  Nothing here takes one for the other by itself: either
the spelling, once folded, is the name, or the nearest names are listed with a score and somebody
confirms.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import Final

import pandas as pd

from planner.errors import UnknownNameError
from planner.texts import Message, say
from planner.vocab import Level, fold

__all__ = ["Match", "NameRules", "find_place", "fold_name", "is_part", "resolve_place"]

_ABBREVIATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"st": "saint", "ste": "sainte", "s.": "saint", "s/": "sur", "ss": "sous"}
)
_LEVEL_ORDER: Final[Mapping[str, int]] = MappingProxyType(
    {code: place for place, code in enumerate(Level.codes())}
)


@dataclass(frozen=True, kw_only=True)
class NameRules:
    """What is proposed for a name that is not found.

    Parameters
    ----------
    proposals_count
        How many names at most.
    score_min
        Lowest score proposed, in [0, 1].  The damaged town names of the activity report of 2017
        score 0.75 ("Carhaat-Plougauc") and more with the town meant, but neighbours' names do
        too (Landeleau has 0.78 with "Landernau"): a score proposes and never decides.
    """

    proposals_count: int = 5
    score_min: float = 0.6


_DEFAULT_RULES = NameRules()


@dataclass(frozen=True, kw_only=True)
class Match:
    """A place that a spelling may mean.

    Parameters
    ----------
    level, code, nom
        The place.
    score
        How much the folded spelling and name share, in [0, 1]: twice the characters of their
        common blocks ÷ the characters of both (Ratcliff and Obershelp, as ``difflib`` computes
        it); 1 for an exact match.
    exact
        Whether the spelling is the code, or is the name but for case, accents, hyphens and usual
        abbreviations.
    confirmed
        Whether somebody said that the spelling means this place.
    part
        Whether it is called a region and is but a part of one.
    """

    level: Level
    code: str
    nom: str
    score: float
    exact: bool
    confirmed: bool = False
    part: bool = False

    def say(self, lang: str = "fr", /) -> str:
        """Put the match into words, its score included unless it is exact."""
        return say(
            "names.exact" if self.exact else "names.scored",
            lang, nom=self.nom, level=Message.of("names.part") if self.part else self.level,
            code=self.code, score=self.score,
        )  # fmt: skip


def is_part(nom: str, places: Collection[str]) -> bool:
    """Whether a whole is but a part of a region: it bears the names of places that it holds.

    Parameters
    ----------
    nom
        Of the whole, as a territory that keeps some places alone is named.
    places
        Names of the communes, EPCI and départements that it holds.

    Examples
    --------
    >>> is_part("Ille-et-Vilaine", {"Ille-et-Vilaine", "Redon"}), is_part("Bretagne", {"Redon"})
    (True, False)
    """
    return all(one in places for one in nom.split(", "))


def fold_name(text: str) -> str:
    """Return a name without case, accents, hyphens, ligatures and usual abbreviations.

    Examples
    --------
    >>> fold_name("S. Brieuc"), fold_name("Ste-Anne-d’Auray"), fold_name("PLŒMEUR")
    ('saint brieuc', 'sainte anne d auray', 'ploemeur')
    """
    plain = text.replace("’", "'").replace("\N{MODIFIER LETTER APOSTROPHE}", "'")
    plain = plain.replace("s/", "s/ ").replace("S/", "S/ ").replace(".", ". ")
    plain = fold(plain).replace("œ", "oe").replace("æ", "ae")
    words = []
    for word in plain.split():
        bare = word.rstrip(".")
        # a lone S is a letter, "S." is a saint
        words.append(_ABBREVIATIONS.get(word) or _ABBREVIATIONS.get(bare) or bare)
    return " ".join(word for word in words if word)


def find_place(
    names: pd.DataFrame,
    query: str,
    *,
    level: Level | None = None,
    rules: NameRules = _DEFAULT_RULES,
) -> tuple[Match, ...]:
    """Return the places that a spelling may mean, the likeliest first.

    Parameters
    ----------
    names
        ``level``, ``code`` and ``nom`` of the places.
    query
        A code or a name, as somebody wrote it.
    level
        Look at that level only.
    rules
        How many are proposed, and from which score.

    Returns
    -------
    tuple of Match
        The exact ones where there are any; else proposals by decreasing score, then level and
        code; empty where nothing comes near.

    Examples
    --------
    >>> names = pd.DataFrame({"level": ["commune", "commune"], "code": ["29103", "29105"],
    ...                       "nom": ["Landerneau", "Landivisiau"]})
    >>> best = find_place(names, "Landernau")[0]
    >>> best.code, round(best.score, 2), best.exact
    ('29103', 0.95, False)
    >>> find_place(names, "LANDERNEAU")[0].exact
    True
    """
    places = _places(names, level)
    wanted = fold_name(query)
    exact = tuple(
        place for place in places if place.code == query.strip() or fold_name(place.nom) == wanted
    )
    if exact:
        return tuple(replace(place, score=1.0, exact=True) for place in exact)
    matcher = SequenceMatcher(isjunk=None, autojunk=False)
    matcher.set_seq2(wanted)  # what it remembers of the second text serves for every name
    scored = []
    for place in places:
        matcher.set_seq1(fold_name(place.nom))
        # the first two are cheap bounds of the third
        if (
            matcher.real_quick_ratio() >= rules.score_min
            and matcher.quick_ratio() >= rules.score_min
            and (score := matcher.ratio()) >= rules.score_min
        ):
            scored.append(replace(place, score=score))
    scored.sort(key=lambda match: -match.score)  # places come by level and code, and stay so
    return tuple(scored[: rules.proposals_count])


def resolve_place(
    names: pd.DataFrame,
    query: str,
    *,
    level: Level | None = None,
    confirmed: Mapping[str, str] = MappingProxyType({}),
    rules: NameRules = _DEFAULT_RULES,
) -> Match:
    """Return the one place that a spelling means, or refuse to guess.

    Parameters
    ----------
    names
        ``level``, ``code`` and ``nom`` of the places.
    query
        A code or a name, as somebody wrote it.
    level
        The level meant, where places of several levels share the name.
    confirmed
        Spellings that somebody confirmed, each with the code it means.
    rules
        What is proposed for a name that is not found.

    Raises
    ------
    UnknownNameError
        When no place has this name (the nearest ones are listed with their scores, and how to
        confirm one), or when several do.  A territory that keeps one place alone bears its name,
        and gives way to it.
    """
    code = {fold_name(spelling): code for spelling, code in confirmed.items()}.get(fold_name(query))
    found = find_place(names, query, level=level, rules=rules)
    if code is not None:
        found = _confirmed(names, query, code, level)
    exact = tuple(match for match in found if match.exact or match.confirmed)
    # a territory that keeps one place alone bears its name, and is that place
    own = exact if len(exact) == 1 else tuple(match for match in exact if not match.part)
    if len(own) == 1:
        return own[0]
    if exact:
        raise UnknownNameError(
            Message.of("names.ambiguous", query=query, choices=_Choices(exact)),
            Message.of(
                "names.ambiguous_level_remedy"
                if len({match.level for match in exact}) == len(exact)
                else "names.ambiguous_code_remedy",
                level=exact[-1].level.value,
                code=exact[-1].code,
            ),
        )
    if found:
        raise UnknownNameError(
            Message.of("names.unknown", query=query, choices=_Choices(found)),
            Message.of("names.unknown_remedy", query=query, code=found[0].code),
        )
    raise UnknownNameError(
        Message.of("names.nothing_near", query=query), Message.of("names.nothing_near_remedy")
    )


def _confirmed(
    names: pd.DataFrame, query: str, code: str, level: Level | None
) -> tuple[Match, ...]:
    wanted = fold_name(query)
    found = tuple(place for place in _places(names, level) if place.code == code)
    if not found:
        raise UnknownNameError(
            Message.of("names.confirmed_unknown", query=query, code=code),
            Message.of("names.confirmed_unknown_remedy"),
        )
    return tuple(
        replace(
            place,
            score=SequenceMatcher(None, fold_name(place.nom), wanted, autojunk=False).ratio(),
            confirmed=True,
        )
        for place in found
    )


def _places(names: pd.DataFrame, level: Level | None) -> list[Match]:
    """Return the places by level and code, without a score."""
    rows = {
        (str(row_level), str(code), str(nom))
        for row_level, code, nom in zip(names["level"], names["code"], names["nom"], strict=True)
        if level is None or row_level == level.value
    }
    whole = Level.REGION.value
    held = {str(nom) for nom in names.loc[names["level"] != whole, "nom"]}
    return [
        Match(
            level=Level(row_level), code=code, nom=nom, score=0.0, exact=False,
            part=row_level == whole and is_part(nom, held),
        )
        for row_level, code, nom in sorted(rows, key=lambda row: (_LEVEL_ORDER[row[0]], row[1:]))
    ]  # fmt: skip


@dataclass(frozen=True)
class _Choices:
    """Matches, one a line, put into words with the message that holds them."""

    matches: tuple[Match, ...]

    def say(self, lang: str = "fr", /) -> str:
        """Put the list into words."""
        return "\n".join(f"  • {match.say(lang)}" for match in self.matches)
