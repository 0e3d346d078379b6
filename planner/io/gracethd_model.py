"""GraceTHD 2.0 as facts: names of tables and columns, codes and what they mean, references.

Source: GraceTHD 2.0.1 (2017), the national model of optical network data.  Reader and writer share
this module, so that what one writes the other understands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from planner.vocab import (
    Condition,
    NetworkUse,
    PointState,
    PremiseKind,
    PremiseState,
    SiteKind,
    StudyStage,
    Support,
    TechnicalPoint,
    Tenure,
    WorkState,
)

__all__ = [
    "CODES", "COLUMNS", "KEYS", "REFERENCES", "WRITTEN_KEYS", "WRITTEN_REFERENCES", "Reference",
    "code_of",
]  # fmt: skip

_STAGES: Final = {stage.value.upper(): stage.value for stage in StudyStage}

CODES: Final[Mapping[str, Mapping[str, str | None]]] = MappingProxyType(
    {
        "l_implantation_type": {
            "0": Support.POLE_TELECOM, "1": Support.POLE_ENERGY, "2": Support.FACADE,
            "3": Support.BUILDING, "4": Support.BURIED, "5": Support.CHANNEL,
            "6": Support.GALLERY, "7": Support.DUCT, "8": Support.SEWER, "9": Support.SPECIFIC,
        },
        "l_ptech_type_phy": {
            "A": TechnicalPoint.POLE, "C": TechnicalPoint.CHAMBER,
            "F": TechnicalPoint.FACADE_ANCHOR, "I": TechnicalPoint.BUILDING,
            "Z": TechnicalPoint.OTHER,
        },
        "l_avancement": {
            "E": WorkState.EXISTING, "C": WorkState.TO_BUILD, "T": WorkState.IN_WORKS,
            "S": WorkState.IN_SERVICE, "H": WorkState.OUT_OF_SERVICE, "A": WorkState.ABANDONED,
        },
        "l_etat_type": {
            "OK": Condition.GOOD, "ME": Condition.POOR, "HS": Condition.TO_REPLACE, "NC": None,
        },
        "l_propriete_type": {
            "CST": Tenure.BUILT, "RAC": Tenure.BOUGHT, "CES": Tenure.TRANSFERRED,
            "IRU": Tenure.IRU, "LOC": Tenure.RENTED, "OCC": Tenure.OCCUPIED,
        },
        "l_infra_type_log": {
            "CO": NetworkUse.BACKHAUL, "TR": NetworkUse.FEEDER, "DI": NetworkUse.DISTRIBUTION,
            "RA": NetworkUse.DROP, "TD": NetworkUse.SHARED, "CX": NetworkUse.SHARED,
            "CT": NetworkUse.SHARED, "CD": NetworkUse.SHARED, "BM": NetworkUse.OTHER,
            "LH": NetworkUse.OTHER, "NC": None,
        },
        "l_site_type_log": {
            "NRO": SiteKind.NRO, "SRO": SiteKind.PM, "SROL": SiteKind.PM, "NRA": SiteKind.NRA,
            "NRAHD": SiteKind.NRA, "NRAMED": SiteKind.NRA, "NRAZO": SiteKind.NRA,
            "SRP": SiteKind.COPPER_CABINET, "SRS": SiteKind.COPPER_CABINET,
            "SRT": SiteKind.COPPER_CABINET, "BRASSAGE": SiteKind.OTHER, "CLIENT": SiteKind.OTHER,
            "HEBERG": SiteKind.OTHER,
        },
        "l_sro_etat": {
            "PL": PointState.PLANNED, "EC": PointState.IN_PROGRESS, "DP": PointState.DEPLOYED,
            "AB": PointState.ABANDONED,
        },
        "l_adresse_etat": {
            "CI": PremiseState.TARGETED, "SI": PremiseState.AGREEMENT_SIGNED,
            "EC": PremiseState.IN_PROGRESS, "RD": PremiseState.SERVICEABLE_ON_DEMAND,
            "DE": PremiseState.SERVICEABLE, "AB": PremiseState.ABANDONED,
        },
        # of one premise: AB is a subscriber here, who is served; EL and EM can be
        "l_suf_racco": {
            "AB": PremiseState.SERVICEABLE, "RA": PremiseState.SERVICEABLE,
            "RB": PremiseState.SERVICEABLE, "EL": PremiseState.SERVICEABLE,
            "EM": PremiseState.SERVICEABLE, "RD": PremiseState.SERVICEABLE_ON_DEMAND,
            "PR": PremiseState.IN_PROGRESS,
        },
        "l_suf_type": {"R": PremiseKind.DWELLING, "P": PremiseKind.BUSINESS},
        "l_statut": _STAGES,
    }
)  # fmt: skip
"""Value list to its codes to our terms; None is a code that says nothing of the thing."""


def code_of(value_list: str, term: str | None) -> str | None:
    """Return the first code of ``value_list`` that means ``term``, None when none does.

    Examples
    --------
    >>> code_of("l_implantation_type", "duct"), code_of("l_adresse_etat", "serviceable")
    ('7', 'DE')
    """
    return next((code for code, ours in CODES[value_list].items() if ours and ours == term), None)


@dataclass(frozen=True)
class Reference:
    """A column whose values are keys of another table."""

    table: str
    column: str
    target: str


KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "t_adresse": "ad_code", "t_suf": "sf_code", "t_noeud": "nd_code", "t_znro": "zn_code",
        "t_zsro": "zs_code", "t_zdep": "zd_code", "t_sitetech": "st_code", "t_ptech": "pt_code",
        "t_conduite": "cd_code", "t_cheminement": "cm_code", "t_organisme": "or_code",
        "t_zpbo": "zp_code", "t_cond_chem": "",
    }
)  # fmt: skip
"""Tables that are read, and the column that identifies their rows."""

REFERENCES: Final = (
    Reference("t_suf", "sf_ad_code", "t_adresse"), Reference("t_suf", "sf_nd_code", "t_noeud"),
    Reference("t_suf", "sf_zp_code", "t_zpbo"), Reference("t_zpbo", "zp_nd_code", "t_noeud"),
    Reference("t_zpbo", "zp_zs_code", "t_zsro"), Reference("t_zsro", "zs_zn_code", "t_znro"),
    Reference("t_zsro", "zs_nd_code", "t_noeud"), Reference("t_zdep", "zd_zs_code", "t_zsro"),
    Reference("t_zdep", "zd_nd_code", "t_noeud"), Reference("t_znro", "zn_nd_code", "t_noeud"),
    Reference("t_sitetech", "st_nd_code", "t_noeud"),
    Reference("t_sitetech", "st_prop", "t_organisme"),
    Reference("t_ptech", "pt_nd_code", "t_noeud"), Reference("t_ptech", "pt_prop", "t_organisme"),
    Reference("t_cheminement", "cm_ndcode1", "t_noeud"),
    Reference("t_cheminement", "cm_ndcode2", "t_noeud"),
    Reference("t_cheminement", "cm_prop_do", "t_organisme"),
    Reference("t_conduite", "cd_prop", "t_organisme"),
    Reference("t_cond_chem", "dm_cd_code", "t_conduite"),
    Reference("t_cond_chem", "dm_cm_code", "t_cheminement"),
)  # fmt: skip

WRITTEN_KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {**KEYS, "t_cable": "cb_code", "t_cableline": "cl_code", "t_ebp": "bp_code", "t_cab_cond": ""}
)
"""The same, with the tables that are only written; a link has no column of its own."""

WRITTEN_REFERENCES: Final = (
    *REFERENCES,
    Reference("t_cable", "cb_nd1", "t_noeud"), Reference("t_cable", "cb_nd2", "t_noeud"),
    Reference("t_cableline", "cl_cb_code", "t_cable"),
    Reference("t_cab_cond", "cc_cb_code", "t_cable"),
    Reference("t_cab_cond", "cc_cd_code", "t_conduite"),
    Reference("t_ebp", "bp_pt_code", "t_ptech"),
)  # fmt: skip

_ZONE = "{0}_r1_code {0}_r2_code {0}_r3_code {0}_r4_code"
_END = "{0}_creadat:D {0}_majdate:D {0}_majsrc {0}_abddate:D {0}_abdsrc"
_PLACED = "{0}_geolqlt:F {0}_geolmod {0}_geolsrc "

_FIELDS: Final = {
    "t_adresse": "ad_code ad_ban_id ad_nomvoie ad_fantoir ad_numero:N ad_rep ad_insee ad_postal "
    "ad_alias ad_nom_ld ad_x_ban:F ad_y_ban:F ad_commune ad_section ad_idpar ad_x_parc:F "
    "ad_y_parc:F ad_nat:N ad_nblhab:N ad_nblpro:N ad_nbprhab:N ad_nbprpro:N ad_rivoli ad_hexacle "
    "ad_hexaclv ad_distinf:F ad_isole:N ad_prio:N ad_racc ad_batcode ad_nombat ad_ietat ad_itypeim "
    "ad_imneuf:N ad_idatimn:D ad_prop ad_gest ad_idatsgn:D ad_iaccgst:N ad_idatcab:D ad_idatcom:D "
    "ad_typzone ad_comment " + (_PLACED + _END).format("ad"),
    "t_noeud": "nd_code nd_codeext nd_nom nd_coderat " + _ZONE.format("nd") + " nd_voie nd_type "
    "nd_type_ep nd_comment nd_dtclass " + (_PLACED + _END).format("nd"),
    "t_cheminement": "cm_code cm_codeext cm_ndcode1 cm_ndcode2 cm_cm1 cm_cm2 " + _ZONE.format("cm")
    + " cm_voie cm_gest_do cm_prop_do cm_statut cm_etat cm_datcons:D cm_datemes:D cm_avct "
    "cm_typelog cm_typ_imp cm_nature cm_compo cm_cddispo:N cm_fo_util:N cm_mod_pos cm_passage "
    "cm_revet cm_remblai cm_charge:F cm_larg:F cm_fildtec:N cm_mut_org cm_long:F cm_lgreel:F "
    "cm_comment cm_dtclass " + (_PLACED + _END).format("cm"),
    "t_znro": "zn_code zn_nd_code " + _ZONE.format("zn") + " zn_nroref zn_nrotype zn_etat "
    "zn_etatlpm zn_datelpm:D zn_comment zn_geolsrc " + _END.format("zn"),
    "t_zsro": "zs_code zs_nd_code zs_zn_code " + _ZONE.format("zs") + " zs_refpm zs_etatpm "
    "zs_dateins:D zs_typeemp zs_capamax:N zs_ad_code zs_typeing zs_nblogmt:N zs_nbcolmt:N "
    "zs_datcomr:D zs_actif:N zs_datemad:D zs_accgest:N zs_brassoi:N zs_comment zs_geolsrc "
    + _END.format("zs"),
    "t_zdep": "zd_code zd_nd_code zd_zs_code " + _ZONE.format("zd") + " zd_prop zd_gest zd_statut "
    "zd_comment zd_geolsrc " + _END.format("zd"),
    "t_sitetech": "st_code st_nd_code st_codeext st_nom st_prop st_gest st_user st_proptyp "
    "st_statut st_etat st_dateins:D st_datemes:D st_avct st_typephy st_typelog st_nblines:N "
    "st_ad_code st_comment " + _END.format("st"),
    "t_suf": "sf_code sf_nd_code sf_ad_code sf_zp_code sf_escal sf_etage sf_oper sf_type sf_prop "
    "sf_resid sf_local sf_racco sf_comment " + _END.format("sf"),
    "t_ptech": "pt_code pt_codeext pt_etiquet pt_nd_code pt_ad_code pt_gest_do pt_prop_do pt_prop "
    "pt_gest pt_user pt_proptyp pt_statut pt_etat pt_dateins:D pt_datemes:D pt_avct pt_typephy "
    "pt_typelog pt_rf_code pt_nature pt_secu:N pt_occp pt_a_dan:F pt_a_dtetu:D pt_a_struc "
    "pt_a_haut:F pt_a_passa:N pt_a_strat:N pt_rotatio:F pt_detec:N pt_comment "
    + _END.format("pt"),
    "t_conduite": "cd_code cd_codeext cd_etiquet cd_cd_code " + _ZONE.format("cd") + " cd_prop "
    "cd_gest cd_user cd_proptyp cd_statut cd_etat cd_dateaig:D cd_dateman:D cd_datemes:D cd_avct "
    "cd_type cd_dia_int:N cd_dia_ext:N cd_color cd_long:F cd_nbcable:N cd_occup cd_comment "
    + _END.format("cd"),
    "t_cond_chem": "dm_cd_code dm_cm_code " + _END.format("dm"),
    "t_cable": "cb_code cb_codeext cb_etiquet cb_nd1 cb_nd2 " + _ZONE.format("cb") + " cb_prop "
    "cb_gest cb_user cb_proptyp cb_statut cb_etat cb_dateins:D cb_datemes:D cb_avct cb_tech "
    "cb_typephy cb_typelog cb_rf_code cb_capafo:N cb_fo_disp:N cb_fo_util:N cb_modulo:N cb_diam:F "
    "cb_color cb_lgreel:F cb_localis cb_comment " + _END.format("cb"),
    "t_cableline": "cl_code cl_cb_code cl_long:F cl_comment cl_dtclass "
    + (_PLACED + _END).format("cl"),
    "t_cab_cond": "cc_cb_code cc_cd_code " + _END.format("cc"),
    "t_ebp": "bp_code bp_etiquet bp_codeext bp_pt_code bp_lt_code bp_sf_code bp_prop bp_gest "
    "bp_user bp_proptyp bp_statut bp_etat bp_occp bp_datemes:D bp_avct bp_typephy bp_typelog "
    "bp_rf_code bp_entrees:N bp_ref_kit bp_ca_nb:N bp_nb_pas:N bp_linecod bp_oc_code bp_racco "
    "bp_comment " + _END.format("bp"),
    "t_organisme": "or_code or_siren or_nom or_type or_activ or_l331 or_siret or_nometab "
    "or_ad_code or_nomvoie or_numero:N or_rep or_local or_postal or_commune or_telfixe or_mail "
    "or_comment "
    + _END.format("or"),
}  # fmt: skip


def _columns(fields: str) -> Mapping[str, str]:
    pairs = (field.partition(":") for field in fields.split())
    return MappingProxyType({name: kind or "C" for name, _, kind in pairs})


COLUMNS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {table: _columns(fields) for table, fields in _FIELDS.items()}
)
"""Tables that are written to their columns in order: C text, N whole number, F decimal, D day."""
