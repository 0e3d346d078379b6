"""Columns that several tables share, and short ways to write the others."""

from __future__ import annotations

from typing import Any, Final

from planner.contracts import Column
from planner.vocab import Term

INSEE: Final = r"(?:[0-9]{2}|2[AB])[0-9]{3}"
SIREN: Final = r"[0-9]{9}"
ACTOR: Final = r"[0-9]{9}|D[0-9]{2}"


def insee(
    name: str = "insee", *, nullable: bool = False, title: tuple[str, str] | None = None
) -> Column:
    return Column(
        name=name, type="str", nullable=nullable, pattern=INSEE, example="35236",
        title=title or ("Commune (INSEE)", "Commune (INSEE)"),
        description=("Code INSEE, texte de 5 caractères", "INSEE code, text of 5 characters"),
    )  # fmt: skip


def siren(
    name: str = "epci_siren", *, nullable: bool = False, title: tuple[str, str] | None = None
) -> Column:
    return Column(
        name=name, type="str", nullable=nullable, pattern=SIREN, example="243500741",
        title=title or ("EPCI (SIREN)", "EPCI (SIREN)"),
        description=(
            "SIREN de l'EPCI, texte de 9 chiffres ; absent pour une île sans EPCI",
            "SIREN of the EPCI, text of 9 digits; absent for an island without EPCI",
        ),
    )  # fmt: skip


def actor() -> Column:
    return Column(
        name="epci_siren", type="str", pattern=ACTOR, example="243500741",
        title=("EPCI (SIREN)", "EPCI (SIREN)"),
        description=(
            "SIREN de l'EPCI ; « D29 » quand le département 29 propose pour ses îles sans EPCI",
            "SIREN of the EPCI; 'D29' when the département 29 proposes for its islands without EPCI",
        ),
    )  # fmt: skip


def text(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: Any) -> Column:
    return Column(name=name, type="str", title=(fr, en), description=(about_fr, about_en), **more)


def term(
    name: str, terms: type[Term], fr: str, en: str, about_fr: str, about_en: str, **more: Any
) -> Column:
    return Column(
        name=name, type="str", terms=terms, title=(fr, en), description=(about_fr, about_en), **more
    )


def count(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: Any) -> Column:
    more.setdefault("unit", "premises")
    return Column(
        name=name, type="int", minimum=0,
        title=(fr, en), description=(about_fr, about_en), **more,
    )  # fmt: skip


def cents(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: Any) -> Column:
    return Column(
        name=name, type="int", unit="cent", title=(fr, en), description=(about_fr, about_en),
        **({"minimum": 0} | more),
    )  # fmt: skip


def share(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: Any) -> Column:
    return Column(
        name=name, type="float", minimum=0, title=(fr, en), description=(about_fr, about_en), **more
    )


def date(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: Any) -> Column:
    return Column(name=name, type="date", title=(fr, en), description=(about_fr, about_en), **more)


def metres(name: str, fr: str, en: str) -> Column:
    return Column(
        name=name, type="float", unit="m", title=(fr, en),
        description=("Lambert-93 (EPSG:2154)", "Lambert-93 (EPSG:2154)"),
    )  # fmt: skip


SYNTHETIC: Final = Column(
    name="synthetic",
    type="bool",
    title=("Synthétique", "Synthetic"),
    description=(
        "Vrai si la ligne est fabriquée pour l'exemple et ne décrit pas la réalité",
        "True when the row is made up as an example and does not describe reality",
    ),
)
SOURCE: Final = text(
    "source", "Source", "Source", "D'où vient la ligne", "Where the row comes from"
)
NOM: Final = text("nom", "Nom", "Name", "Nom usuel", "Usual name")
SECTOR_ID: Final = text(
    "sector_id", "Secteur", "Sector",
    "Identifiant stable du secteur", "Stable identifier of the sector", example="35236-03",
)  # fmt: skip
QUARTER: Final = r"[0-9]{4}-T[1-4]"
