"""A plan in the tables of GraceTHD: which row says what, and which it refers to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from planner.export.gracethd_infrastructure import infrastructure_layers
from planner.export.gracethd_layer import GraceLayer, join_layers
from planner.io.gracethd_model import code_of
from planner.plan import Plan
from planner.texts import say
from planner.timeline import codes_on
from planner.vocab import (
    PointState,
    PremiseKind,
    PremiseState,
    RegulatoryZone,
    SectorStage,
    SiteKind,
    StudyStage,
)

__all__ = ["plan_layers"]

_STAGES: Final[Mapping[int, tuple[StudyStage, PointState]]] = {
    -1: (StudyStage.PRELIMINARY, PointState.PLANNED),
    0: (StudyStage.DIAGNOSIS, PointState.PLANNED),
    1: (StudyStage.WORKS, PointState.IN_PROGRESS),
    2: (StudyStage.AS_BUILT, PointState.DEPLOYED),
}
"""Stage of a sector, by its place in :class:`planner.vocab.SectorStage`, -1 without any, to the
stage of its study and the state of its PM."""
_LESS_DENSE: Final = "3"  # l_zone_densite: zone moins dense; a very dense zone is 1 or 2, unknown
_SUBSCRIBABLE: Final = {"serviceable": "RB", "serviceable_on_demand": "RD"}
"""State of a premise to l_suf_racco: a premise that could be served isn't said to be connected."""


def plan_layers(plan: Plan, *, premises: bool, lang: str) -> dict[str, GraceLayer]:
    """Return the tables of a plan, each in the order of its key.

    Parameters
    ----------
    plan
        What to say.  Tables ``infrastructure``, ``infrastructure_points`` and ``existing_sites`` of
        ``plan.more``, where a partner delivered them, go out again.
    premises
        Whether addresses go out too.
    lang
        Language of comments.
    """
    making = _Making(plan, lang)
    layers = making.sectors()
    if premises and len(plan.territory.premises):
        layers |= making.addresses()
    for name, layer in infrastructure_layers(plan.more).items():
        layers[name] = join_layers(layers[name], layer) if name in layers else layer
    return {name: _sorted(layer) for name, layer in layers.items()}


def _sorted(layer: GraceLayer) -> GraceLayer:
    keys = pa.array(layer.frame.iloc[:, 0].astype("object"), pa.string())
    order = pc.array_sort_indices(keys).to_numpy()
    shapes = None if layer.shapes is None else layer.shapes[order]
    return GraceLayer(frame=layer.frame.iloc[order].reset_index(drop=True), shapes=shapes)


class _Making:
    def __init__(self, plan: Plan, lang: str) -> None:
        self.plan = plan
        self.lang = lang
        sectors = plan.territory.sectors.sort_values("sector_id", ignore_index=True)
        columns = plan.programme.table[["sector_id", "phase", "epci_siren"]]
        joined = sectors[["sector_id"]].merge(columns, on="sector_id", how="left")
        self.sector_rows = sectors
        self.designed = self._pm(sectors["sector_id"].astype("str")) is not None
        self.phase = joined["phase"]
        self.actor = joined["epci_siren"]
        self.mark = np.where(
            sectors["synthetic"].to_numpy(dtype=bool), say("gracethd.synthetic", lang), ""
        )

    def sectors(self) -> dict[str, GraceLayer]:
        """Return t_zsro, t_zdep, t_znro, and the PM as t_noeud and t_sitetech."""
        rows, lang = self.sector_rows, self.lang
        keys = rows["sector_id"].astype("str")
        shapes = np.asarray(rows.geometry.to_numpy(), dtype=object)
        stages = self._stages(keys)
        study = [code_of("l_statut", _STAGES[stage][0].value) for stage in stages]
        states = [code_of("l_sro_etat", _STAGES[stage][1].value) for stage in stages]
        nodes = "PM-" + keys
        groups, nro = self._groups()
        network = {
            "r1_code": self.plan.scenario.name,
            "r2_code": "PHASE-" + self.phase.astype("str"),
            "r3_code": rows["zone_id"],
        }
        comments = _joined(rows["nom"].astype("str").to_numpy(dtype=object), self.mark)
        pm = self._pm(keys)
        here = "gracethd.pm_here" if pm is None else "gracethd.pm_designed"
        where = _joined(np.full(len(rows), say(here, lang)), self.mark)
        points = np.asarray(shapely.point_on_surface(shapes) if pm is None else pm)
        zsro = {
            "zs_code": keys, "zs_nd_code": nodes, "zs_zn_code": groups, **_prefixed("zs", network),
            "zs_etatpm": states, "zs_nblogmt": rows["premises_count"], "zs_comment": comments,
        }  # fmt: skip
        zdep = {
            "zd_code": keys, "zd_nd_code": nodes, "zd_zs_code": keys, **_prefixed("zd", network),
            "zd_statut": study, "zd_comment": comments,
        }  # fmt: skip
        node = {
            "nd_code": nodes, "nd_nom": rows["nom"], **_prefixed("nd", network), "nd_type": "ST",
            "nd_type_ep": "OPT", "nd_comment": where,
        }  # fmt: skip
        site = {
            "st_code": nodes, "st_nd_code": nodes, "st_nom": rows["nom"], "st_statut": study,
            "st_typelog": code_of("l_site_type_log", SiteKind.PM.value),
            "st_nblines": rows["premises_count"], "st_comment": where,
        }  # fmt: skip
        return {
            "t_znro": nro,
            "t_zsro": GraceLayer(frame=pd.DataFrame(zsro), shapes=shapes),
            "t_zdep": GraceLayer(frame=pd.DataFrame(zdep), shapes=shapes),
            "t_noeud": GraceLayer(frame=pd.DataFrame(node), shapes=points),
            "t_sitetech": GraceLayer(frame=pd.DataFrame(site)),
        } | self._nro_sites(node, points, site)

    def _pm(self, keys: pd.Series[str]) -> NDArray[np.object_] | None:
        """Return the place of each sector's PM where all were designed, else None."""
        pm = self.plan.more.get("pm")
        if pm is None or not set(keys) <= set(pm["sector_id"].astype("str")):
            return None
        places = gpd.GeoSeries(pm.geometry.to_numpy(), index=pm["sector_id"].astype("str"))
        return np.asarray(places.reindex(keys).to_numpy(), dtype=object)

    def _nro_sites(
        self, node: dict[str, Any], points: NDArray[np.object_], site: dict[str, Any]
    ) -> dict[str, GraceLayer]:
        """Return the nodes and sites with those of the designed NRO, where there are some."""
        if not self.designed:
            return {}
        nro = self.plan.more["nro"].sort_values("nro_id", ignore_index=True)
        codes = "ND-" + nro["nro_id"].astype("str")
        nodes = pd.DataFrame({"nd_code": codes, "nd_nom": nro["nro_id"], "nd_type": "ST",
                              "nd_type_ep": "OPT"})  # fmt: skip
        sites = pd.DataFrame(
            {
                "st_code": nro["nro_id"], "st_nd_code": codes, "st_nom": nro["nro_id"],
                "st_statut": code_of("l_statut", StudyStage.PRELIMINARY.value),
                "st_typelog": code_of("l_site_type_log", SiteKind.NRO.value),
                "st_nblines": nro["lines_count"],
            }
        )  # fmt: skip
        shapes = np.concatenate([points, np.asarray(nro.geometry.to_numpy(), dtype=object)])
        return {
            "t_noeud": GraceLayer(
                frame=pd.concat([pd.DataFrame(node), nodes], ignore_index=True), shapes=shapes
            ),
            "t_sitetech": GraceLayer(
                frame=pd.concat([pd.DataFrame(site), sites], ignore_index=True)
            ),
        }

    def _stages(self, keys: pd.Series[str]) -> list[int]:
        changes = self.plan.territory.stage_changes
        if changes.empty:
            return [-1] * len(keys)
        codes = {code: position for position, code in enumerate(SectorStage.codes())}
        found: list[int] = codes_on(
            keys,
            changes["sector_id"].astype("str"),
            changes["on"],
            changes["stage"].astype("str").map(codes).to_numpy(),
            on=self.plan.scenario.reference_date,
        ).tolist()
        return found

    def _groups(self) -> tuple[pd.Series[str], GraceLayer]:
        """Return the group that stands for the NRO of each sector, and those groups."""
        rows, lang = self.sector_rows, self.lang
        zone, departement = rows["zone_id"], rows["departement"].astype("str")
        actor = self.actor
        group = ("DEP-" + departement).where(actor.isna(), "EPCI-" + actor.astype("str"))
        group = group.where(zone.isna(), "ZONE-" + zone.astype("str"))
        if self.designed:
            served = self.plan.more["pm"].set_index("sector_id")["nro_id"].astype("str")
            group = "NRO_" + rows["sector_id"].map(served).astype("str")
        territory = self.plan.territory
        names = dict(zip(territory.epci["siren"], territory.epci["nom"], strict=True))
        names |= dict(zip(territory.zones["zone_id"], territory.zones["nom"], strict=True))
        names |= dict(
            zip(territory.departements["code"], territory.departements["nom"], strict=True)
        )
        texts = {
            "ZONE": "gracethd.by_zone",
            "EPCI": "gracethd.by_epci",
            "DEP": "gracethd.by_departement",
        }
        keys = sorted(set(group))
        members = {key: np.flatnonzero((group == key).to_numpy()) for key in keys}
        shapes = np.empty(len(keys), dtype=object)
        comments = []
        for at, key in enumerate(keys):
            kind, _, code = key.partition("_" if self.designed else "-")
            shapes[at] = shapely.union_all(rows.geometry.to_numpy()[members[key]])
            if self.designed:
                comments.append(say("gracethd.nro_designed", lang, name=code))
                continue
            what = say(texts[kind], lang, name=names.get(code, code))
            comments.append(say("gracethd.nro_group", lang, what=what))
        marks = [self.mark[members[key][0]] for key in keys]
        at_nodes = [f"ND-{key.removeprefix('NRO_')}" for key in keys] if self.designed else None
        frame = pd.DataFrame(
            {
                "zn_code": keys, "zn_nd_code": at_nodes, "zn_r1_code": self.plan.scenario.name,
                "zn_etat": code_of("l_sro_etat", PointState.PLANNED.value),
                "zn_comment": _joined(np.array(comments, dtype=object), np.array(marks)),
            }
        )  # fmt: skip
        return group, GraceLayer(frame=frame, shapes=shapes)

    def addresses(self) -> dict[str, GraceLayer]:
        """Return t_adresse and t_suf: a final user for each premise that is exactly one."""
        layer = self.plan.premises_layer()
        least = layer["premises_min"].to_numpy(dtype=np.int64)
        most = layer["premises_max"].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
        single = (least == 1) & (most == 1)
        keys = layer["premise_id"].astype("object").to_numpy()
        building = layer["building_id"].astype("object")
        at = np.where(single & building.notna().to_numpy(), building.to_numpy(), keys)
        kind = layer["kind"].astype("object").to_numpy()
        dwelling = kind == PremiseKind.DWELLING.value
        business = (kind == PremiseKind.BUSINESS.value) | (kind == PremiseKind.PUBLIC_SITE.value)
        place, codes = pd.factorize(at, sort=True)
        count = len(codes)
        first = np.full(count, len(at))
        np.minimum.at(first, place, np.arange(len(at)))
        state = layer["state"].cat.codes.to_numpy()
        differ = np.bincount(place, weights=state != state[first][place], minlength=count) > 0
        unknown = np.bincount(place, weights=~(dwelling | business), minlength=count) > 0
        bound = np.bincount(place, weights=~single & (least != most), minlength=count) > 0
        insee = pd.Series(layer["insee"].astype("object").to_numpy()[first])
        states = [code_of("l_adresse_etat", term) for term in PremiseState.codes()]
        frame = pd.DataFrame(
            {
                "ad_code": codes, "ad_insee": insee, "ad_commune": insee.map(self._communes()),
                "ad_nblhab": _sums(place, least * dwelling, unknown),
                "ad_nblpro": _sums(place, least * business, unknown),
                "ad_ietat": _taken(states, np.where(differ, -1, state[first])),
                "ad_typzone": insee.map(self._densities()),
                "ad_geolsrc": self._source_of_positions(),
                "ad_comment": _taken([say("gracethd.lower_bound", self.lang)], bound - 1),
            }
        )  # fmt: skip
        racco = [_SUBSCRIBABLE.get(term) for term in PremiseState.codes()]
        users = {
            "sf_code": keys[single], "sf_ad_code": at[single],
            "sf_type": _taken(["R", "P"], np.where(dwelling, 0, np.where(business, 1, -1))[single]),
            "sf_racco": _taken(racco, state[single]),
        }  # fmt: skip
        x, y = layer["x_m"].to_numpy()[first], layer["y_m"].to_numpy()[first]
        return {
            "t_adresse": GraceLayer(
                frame=frame, shapes=np.asarray(shapely.points(x, y), dtype=object)
            ),
            "t_suf": GraceLayer(frame=pd.DataFrame(users)),
        }

    def _source_of_positions(self) -> str | None:
        made_up = self.plan.territory.is_synthetic("premises")
        return say("gracethd.made_up", self.lang) if made_up else None

    def _communes(self) -> dict[str, str]:
        communes = self.plan.territory.communes
        return dict(zip(communes["insee"], communes["nom"], strict=True))

    def _densities(self) -> dict[str, str]:
        communes = self.plan.territory.communes
        if "regulatory_zone" not in communes:
            return {}
        known = communes[communes["regulatory_zone"] != RegulatoryZone.ZTD.value]
        return dict.fromkeys(known["insee"], _LESS_DENSE)


def _sums(place: NDArray[np.intp], counts: NDArray[np.int64], unknown: NDArray[np.bool_]) -> Any:  # noqa: ANN401 (a nullable array)
    """Return the sum of counts at each place, absent where a premise is of no known kind."""
    sums = np.bincount(place, weights=counts, minlength=len(unknown)).astype(np.int64)
    return pd.arrays.IntegerArray(sums, unknown)


def _taken(terms: Sequence[str | None], codes: NDArray[Any]) -> NDArray[np.object_]:
    """Return the terms at these positions, None at -1."""
    taken: NDArray[np.object_] = np.array([*terms, None], dtype=object)[codes]
    return taken


def _prefixed(prefix: str, columns: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix}_{name}": values for name, values in columns.items()}


def _joined(texts: NDArray[Any], marks: NDArray[Any]) -> NDArray[np.object_]:
    """Return texts followed by the mark of what is made up, within what a field holds."""
    return np.array(
        [
            f"{text} — {mark}" if mark else str(text)
            for text, mark in zip(texts, marks, strict=True)
        ],
        dtype=object,
    )
