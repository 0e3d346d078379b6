"""The designed network, judged from its tables: walked, measured and added up again."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

import pandas as pd
import shapely

from planner.scenario import Scenario
from planner.vocab import NetworkUse, Phase

__all__ = ["judge_network"]

Node = tuple[int, int]
Key = tuple[str, str, str, str]
Rows = list[dict[str, Any]]
Amounts = dict[tuple[str, str], float]
_FEEDER: Final = NetworkUse.FEEDER.value
_LENGTH_M: Final = 0.002
"""A line is written to the millimetre, its length too."""
_LINE_M: Final = 0.02
"""A cable is as long as its pieces, each rounded to the millimetre."""
_DRAWN: Final = {"routes": "route_id", "pbo": "pbo_id", "pm": "sector_id", "nro": "nro_id"}
_PARTS: Final = ("works_cents", "cables_cents", "sites_cents", "branching_cents")
_LEVELS: Final = ("sector", "zone", "epci", "funder")
_MM: Final = 1000


def judge_network(
    tables: Mapping[str, pd.DataFrame], scenario: Scenario, check: Callable[..., None]
) -> None:
    """Check a designed network; without its shapes, only what adds up.

    Every place reached is led to its NRO along the drawn runs, each tree walked again; lengths,
    lines, fibres and loops are measured again; cables, PBO, PM and NRO hold what they serve; phases
    come in order; each quantity is measured on the routes, each cost is quantity × price to the
    cent, and sectors, zones, EPCI and funders add up to the bill.

    Parameters
    ----------
    check
        Takes a rule, a place and ``broken``, then the values that its words need.
    """
    judge = _NetworkJudge(tables, scenario, check)
    if not judge.rows["network_sectors"]:
        return
    judge.bill()
    judge.sums()
    judge.sites()
    judge.phases()
    judge.ducts()
    judge.quantities()
    if judge.drawn:
        judge.walk()


class _NetworkJudge:
    def __init__(
        self, tables: Mapping[str, pd.DataFrame], scenario: Scenario, check: Callable[..., None]
    ) -> None:
        names = (
            "network_sectors", "quantities", "network_costs", "phasing", "cost_curve", "nro", "pm",
            "pbo", "routes", "ducts", "cables", "cable_ducts", "programme",
        )  # fmt: skip
        self.rows: dict[str, Rows] = {name: _rows(tables.get(name)) for name in names}
        self.scenario, self.rules, self.check = scenario, scenario.network, check
        self.drawn = all(not self.rows[name] or "geometry" in self.rows[name][0] for name in _DRAWN)
        self.pm = {str(row["sector_id"]): row for row in self.rows["pm"]}
        self.nro = {str(row["nro_id"]): row for row in self.rows["nro"]}
        self.told = {str(row["sector_id"]): row for row in self.rows["network_sectors"]}

    def same(self, rule: str, place: str, said: float, worth: float, *, within: float = 0) -> None:
        """Check that what is said is what is counted or measured again."""
        broken = not abs(said - worth) <= within
        self.check(rule, place, broken=broken, said=said, worth=worth)

    def bill(self) -> None:
        """Cost = quantity × price, and one price an item."""
        price: dict[str, int] = {}
        for row in self.rows["quantities"]:
            place = f"{row['sector_id']}, phase {row['phase']}, {row['item']}"
            worth = int(row["quantity"]) * int(row["unit_price_cents"])
            self.same("network_cost", place, int(row["cost_cents"]), worth)
            known = price.setdefault(str(row["item"]), int(row["unit_price_cents"]))
            self.same("network_price", place, int(row["unit_price_cents"]), known)

    def sums(self) -> None:
        """Sectors, zones, EPCI, funders and the curve add up to the bill."""
        billed: dict[str, int] = defaultdict(int)
        phase: dict[str, int] = defaultdict(int)
        for row in self.rows["quantities"]:
            billed[str(row["sector_id"])] += int(row["cost_cents"])
            phase[str(row["phase"])] += int(row["cost_cents"])
        for key in sorted({*billed, *self.told}):
            told = self.told.get(key)
            said = 0 if told is None else int(told["cost_cents"])
            self.same("network_sector_cost", key, said, billed[key])
            if told is not None:
                parts = sum(int(told[part]) for part in _PARTS)
                self.same("network_parts", key, said, parts)
                each = _half_up(said, int(told["lines_count"]))
                cents = told["cents_per_line"]
                stated: int | None = None if pd.isna(cents) else int(cents)
                self.check("network_per_line", key, broken=stated != each)
        self._levels(billed, phase)

    def _levels(self, billed: dict[str, int], phase: Mapping[str, int]) -> None:
        level: dict[tuple[str, str], int] = defaultdict(int)
        for row in self.rows["network_costs"]:
            level[str(row["level"]), str(row["phase"])] += int(row["cost_cents"])
            if row["level"] == "sector":
                billed[str(row["code"])] -= int(row["cost_cents"])
        for key, rest in sorted(billed.items()):
            self.same("network_sector_cost", key, -rest, 0)
        for name in ("region", *_LEVELS):
            for code, worth in sorted(phase.items()):
                self.same("network_level", f"{name}, phase {code}", level[name, code], worth)
        total = sum(phase.values())
        if self.rows["phasing"]:
            together = sum(int(row["together_cents"]) for row in self.rows["phasing"])
            self.same("network_level", "phasing", together, total)
            saved = sum(int(row["saving_cents"]) for row in self.rows["phasing"])
            self.check("network_saving", "phasing", broken=saved < 0, said=saved)
        ordered = sorted(self.rows["cost_curve"], key=lambda row: int(row["position"]))
        cents = 0
        for row in ordered:
            cents += int(row["cost_cents"])
            place = str(row["sector_id"])
            self.same("network_curve", place, int(row["cumulated_cost_cents"]), cents)
        if ordered:
            self.same("network_level", "cost_curve", cents, total)

    def sites(self) -> None:
        """PM, NRO and PBO hold the lines that they serve, and no more than they may."""
        reached: dict[str, int] = defaultdict(int)
        lost: dict[str, int] = defaultdict(int)
        late: dict[str, int] = defaultdict(int)
        for row in self.rows["pbo"]:
            key, lines = str(row["sector_id"]), int(row["lines_count"])
            (reached if row["reached"] else lost)[key] += lines
            late[key] += int(row["on_demand_count"]) if row["reached"] else 0
            room = int(row["pbo_count"]) * self.rules.pbo_lines
            self.check(
                "network_pbo", str(row["pbo_id"]), broken=lines > room, said=lines, worth=room
            )
        for key, row in sorted(self.told.items()):
            self.same("network_lines", key, int(row["lines_count"]), reached[key])
            self.same("network_lines", key, int(row["unreached_count"]), lost[key])
            self.same("network_lines", key, int(row["on_demand_count"]), late[key])
            if key in self.pm:
                self.same("network_lines", key, int(self.pm[key]["lines_count"]), reached[key])
            served = not pd.isna(row["nro_id"])
            self.check("network_unserved", key, broken=served != (key in self.pm))
        sections = self.scenario.sectors
        for key, row in sorted(self.pm.items()):
            lines = int(row["lines_count"])
            if sections.source == "cut":
                most = sections.maximum
                self.check("network_pm", key, broken=lines > most, said=lines, worth=most)
            held = int(row["capacity_count"])
            self.check("network_pm", key, broken=lines > held, said=lines, worth=held)
            remote = lines < self.rules.pm_lines
            self.check("network_remote", key, broken=bool(row["remote_connection"]) != remote)
            self.check("network_no_nro", key, broken=str(row["nro_id"]) not in self.nro)
        for key, row in sorted(self.nro.items()):
            mine = [pm for pm in self.pm.values() if str(pm["nro_id"]) == key]
            lines, said = sum(int(pm["lines_count"]) for pm in mine), int(row["lines_count"])
            self.same("network_nro_lines", key, said, lines)
            most = int(row["capacity_count"])
            if not row["existing"]:  # what stands holds what its owner says
                most = min(most, self.rules.nro_lines)
            self.check("network_nro", key, broken=lines > most, said=lines, worth=most)

    def phases(self) -> None:
        """Each sector in its programme's phase; what is used again was opened before."""
        decided = {str(row["sector_id"]): str(row["phase"]) for row in self.rows["programme"]}
        for name in ("network_sectors", "pm"):
            for row in self.rows[name]:
                key, said = str(row["sector_id"]), str(row["phase"])
                worth = decided.get(key, "—")
                wrong = said != worth or said == Phase.PRIVATE.value
                self.check("network_phase", key, broken=wrong, said=said, worth=worth)
        first: dict[str, str] = {}
        for row in self.rows["routes"]:
            piece, phase = _piece(row), str(row["phase"])
            first[piece] = min(first.get(piece, phase), phase)
        for row in self.rows["routes"]:
            again, soonest = row["works"] == "reused", first[_piece(row)]
            wrong = again and soonest >= str(row["phase"])
            self.check("network_order", str(row["route_id"]), broken=wrong)

    def ducts(self) -> None:
        """Every cable lies in ducts that make up its length; a duct holds the cables it says."""
        length = {str(row["duct_id"]): float(row["length_m"]) for row in self.rows["ducts"]}
        under: dict[str, float] = defaultdict(float)
        held: dict[str, int] = defaultdict(int)
        for row in self.rows["cable_ducts"]:
            cable, duct = str(row["cable_id"]), str(row["duct_id"])
            self.check("network_no_duct", duct, broken=duct not in length)
            under[cable] += length.get(duct, 0.0)
            held[duct] += 1
        for name, column in (("cables", "cable_id"), ("ducts", "duct_id")):
            for row in self.rows[name]:
                if row.get("geometry") is not None:
                    place, said = f"{name} {row[column]}", float(row["length_m"])
                    measured = row["geometry"].length
                    self.same(
                        "network_line", place, said, measured, within=_LINE_M + 1e-5 * measured
                    )
        for row in self.rows["cables"]:
            key = str(row["cable_id"])
            worth = under.get(key, 0.0)
            within = 0.01 + 1e-5 * worth
            self.same("network_cable", key, float(row["length_m"]), worth, within=within)
        for row in self.rows["ducts"]:
            key = str(row["duct_id"])
            self.same("network_duct", key, int(row["cables_count"]), held[key])

    def quantities(self) -> None:
        """Check each quantity of a phase against the routes, places and sites."""
        billed: dict[tuple[str, str], int] = defaultdict(int)
        for row in self.rows["quantities"]:
            billed[str(row["phase"]), str(row["item"])] += int(row["quantity"])
        worth, again = self._measured()
        self._counted(worth)
        for phase, item in sorted({*billed, *worth}):
            said, least = billed[phase, item], worth[phase, item]
            if item == "duct_extra" or item.startswith("pole_"):
                continue
            # where one more duct is no cheaper than opening anew, it is opened anew
            more = again[phase, item]
            broken = said < least - 1 or said > least + more + 1
            place = f"phase {phase}, {item}"
            self.check("network_quantity", place, broken=broken, said=said, worth=round(least))

    def _measured(self) -> tuple[Amounts, Amounts]:
        """Return the metres of each phase and item, and those that an earlier phase has opened."""
        worth: Amounts = defaultdict(float)
        again: Amounts = defaultdict(float)
        seen: set[tuple[str, str]] = set()
        for row in self.rows["routes"]:
            phase, length = str(row["phase"]), float(row["length_m"])
            for size in str(row["cables"]).split("+"):
                worth[phase, f"cable_{size}"] += length
            piece = (phase, _piece(row))
            if piece not in seen:
                seen.add(piece)
                held = again if row["works"] == "reused" else worth
                held[phase, str(row["laying"])] += length
        return worth, again

    def _counted(self, worth: Amounts) -> None:
        """Add the units of each phase and item."""
        for row in self.rows["pbo"]:
            sector = self.told.get(str(row["sector_id"]))
            if row["reached"] and sector is not None:
                phase = str(sector["phase"])
                worth[phase, "pbo"] += int(row["pbo_count"])
                worth[phase, "drop"] += int(row["lines_count"]) - int(row["on_demand_count"])
        for row in self.pm.values():
            worth[str(row["phase"]), "pm"] += int(row["cabinets_count"])
        for key, row in self.nro.items():
            mine = [str(pm["phase"]) for pm in self.pm.values() if str(pm["nro_id"]) == key]
            if mine and not row["existing"]:
                worth[min(mine), "nro"] += 1

    def walk(self) -> None:
        """Walk every tree again from its root."""
        for name, key in _DRAWN.items():
            for row in self.rows[name]:
                place = f"{name} {row[key]}"
                self.check("network_shape", place, broken=row["geometry"] is None)
            self.rows[name] = [row for row in self.rows[name] if row["geometry"] is not None]
        self.pm = {str(row["sector_id"]): row for row in self.rows["pm"]}
        self.nro = {str(row["nro_id"]): row for row in self.rows["nro"]}
        trees = self._runs()
        boxes: dict[str, Rows] = defaultdict(list)
        for row in self.rows["pbo"]:
            if row["reached"]:
                boxes[str(row["sector_id"])].append(row)
        mine: dict[tuple[str, str], Rows] = defaultdict(list)
        for row in self.pm.values():
            mine[str(row["nro_id"]), str(row["phase"])].append(row)
        walked: set[Key] = set()
        spare = 1 + self.rules.spare_share
        for (nro, phase), rows in sorted(mine.items()):
            if nro not in self.nro:
                continue
            asked = [
                (row["geometry"], int(row["lines_count"]),
                 _ceil(int(row["lines_count"]) * spare / self.rules.lines_per_feeder_fibre),
                 str(row["sector_id"]))
                for row in rows
            ]  # fmt: skip
            tree = (_FEEDER, nro, "", phase)
            walked.add(tree)
            depth = self._tree(f"{nro}, phase {phase}", trees.get(tree, []), self.nro[nro], asked)
            for row in rows:
                self._loops(row, depth.get(_node(row["geometry"])), boxes, trees, walked, spare)
        for tree in sorted(set(trees) - walked):
            self.check("network_stray", " ".join(part for part in tree if part), broken=True)

    def _runs(self) -> dict[Key, Rows]:
        """Measure each route again, and return those of each tree."""
        trees: dict[Key, Rows] = defaultdict(list)
        for row in self.rows["routes"]:
            tier = str(row["tier"])
            sector = "" if tier == _FEEDER else str(row["sector_id"])
            trees[tier, str(row["nro_id"]), sector, str(row["phase"])].append(row)
            key, length = str(row["route_id"]), float(row["length_m"])
            self.same("network_length", key, length, row["geometry"].length, within=_LENGTH_M)
            sizes = [int(size) for size in str(row["cables"]).split("+")]
            fibres, room = int(row["fibres_count"]), int(row["capacity_fibres_count"])
            self.check("network_fibres", key, broken=fibres > room, said=fibres, worth=room)
            self.same("network_capacity", key, room, sum(sizes))
            self.same("network_cables", key, int(row["cables_count"]), len(sizes))
        return trees

    def _loops(
        self, pm: dict[str, Any], feeder: float | None, boxes: Mapping[str, Rows],
        trees: Mapping[Key, Rows], walked: set[Key], spare: float,
    ) -> None:  # fmt: skip
        sector = str(pm["sector_id"])
        if feeder is not None:
            self.same("network_feeder", sector, float(pm["feeder_m"]), feeder, within=_near(feeder))
        key = (NetworkUse.DISTRIBUTION.value, str(pm["nro_id"]), sector, str(pm["phase"]))
        walked.add(key)
        asked = [
            (row["geometry"], int(row["lines_count"]), _ceil(int(row["lines_count"]) * spare),
             str(row["pbo_id"]))
            for row in boxes.get(sector, [])
        ]  # fmt: skip
        depth = self._tree(sector, trees.get(key, []), pm, asked)
        for row in boxes.get(sector, []):
            own = depth.get(_node(row["geometry"]))
            if own is not None and feeder is not None:
                loop = feeder + own
                self.same(
                    "network_loop", str(row["pbo_id"]), float(row["loop_m"]), loop,
                    within=_near(loop),
                )  # fmt: skip

    def _tree(
        self, name: str, routes: Rows, root: dict[str, Any], asked: list[tuple[Any, int, int, str]]
    ) -> dict[Node, float]:
        """Walk one tree: no loop, every place asked for reached, lines and fibres as gathered."""
        beside: dict[Node, list[tuple[Node, dict[str, Any]]]] = defaultdict(list)
        for row in routes:
            ends = shapely.get_coordinates(row["geometry"])[[0, -1]]
            a, b = ((round(float(x) * _MM), round(float(y) * _MM)) for x, y in ends)
            beside[a].append((b, row))
            beside[b].append((a, row))
        start = _node(root["geometry"])
        depth: dict[Node, float] = {start: 0.0}
        order: list[tuple[Node, Node, dict[str, Any]]] = []
        queue = [start]
        while queue:
            here = queue.pop()
            for there, row in beside.get(here, ()):
                if there not in depth:
                    depth[there] = depth[here] + row["geometry"].length
                    order.append((here, there, row))
                    queue.append(there)
        # a tree has one run fewer than places, and all are joined to the root
        apart = len({*beside, start}) - len(depth)
        self.check("network_apart", name, broken=apart > 0, said=apart)
        loops = len(routes) - (len({*beside, start}) - 1)
        self.check("network_tree", name, broken=apart == 0 and loops != 0, said=loops)
        lines: dict[Node, int] = defaultdict(int)
        fibres: dict[Node, int] = defaultdict(int)
        for shape, count, need, key in asked:
            at = _node(shape)
            self.check("network_reach", key, broken=at not in depth, root=name)
            lines[at] += count
            fibres[at] += max(need, 1)
        for here, there, row in reversed(order):
            key = str(row["route_id"])
            self.same("network_through", key, int(row["lines_count"]), lines[there])
            least, held = fibres[there], int(row["fibres_count"])
            self.check("network_need", key, broken=held < least, said=held, worth=least)
            lines[here] += lines[there]
            fibres[here] += least
        return depth


def _rows(frame: pd.DataFrame | None) -> Rows:
    if frame is None:
        return []
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def _piece(row: Mapping[str, Any]) -> str:
    """Return the piece of support that a route follows: its edge and its rank along it."""
    return f"{row['edge_id']}.{str(row['route_id']).rpartition('.')[2]}"


def _node(point: Any) -> Node:  # noqa: ANN401 (a shape)
    return round(point.x * _MM), round(point.y * _MM)


def _near(length: float) -> float:
    """Return what the roundings of a way's pieces may add up to, metres."""
    return 0.01 + 1e-4 * length


def _ceil(value: float) -> int:
    return math.ceil(round(value, 9))


def _half_up(cents: int, lines: int) -> int | None:
    return (2 * cents + lines) // (2 * lines) if lines else None
