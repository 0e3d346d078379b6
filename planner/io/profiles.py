"""What the columns of a delivery mean, recognised by their names and never by their place.

Sources: ARCEP, « Le marché du haut et très haut débit fixe (déploiements) », file of buildings
(*immeubles*, EPSG:4326) and « Ma connexion internet », file ``base_imb`` (EPSG:3857), editions of
the second quarter of 2026; the IPE exchange format of Interop'Fibre.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from planner.crs import GEOGRAPHIC_CRS, WORKING_CRS
from planner.errors import ContractError
from planner.texts import Message
from planner.vocab import fold

__all__ = [
    "PREMISES_COLUMNS", "PREMISES_PROFILES", "PROJECTIONS", "SIZE_CLASSES", "Mapped", "Profile",
    "map_columns",
]  # fmt: skip

PREMISES_COLUMNS: Final = (
    "premise_id", "building_id", "insee", "kind", "premises", "premises_min", "premises_max",
    "size_class", "state", "on", "x", "y", "projection",
)  # fmt: skip
"""What ``columns=`` of :func:`planner.io.read_premises` may map."""

SIZE_CLASSES: Final[Mapping[str, tuple[int, int | None]]] = MappingProxyType(
    {
        "individuel": (1, 1),
        "entre 2 et 11": (2, 11),
        "entre 12 et 35": (12, 35),
        "entre 36 et 99": (36, 99),
        "100 et plus": (100, None),
    }
)
"""ARCEP's classes of buildings (``catg_loc_imb``), folded: fewest and most premises."""

PROJECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "wgs84": GEOGRAPHIC_CRS, "wgs 84": GEOGRAPHIC_CRS, "epsg:4326": GEOGRAPHIC_CRS,
        "4326": GEOGRAPHIC_CRS, "rgf93": WORKING_CRS, "lambert93": WORKING_CRS,
        "lambert 93": WORKING_CRS, "rgf93/lambert93": WORKING_CRS, "rgf93/lambert 93": WORKING_CRS,
        "rgf93 / lambert 93": WORKING_CRS, "l93": WORKING_CRS, "epsg:2154": WORKING_CRS,
        "2154": WORKING_CRS,
    }
)  # fmt: skip
"""``TypeProjectionGeographique`` of IPE, folded, in metropolitan France."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A known format: the columns that tell it, what they mean, where its positions lie.

    ``keys`` are the columns that hold the identifier, one or the other, each with what is written
    before it so that they can't be confused.
    """

    name: str
    signature: frozenset[str]
    columns: Mapping[str, str]
    crs: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)


PREMISES_PROFILES: Final = (
    Profile(
        name="planner",
        signature=frozenset({"premise_id", "insee", "x_m", "y_m"}),
        columns={
            "premise_id": "premise_id", "building_id": "building_id", "insee": "insee",
            "kind": "kind", "premises_min": "premises_min", "premises_max": "premises_max",
            "state": "state", "on": "on", "x": "x_m", "y": "y_m",
        },
        crs=WORKING_CRS,
    ),
    Profile(
        name="arcep_immeubles",
        signature=frozenset({"imb_id", "code_insee", "catg_loc_imb", "imb_etat"}),
        columns={
            "premise_id": "imb_id", "insee": "code_insee", "size_class": "catg_loc_imb",
            "state": "imb_etat", "x": "x", "y": "y",
        },
        crs=GEOGRAPHIC_CRS,
    ),
    Profile(
        name="arcep_base_imb",
        signature=frozenset({"imb_id", "imb_code_insee", "imb_nbr_logloc"}),
        columns={
            "premise_id": "imb_id", "building_id": "imb_code", "insee": "imb_code_insee",
            "premises": "imb_nbr_logloc", "x": "imb_x", "y": "imb_y",
        },
        crs="EPSG:3857",
    ),
    Profile(
        name="ipe",
        signature=frozenset({"identifiantimmeuble", "codeinseeimmeuble", "etatimmeuble"}),
        columns={
            "premise_id": "IdentifiantImmeuble", "insee": "CodeInseeImmeuble",
            "premises": "NombreLogementsAdresseIPE", "state": "EtatImmeuble",
            "on": "DateDerniereModification", "x": "CoordonneeImmeubleX",
            "y": "CoordonneeImmeubleY", "projection": "TypeProjectionGeographique",
        },
    ),
    Profile(
        name="openstreetmap",
        signature=frozenset({"osm_id", "osm_way_id", "building"}),
        columns={"premise_id": "osm_way_id"},
        keys={"osm_way_id": "way/", "osm_id": "relation/"},
    ),
    Profile(
        name="generic",
        signature=frozenset(),
        columns={name: name for name in PREMISES_COLUMNS},
    ),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """Our columns and the file's, and the format recognised."""

    profile: Profile
    columns: Mapping[str, str]

    def names(self) -> list[str]:
        """Return the columns of the file to read, each once."""
        return list(dict.fromkeys([*self.columns.values(), *self.keys()]))

    def keys(self) -> Mapping[str, str]:
        """Return the columns of the identifier where there are several, else nothing."""
        usual = self.columns.get("premise_id") == self.profile.columns.get("premise_id")
        return self.profile.keys if usual else {}


def map_columns(
    available: Sequence[str],
    *,
    file: str,
    table: str,
    profiles: Sequence[Profile],
    required: Sequence[str],
    columns: Mapping[str, str] | None = None,
) -> Mapped:
    """Find which column of the file holds what.

    Case and accents don't matter in the names of a known format; ``columns`` is taken as written.

    Raises
    ------
    ContractError
        When a required column isn't there, or ``columns`` names one that we don't know or that the
        file lacks; every such name is listed.
    """
    asked = dict(columns or {})
    folded = {fold(name).replace(" ", "_"): name for name in reversed(available)}
    profile = next(p for p in profiles if p.signature <= folded.keys() or not p.signature)
    found = {
        ours: folded[key]
        for ours, theirs in profile.columns.items()
        if (key := fold(theirs).replace(" ", "_")) in folded
    }
    known = dict.fromkeys(name for p in profiles for name in p.columns)
    unknown = [ours for ours in asked if ours not in known]
    if unknown:
        values = {"columns": ", ".join(unknown), "known": ", ".join(known), "file": file}
        raise ContractError(
            Message.of("io.unknown_mapping", **values),
            Message.of("io.unknown_mapping_remedy", **values),
        )
    absent = [theirs for theirs in asked.values() if theirs not in available]
    found |= asked
    absent += [ours for ours in required if ours not in found]
    if absent:
        _raise_missing(absent, available, file=file, table=table)
    return Mapped(profile=profile, columns=found)


def _raise_missing(
    absent: Sequence[str], available: Sequence[str], *, file: str, table: str
) -> None:
    near = [
        f"{name} ≈ {match}"
        for name in absent
        for match in get_close_matches(name, available, n=1, cutoff=0.5)
    ]
    values = {
        "file": file, "table": table, "missing": ", ".join(absent),
        "found": ", ".join(name for name in available if name) or "—",
        "near": ", ".join(near) or "—",
        "first": absent[0],
    }  # fmt: skip
    raise ContractError(
        Message.of("io.missing_columns", **values),
        Message.of("io.missing_columns_remedy", **values),
    )
