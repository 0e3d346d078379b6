"""Facts of the embedded territory that no package holds, each with its date and its source.

They were read by people in published documents.  Codes of communes are those of 2025 unless the
name of the table says otherwise.  French texts here end up in files that French readers open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = [
    "EPCI_BEFORE_MERGER",
    "MERGED_BY_2019",
    "NAMES_BEFORE_2019",
    "NOT_MEMBERS",
    "PREMISES_FIGURES",
    "PRICES",
    "PRIVATE_COMMUNES_2018",
    "PROGRAMME",
    "VERY_DENSE_COMMUNES_2018",
    "VILLES_MOYENNES",
    "Row",
]

Value = str | int | float | bool | None
Row = dict[str, Value]

_REPORT: Final = "Mégalis Bretagne, rapport d'activité 2017"
_AUDIT: Final = "Juridiction financière, contrôle de Mégalis Bretagne"
_PRESS: Final = "Presse régionale"
_PUBLIC: Final = "Source publique lue par le projet"
_REGULATOR: Final = "Arcep, observatoire du haut et très haut débit, 1er trimestre 2018"
_REGULATOR_ON: Final = "2018-03-31"

# ---------------------------------------------------------------- the communes of 31 March 2018

# In the regulator's table of 31 March 2018, absent from the list of 1 January 2019.
MERGED_BY_2019: Final = tuple(
    """
    22038 22078 22100 22154 22173 22247 22253 29129 29219 35011 35053 35100 35113 35147 35269 35293
    35301 35303 35341 35344 35348 56016 56059 56138
    """.split()  # noqa: SIM905 (codes read better in lines than in a list of strings)
)

# The commune that absorbed it has another EPCI: its own of 2018, from the same table.
EPCI_BEFORE_MERGER: Final[Mapping[str, str]] = {"29129": "200067197"}

# Names in 2018 of the communes that absorbed them (the list of 2019 gives the new names only).
NAMES_BEFORE_2019: Final[Mapping[str, str]] = {
    "22093": "Lamballe",
    "22206": "Plouagat",
    "22219": "Plouguenast",
    "22264": "La Roche-Derrien",
    "29199": "Plouigneau",
    "29227": "Poullaouen",
    "35004": "Antrain",
    "35163": "Luitré",
    "35184": "Montauban-de-Bretagne",
    "35220": "Piré-sur-Seiche",
    "35282": "Saint-Jean-sur-Couesnon",
    "35292": "Saint-Marc-le-Blanc",
    "35308": "Saint-Pierre-de-Plesguen",
    "56102": "Lanouée",
    "56165": "Ploërmel",
    "56173": "Pluméliau",
}

# ---------------------------------------------------------------- who may build the network where

_PRIVATE_BY_DEPARTEMENT: Final = {
    "22": "070 081 106 113 144 176 187 215 251 278 287 307 360 372 389",
    "29": "011 019 039 046 051 061 066 069 075 134 151 169 170 173 189 212 216 232 235 254",
    "35": """
        001 024 032 039 047 049 051 055 059 065 066 070 076 079 080 081 088 115 116 120 122 131 132
        153 179 189 196 204 206 208 210 216 224 238 240 250 255 263 266 275 278 279 281 284 288 299
        306 314 315 334 351 352 353 358 360 362 363""",
    "56": """
        003 008 021 030 036 040 053 058 062 063 069 078 083 084 087 088 090 098 101 106 107 118 121
        132 137 155 158 162 164 167 179 181 185 193 206 231 243 247 248 251 254 255 259 260 262""",
}

# Very dense zone and L. 33-13 engagements of the regulator's table, codes of 2018.
PRIVATE_COMMUNES_2018: Final = tuple(
    departement + code
    for departement, codes in _PRIVATE_BY_DEPARTEMENT.items()
    for code in codes.split()
)
VERY_DENSE_COMMUNES_2018: Final = ("35238",)

# The seat of Cap Atlantique is in Loire-Atlantique: 59 of the 60 EPCI are members of the syndicat.
NOT_MEMBERS: Final = ("244400610",)

# ---------------------------------------------------------------- the programme


def _town(
    tranche: int,
    insee: str,
    nom: str,
    siren: str,
    reading: str = "read",
    printed: str | None = None,
) -> Row:
    return {
        "insee": insee,
        "nom": nom,
        "tranche": tranche,
        "epci_siren": siren,
        "reading": reading,
        "printed": printed or nom,
        "source": _REPORT,
    }


# The scan is damaged: "Dinan" is printed twice, and two names were inferred from the list.
VILLES_MOYENNES: Final[tuple[Row, ...]] = (
    _town(1, "56007", "Auray", "200043123"),
    _town(1, "29024", "Carhaix-Plouguer", "242900744", "damaged", "Carhaat-Plougauc"),
    _town(1, "22093", "Lamballe", "200069391"),
    _town(1, "35236", "Redon", "243500741"),
    _town(2, "22050", "Dinan", "200068989"),
    _town(2, "35093", "Dinard", "243500725", "inferred", "Dinan"),
    _town(2, "29103", "Landerneau", "242900801", "damaged", "Landernau"),
    _town(2, "56178", "Pontivy", "245614433"),
    _town(2, "29233", "Quimperlé", "242900694"),
    _town(2, "56165", "Ploërmel", "200066777", "inferred", "Plouémeau"),
    _town(2, "22162", "Paimpol", "200067981"),
    _town(2, "22136", "Loudéac", "200067460"),
    _town(2, "29026", "Châteaulin", "200067247"),
)


def _figure(
    phase: int,
    tranche: int | None,
    kind: str,
    source: str,
    certainty: str,
    *,
    zones: int | None = None,
    premises: int | None = None,
    serviceable: int | None = None,
    connected: int | None = None,
    on: str | None = None,
    years: tuple[int | None, int | None] = (None, None),
    preferred: bool = True,
    remark: str = "",
) -> Row:
    return {
        "phase": phase,
        "tranche": tranche,
        "kind": kind,
        "zones_count": zones,
        "premises_count": premises,
        "serviceable_count": serviceable,
        "connected_count": connected,
        "on": on,
        "start_year": years[0],
        "end_year": years[1],
        "certainty": certainty,
        "preferred": preferred,
        "remark": remark,
        "source": source,
    }


_END_2017: Final = "2017-12-31"
_END_2019: Final = "2019-12-31"

PROGRAMME: Final[tuple[Row, ...]] = (
    _figure(
        1, None, "all", _REPORT, "S", premises=240_000, on=_END_2017, years=(2015, 2019),
        remark="Phase entière, prévu",
    ),
    _figure(
        1, None, "all", _PUBLIC, "V", serviceable=71_148, connected=25_944, on=_END_2019,
        preferred=False, remark="Constaté, postérieur aux décisions du scénario",
    ),
    _figure(
        1, None, "all", f"{_PUBLIC} : promesse", "V", serviceable=200_000, on=_END_2019,
        preferred=False, remark="Environ 200 000 promis pour cette date",
    ),
    _figure(
        1, 1, "all", _REPORT, "S", zones=32, premises=70_000, serviceable=55_000, on=_END_2017,
        years=(2015, None), remark="Environ 70 000 locaux prévus ; 55 000 raccordables constatés",
    ),
    _figure(
        1, 1, "rural", _REPORT, "S", zones=28, premises=35_000, on=_END_2017, years=(2015, None),
        remark="La moitié de la tranche",
    ),
    _figure(
        1, 1, "ville_moyenne", _REPORT, "S", zones=4, premises=35_000, on=_END_2017,
        years=(2015, None), remark="La moitié de la tranche",
    ),
    _figure(
        1, 2, "all", _REPORT, "S", premises=170_000, on=_END_2017, years=(2018, None),
        remark="Environ 170 000 ; études toutes lancées en 2017, travaux dès le début de 2018",
    ),
    _figure(
        1, 2, "rural", _AUDIT, "V", zones=91, preferred=False,
        remark="Une zone de moins que dans le rapport",
    ),
    _figure(
        1, 2, "rural", _REPORT, "S", zones=92, premises=85_000, on=_END_2017, years=(2018, None),
        remark="La moitié de la tranche",
    ),
    _figure(
        1, 2, "ville_moyenne", _REPORT, "S", zones=9, premises=85_000, on=_END_2017,
        years=(2018, None), remark="La moitié de la tranche",
    ),
    _figure(
        2, None, "all", _PUBLIC, "V", premises=400_000, years=(2019, 2023),
        remark="Environ 400 000 lignes",
    ),
    _figure(
        3, None, "all", _PRESS, "V", premises=600_000, years=(2023, 2026), preferred=False,
        remark="Environ 600 000 : les dénominateurs grandissent avec les études",
    ),
    _figure(
        3, None, "all", f"Calcul sur : {_REGULATOR}", "C", premises=520_808, on=_REGULATOR_ON,
        years=(2023, 2026),
        remark="1 160 808 − 240 000 − 400 000 : ce qui reste ; années de la presse",
    ),
)  # fmt: skip

# ---------------------------------------------------------------- premises, 31 March 2018


def _premises(
    level: str, code: str, premises: int, serviceable: int | None, private: int | None
) -> Row:
    return {
        "level": level,
        "code": code,
        "premises_count": premises,
        "serviceable_count": serviceable,
        "private_count": private,
        "on": _REGULATOR_ON,
        "source": _REGULATOR,
    }


# Where population alone misplaces most premises: seaside communes with second homes, and cities.
_PREMISES_OF_COMMUNES: Final = """
    22054  5074 | 22168  7212 | 22186  5264 | 22215  5631 | 22282  5490 | 22325  3869 | 29003  3705
    29006  4062 | 29039 13542 | 29042  7255 | 29046 10589 | 29058  7709 | 29069  3319 | 29072  2921
    29075  6457 | 29103  8295 | 29135  4020 | 29151 10394 | 29158  4908 | 29160  3723 | 29188  3043
    29189  6411 | 29212  5496 | 29232 40043 | 29235  5548 | 35049  4589 | 35093 11668 | 35115 12579
    35238 127804 | 35256 2868 | 35287  2827 | 35288 35893 | 56005  6333 | 56034  8691 | 56052  3954
    56069  2718 | 56083  8498 | 56094  2814 | 56098 11518 | 56101  3633 | 56121 37613 | 56155  3607
    56185  4028 | 56186  8719 | 56206  5024 | 56214  3500 | 56234  3627 | 56240 10632 | 56258  2802
    56260 35169
"""
_CELLS: Final = _PREMISES_OF_COMMUNES.replace("|", " ").split()

PREMISES_FIGURES: Final[tuple[Row, ...]] = (
    _premises("region", "53", 1_949_859, 391_239, 789_051),
    _premises("departement", "22", 374_399, 44_482, 81_724),
    _premises("departement", "29", 553_420, 129_026, 206_024),
    _premises("departement", "35", 551_164, 136_157, 304_808),
    _premises("departement", "56", 470_876, 81_574, 196_495),
    *(
        _premises("commune", insee, int(premises), None, None)
        for insee, premises in zip(_CELLS[::2], _CELLS[1::2], strict=True)
    ),
)

# ---------------------------------------------------------------- an example price book


def _price(name: str, lowest: int, highest: int | None, cents: int) -> Row:
    return {
        "density_class": name,
        "density_min_per_km2": lowest,
        "density_max_per_km2": highest,
        "cost_cents_per_premise": cents,
        "valid_from": "2017-01-01",
        "source": "Exemple calé sur des ordres de grandeur publics : 800 à 4 000 € la ligne,"
        " environ 2 000 € en moyenne",
        "synthetic": True,
    }


# Premises a km².  Over the public communes, premises spread as in the figures above, these bounds
# and prices give a mean of 1 994 € a line; a test computes it again.
PRICES: Final[tuple[Row, ...]] = (
    _price("dense", 150, None, 80_000),
    _price("intermediate", 50, 150, 170_000),
    _price("sparse", 20, 50, 270_000),
    _price("very_sparse", 0, 20, 400_000),
)
