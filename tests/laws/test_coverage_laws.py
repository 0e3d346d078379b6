"""Laws of coverage on random territories, beside a naive count."""

import datetime as dt
import itertools

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.coverage import measure_coverage
from planner.schemas import contract
from planner.territory import Territory
from planner.timeline import codes_on
from planner.vocab import Level, PremiseState

EPCI = ("200000001", "200000002")
COMMUNES = ("22001", "22002", "35001", "35002")
SECTORS = ("S1", "S2", "S3", "S4")
DAYS = [dt.date(2017, 1, 1) + dt.timedelta(days=100 * k) for k in range(5)]
PROGRESS = [state.value for state in PremiseState][:5]
STATES = [f"{state.value}_count" for state in PremiseState]
PHASES = ["private_count", "phase_1_count", "phase_2_count", "phase_3_count", "unassigned_count"]

row = st.tuples(
    st.sampled_from((*COMMUNES, "99999")),
    st.sampled_from((*SECTORS, None)),
    st.integers(0, 4),
    st.sampled_from((0, 1, 7, None)),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), max_size=3, unique_by=lambda c: c[0]),
)


@st.composite
def territories(draw, *, progress_only=False):
    rows = draw(st.lists(row, min_size=1, max_size=25))
    premises = pd.DataFrame([r[:3] for r in rows], columns=["insee", "sector_id", "premises_min"])
    premises["premises_max"] = pd.array(
        [None if r[3] is None else r[2] + r[3] for r in rows], dtype="Int64"
    )
    premises["premise_id"] = premises["building_id"] = [f"P{k}" for k in range(len(rows))]
    premises["kind"], premises["x_m"], premises["y_m"] = "dwelling", 0.0, 0.0
    premises["insee"] = premises["insee"].astype("category")
    premises["sector_id"] = pd.Categorical(premises["sector_id"], categories=list(SECTORS))
    changes = []
    for number, (*_, moves) in enumerate(rows):
        codes = [code for _, code in moves]
        if progress_only:  # never abandoned, never back
            codes = sorted(min(code, 4) for code in codes)
        for (day, _), code in zip(sorted(moves), codes, strict=True):
            changes.append((f"P{number}", DAYS[day], PremiseState.codes()[code]))
    states = pd.DataFrame(changes, columns=["premise_id", "on", "state"])
    states["on"] = pd.to_datetime(states["on"]).astype("datetime64[s]")
    zone_of = draw(st.lists(st.sampled_from(("Z1", "Z2", None)), min_size=4, max_size=4))
    return Territory(
        name="random", title="Hasard", vintage=2018,
        region=pd.DataFrame({"code": ["53"], "nom": ["R"]}),
        departements=pd.DataFrame({"code": ["22", "35"], "nom": ["a", "b"]}),
        epci=pd.DataFrame({"siren": EPCI, "nom": ["a", "b"]}),
        communes=pd.DataFrame(
            {
                "insee": COMMUNES, "nom": COMMUNES, "departement": [c[:2] for c in COMMUNES],
                "epci_siren": draw(st.lists(st.sampled_from((*EPCI, None)), min_size=4, max_size=4)),
                "regulatory_zone": draw(
                    st.lists(st.sampled_from(("public", "ztd", "l33_13")), min_size=4, max_size=4)
                ),
            }
        ),
        premises=premises,
        state_changes=states,
        sectors=pd.DataFrame(
            {"sector_id": SECTORS, "nom": SECTORS, "zone_id": zone_of, "synthetic": False}
        ),
        zones=pd.DataFrame(
            {"zone_id": ["Z1", "Z2"], "nom": ["a", "b"], "phase": "1", "synthetic": False}
        ).assign(tranche=pd.array([1, 2], dtype="Int64")),
    )  # fmt: skip


@st.composite
def programmes(draw):
    phases = draw(st.lists(st.sampled_from(("1", "2", "3")), min_size=4, max_size=4))
    tranches = [draw(st.sampled_from((1, 2))) if phase == "1" else None for phase in phases]
    return pd.DataFrame(
        {"sector_id": SECTORS, "phase": phases, "tranche": pd.array(tranches, dtype="Int64")}
    )


@settings(max_examples=60, deadline=None)
@given(territories(), st.none() | programmes(), st.sampled_from(DAYS))
def test_levels_phases_and_states_sum(territory, programme, on):
    found = measure_coverage(territory, on=on, programme=programme)
    contract("coverage").check(found.table)
    table = found.table
    phases = [name for name in PHASES if programme is not None or name != "phase_2_count"]
    assert (table[phases].sum(axis=1) == table["premises_count"]).all()
    tranches = table[["phase_1_tranche_1_count", "phase_1_tranche_2_count"]].sum(axis=1)
    assert (tranches == table["phase_1_count"]).all()
    if not territory.state_changes.empty:
        assert (table[[*STATES, "stateless_count"]].sum(axis=1) == table["premises_count"]).all()
    bounded = table.dropna(subset="premises_max_count")
    assert (bounded["premises_max_count"] >= bounded["premises_count"]).all()
    rates = table["coverage_rate"].dropna()
    assert rates.between(0, 1).all()
    # region = sum of départements + outside; département = sum of its communes
    sums = {level: found.at(level)[["premises_count", *phases]].sum() for level in Level}
    details = found.details
    outside = details.loc[~details["in_territory"], ["premises_count", *phases]].sum()
    assert (sums[Level.DEPARTEMENT] + outside == sums[Level.REGION]).all()
    assert (sums[Level.COMMUNE] == sums[Level.DEPARTEMENT]).all()
    alone = territory.communes.loc[territory.communes["epci_siren"].isna(), "insee"]
    alone_count = details.loc[details["insee"].isin(alone), "premises_count"].sum()
    assert sums[Level.EPCI]["premises_count"] + alone_count == sums[Level.COMMUNE]["premises_count"]
    loose = details.loc[details["sector_id"].isna(), "premises_count"].sum()
    assert sums[Level.SECTOR]["premises_count"] + loose == sums[Level.REGION]["premises_count"]
    assert details["premises_count"].sum() == territory.premises["premises_min"].sum()


@settings(max_examples=40, deadline=None)
@given(territories(), st.sampled_from(DAYS))
def test_a_naive_count_agrees(territory, on):
    found = measure_coverage(territory, on=on)
    changes = territory.state_changes.copy()
    past = changes[changes["on"] <= pd.Timestamp(on)].sort_values("on", kind="stable")
    last = past.groupby("premise_id")["state"].last()
    joined = territory.premises.assign(
        state=territory.premises["premise_id"].map(last),
        insee=territory.premises["insee"].astype(str),
        sector_id=territory.premises["sector_id"].astype(object),
    ).merge(territory.communes, how="left", on="insee")
    joined = joined.merge(territory.sectors[["sector_id", "zone_id"]], how="left", on="sector_id")
    keys = {
        Level.DEPARTEMENT: "departement", Level.EPCI: "epci_siren", Level.COMMUNE: "insee",
        Level.ZONE: "zone_id", Level.SECTOR: "sector_id",
    }  # fmt: skip
    for level, key in keys.items():
        rows = found.at(level).set_index("code")
        for code in rows.index:
            mine = joined[joined[key] == code]
            assert rows.loc[code, "premises_count"] == mine["premises_min"].sum()
            served = mine.loc[mine["state"] == "serviceable", "premises_min"].sum()
            if not changes.empty:
                assert rows.loc[code, "serviceable_count"] == served
            most = mine["premises_max"]
            assert (
                pd.isna(rows.loc[code, "premises_max_count"])
                if most.isna().any()
                else rows.loc[code, "premises_max_count"] == most.sum()
            )
            private = mine["regulatory_zone"].isin(["ztd", "l33_13"])
            assert rows.loc[code, "private_count"] == mine.loc[private, "premises_min"].sum()
            first = ~private & mine["zone_id"].notna()
            assert rows.loc[code, "phase_1_count"] == mine.loc[first, "premises_min"].sum()


@settings(max_examples=30, deadline=None)
@given(territories(), st.randoms(use_true_random=False), st.sampled_from(DAYS))
def test_row_order_never_matters(territory, random, on):
    seed = random.randrange(2**32)
    mixed = territory.with_tables(
        **{
            name: getattr(territory, name).sample(frac=1, random_state=seed)
            for name in ("premises", "state_changes", "communes", "sectors", "zones", "epci")
        }
    )
    one, other = measure_coverage(territory, on=on), measure_coverage(mixed, on=on)
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.details, other.details)
    assert one.findings == other.findings


@settings(max_examples=30, deadline=None)
@given(territories(progress_only=True))
def test_served_never_decreases_when_states_only_progress(territory):
    if territory.state_changes.empty:
        return
    counts = [
        measure_coverage(territory, on=day).table["serviceable_count"].to_numpy(dtype=np.int64)
        for day in DAYS
    ]
    for earlier, later in itertools.pairwise(counts):
        assert (later >= earlier).all()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from("abcdef"), max_size=8),
    st.lists(
        st.tuples(st.sampled_from("abcdefgh"), st.integers(-3, 3), st.integers(0, 5)),
        max_size=15, unique_by=lambda change: change[:2],
    ),
    st.integers(-4, 4),
)  # fmt: skip
def test_a_timeline_agrees_with_a_dictionary(keys, moves, day):
    epoch = dt.date(1970, 1, 1)
    last = {key: code for key, at, code in sorted(moves) if at <= day}
    found = codes_on(
        pd.Series(keys, dtype="str"),
        pd.Series([m[0] for m in moves], dtype="str"),
        pd.to_datetime(pd.Series([epoch + dt.timedelta(days=m[1]) for m in moves])),
        np.array([m[2] for m in moves], dtype=np.int8),
        on=epoch + dt.timedelta(days=day),
    )
    assert found.dtype == np.int8
    assert found.tolist() == [last.get(key, -1) for key in keys]
