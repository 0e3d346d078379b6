"""The floors of DESIGN.md: a module imports only lower ones, rooms of F4 never each other."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "planner"
FLOORS = [
    {"texts", "errors", "vocab", "follow_vocab", "works_vocab"},
    {"contracts", "schemas", "crs", "spatial", "_grid", "findings", "provenance", "progress", "compiling", "timeline", "solver", "apportion", "sector_names"},
    {"scenario", "scenario_mistakes", "schedule_settings", "follow_section", "network_section", "io"},
    {"territory", "ballots", "choice", "dated"},
    {
        "premises", "zoning", "coverage", "concertation", "programme", "contribution", "balance",
        "cost", "schedule", "names", "voting", "criteria", "vintages", "governance", "network",
        "works", "follow_up", "register",
    },
    {
        "prepare", "prepare_delivery", "within", "choosing", "plan", "explain", "reconcile", "describe", "toy", "verify", "robustness",
        "compare", "quality", "edits", "conflict", "bulletin", "engineering", "supports", "scheduling", "deadlines", "replanning", "tracking", "axe3",
    },
    {"export"},
    {"cli"},
]  # fmt: skip
ROOMS_OF_F4 = FLOORS[4]
NO_FLOOR = {"__init__", "__main__"}
# inside a floor, these may lean on a neighbour: the order is part of the design
NEIGHBOURS = {
    ("dated", "choice"),
    ("errors", "texts"), ("vocab", "texts"), ("follow_vocab", "vocab"), ("works_vocab", "vocab"),
    ("contracts", "crs"), ("schemas", "contracts"), ("findings", "schemas"), ("spatial", "_grid"), ("_grid", "compiling"),
    ("io", "scenario"), ("scenario", "follow_section"), ("scenario", "network_section"), ("network_section", "schedule_settings"), ("scenario", "scenario_mistakes"), ("scenario", "schedule_settings"), ("prepare", "prepare_delivery"), ("prepare", "within"), ("plan", "choosing"), ("choosing", "conflict"), ("choosing", "verify"), ("plan", "reconcile"), ("engineering", "plan"), ("engineering", "supports"), ("prepare", "supports"), ("axe3", "plan"), ("plan", "tracking"), ("plan", "conflict"), ("plan", "explain"), ("plan", "robustness"),
    ("plan", "verify"), ("explain", "verify"), ("plan", "scheduling"), ("plan", "deadlines"), ("scheduling", "deadlines"), ("replanning", "scheduling"), ("engineering", "scheduling"), ("conflict", "verify"), ("compare", "plan"),
    ("bulletin", "verify"),
}  # fmt: skip


def room_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def floor_of(room):
    for floor, rooms in enumerate(FLOORS):
        if room in rooms:
            return floor
    raise AssertionError(f"planner/{room} stands on no floor: add it to DESIGN.md and here")


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = (
                [node.module]
                if node.module != "planner"
                else [f"planner.{a.name}" for a in node.names]
            )
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "planner" and len(parts) > 1:
                yield parts[1]


MODULES = sorted(p for p in ROOT.rglob("*.py") if "geodata" not in p.parts)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_lower_floors(path):
    room = room_of(path)
    if room in NO_FLOOR:
        return
    for other in set(imported_rooms(path)) - {room}:
        allowed = floor_of(other) < floor_of(room) or (room, other) in NEIGHBOURS
        assert allowed, f"planner/{path.relative_to(ROOT)} imports planner.{other}"


def test_rooms_of_f4_do_not_import_each_other():
    sideways = {
        (room_of(path), other)
        for path in MODULES
        if room_of(path) in ROOMS_OF_F4
        for other in imported_rooms(path)
        if other in ROOMS_OF_F4 and other != room_of(path)
    }
    assert sideways == set()


def test_files_are_opened_in_io_scenario_and_export_only():
    openers = {
        "open",
        "read_text",
        "read_bytes",
        "write_text",
        "write_bytes",
        "read_csv",
        "read_file",
    }
    allowed = {"io", "scenario", "export", "texts", "cli"}
    guilty = set()
    for path in MODULES:
        if room_of(path) in allowed:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in openers:
                    guilty.add(f"{path.relative_to(ROOT)}: {name}")
    assert guilty == set()


def test_only_the_face_prints():
    guilty = {
        str(path.relative_to(ROOT))
        for path in MODULES
        if room_of(path) != "cli"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    }
    assert guilty == set()


def test_no_module_is_longer_than_its_reason():
    long = {
        str(p.relative_to(ROOT)): len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES
    }
    assert {name for name, lines in long.items() if lines > 500} == set()
