"""What must be there: tables, rows and cells that others call for, and where sectors stand."""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Mapping
from typing import Any, Final

from planner.texts import Message, catalogue, number
from planner.verify._ground import Ground, is_none
from planner.vocab import Level, Opinion, Phase

__all__ = ["judge_whole"]

_FOLLOWS: Final[Mapping[str, tuple[str, ...]]] = {
    "programme": ("coverage", "costs", "balances", "epci_service", "region", "departements"),
    "epci_service": ("fairness",),
    "costs": ("prices",),
    "criteria": ("criteria_scores",),
}
"""What comes with a table that has rows."""
_LEVELS: Final = (
    (Level.REGION.value, "region", "code"),
    (Level.DEPARTEMENT.value, "departements", "code"),
    (Level.EPCI.value, "epci", "siren"),
    (Level.COMMUNE.value, "communes", "insee"),
    (Level.ZONE.value, "zones", "zone_id"),
)
_LANGUAGES: Final = ("fr", "en")
_OUTSIDE: Final = "coverage.unknown_commune"
_MAY_LACK: Final = frozenset({"premises_max_count"})
"""A size may have no upper bound; every other count is known everywhere or nowhere."""


def judge_whole(ground: Ground) -> None:
    """Check that nothing which other tables call for was left out or blanked.

    Parameters
    ----------
    ground
        The tables; it keeps what is broken.
    """
    judge = _Whole(ground)
    judge.tables()
    judge.coverage()
    judge.scores()
    judge.places()
    judge.findings()


class _Whole:
    def __init__(self, ground: Ground) -> None:
        self.on = ground

    def tables(self) -> None:
        """Check that what a plan always says is said."""
        for name, others in _FOLLOWS.items():
            for other in others if self.on.rows(name) else ():
                self.on.check("missing_table", other, broken=not self.on.rows(other), of=name)

    def coverage(self) -> None:
        """Check that each territory is counted, and that what is known of one is of all."""
        rows = self.on.rows("coverage")
        there = {(str(row["level"]), str(row["code"])) for row in rows}
        for level, table, key in _LEVELS if rows else ():
            for row in self.on.rows(table):
                at = (level, str(row[key]))
                self.on.check("missing_row", "/".join(at), broken=at not in there, table="coverage")
        for column in (name for name in (rows[0] if rows else ()) if name.endswith("_count")):
            absent = [f"{row['level']}/{row['code']}" for row in rows if is_none(row[column])]
            if column in _MAY_LACK or len(absent) == len(rows):
                continue
            self.on.checks["blank"] += len(rows) - len(absent)
            for place in absent:
                self.on.check("blank", place, broken=True, table="coverage", column=column)
        self._upper_bounds(rows)

    def _upper_bounds(self, rows: list[dict[str, Any]]) -> None:
        """Check that an upper bound is absent only where that of a part is."""
        most = {(str(row["level"]), str(row["code"])): row["premises_max_count"] for row in rows}
        home = {str(row["insee"]): row for row in self.on.rows("communes")}
        whole = [str(row["code"]) for row in self.on.rows("region")]
        # premises outside every commune are the region's alone
        outside = any(str(r["rule"]) == _OUTSIDE for r in self.on.rows("findings"))
        commune, sector = Level.COMMUNE.value, Level.SECTOR.value
        for level, below, of in (
            (Level.REGION.value, commune, dict.fromkeys(home, whole[0] if whole else None)),
            (Level.DEPARTEMENT.value, commune, {k: r["departement"] for k, r in home.items()}),
            (Level.EPCI.value, commune, {k: r["epci_siren"] for k, r in home.items()}),
            (Level.ZONE.value, sector, {k: r["zone_id"] for k, r in self.on.sector.items()}),
        ):
            open_ended = {
                str(of[code])
                for (at, code), value in most.items()
                if at == below and is_none(value) and not is_none(of.get(code))
            }
            for (at, code), value in sorted(most.items()):
                if at == level and not (outside and level == Level.REGION.value):
                    self.on.check(
                        "blank", f"{level}/{code}", table="coverage", column="premises_max_count",
                        broken=is_none(value) and code not in open_ended,
                    )  # fmt: skip

    def scores(self) -> None:
        """Check that each sector that has criteria has its score."""
        there = {str(row["sector_id"]) for row in self.on.rows("criteria_scores")}
        for key in sorted({str(row["sector_id"]) for row in self.on.rows("criteria")}):
            self.on.check("missing_row", key, broken=key not in there, table="criteria_scores")

    def places(self) -> None:
        """Check in which commune, département and EPCI each sector is said to be."""
        home = {str(row["insee"]): row for row in self.on.rows("communes")}
        for insee, row in sorted(home.items()):
            code = str(row["departement"])
            due = code if insee.startswith(code) else insee[: len(code)]
            self.on.cell("communes", insee, "departement", code, due)
        for key, row in sorted(self.on.sector.items()):
            insee, code = str(row["insee"]), str(row["departement"])
            known = home.get(insee)
            due = code if insee.startswith(code) else insee[: len(code)]
            due = due if known is None else str(known["departement"])
            self.on.cell("sectors", key, "departement", code, due)
            # whoever gives sectors may name any EPCI that has premises there
            parts = self.on.shares[key]
            held = sorted(actor for actor, count in parts if count and not actor.startswith("D"))
            said, alone = row["epci_siren"], len(held) == sum(count > 0 for _, count in parts)
            fits = not held or (not alone if is_none(said) else str(said) in held)
            self.on.cell("sectors", key, "epci_siren", said, said if fits else held[0])

    def findings(self) -> None:
        """Check the identifier of each finding, and those that follow from other tables."""
        for row in self.on.rows("findings"):
            text = f"{row['rule']}|{row['table']}|{row['place']}"
            due = hashlib.sha256(text.encode()).hexdigest()[:12]
            place, rule = str(row["place"]), str(row["rule"])
            self.on.cell("findings", place, "finding_id", row["finding_id"], due)
            for column, key in (("message", rule), ("remedy", f"{rule}_remedy")):
                told = str(row[column])
                like = _is_like(told, key, int(row["count"]))
                self.on.cell("findings", place, column, told, told if like else None)
        self._told("concertation.against_advice", self._against())
        self._told("coverage.over_100", self._over())

    def _told(self, rule: str, due: Mapping[str, Message | None]) -> None:
        """Check that a rule has a finding for each place that calls for it, and for no other."""
        said = {
            str(row["place"]): row for row in self.on.rows("findings") if str(row["rule"]) == rule
        }
        for place in sorted({*said, *due}):
            broken = (place in said) != (place in due)
            self.on.check("finding", place, broken=broken, finding=rule)
            words = due.get(place)
            if words is not None and place in said:
                told, every = str(said[place]["message"]), [words.say(one) for one in _LANGUAGES]
                worth = told if told in every else every[0]
                self.on.cell("findings", place, "message", told, worth)

    def _against(self) -> dict[str, Message | None]:
        """Return what is told of each EPCI some of whose sectors are in against the advice."""
        keys: dict[str, list[str]] = {}
        for row in self.on.rows("advice"):
            decided = self.on.decided.get(str(row["sector_id"]), {})
            chosen = str(decided.get("phase")) == Phase.PHASE_2.value
            if chosen and str(row["opinion"]) == Opinion.AGAINST.value:
                keys.setdefault(str(row["epci_siren"]), []).append(str(row["sector_id"]))
        return {
            actor: Message.of(
                "concertation.against_advice", place=actor, count=len(of), sectors=sorted(of)
            ).naming(self.on.names)
            for actor, of in keys.items()
        }

    def _over(self) -> dict[str, Message | None]:
        """Return the territories with more premises served than there are."""
        return {
            str(row["code"]): None
            for row in self.on.rows("coverage")
            if not is_none(row["coverage_rate"]) and float(row["coverage_rate"]) > 1
        }


def _is_like(told: str, key: str, count: int) -> bool:
    """Return whether a sentence is that of a text, whatever it names, with this count."""
    texts = catalogue().get(key, {})
    return any(re.fullmatch(_pattern(texts[lang], lang, count), told, re.DOTALL) for lang in texts)


def _pattern(words: str, lang: str, count: int) -> str:
    """Return what the sentences of a text look like."""
    parts = []
    for literal, name, spec, _ in string.Formatter().parse(words):
        parts.append(re.escape(literal))
        if name == "count" and spec == "n":
            parts.append(re.escape(number(count, lang)))
        elif name is not None:
            parts.append(".*")
    return "".join(parts)
