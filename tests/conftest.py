"""Shared by every test: no network, the toy territory, where the optional real data are."""

import importlib
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import sync_playwright

from planner.toy import toy_territory

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
# in CI the same examples each time; elsewhere new ones are looked for
settings.register_profile("anywhere", deadline=None)  # a busy machine is slow, not wrong
settings.load_profile("anywhere")
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")

SERVER = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
POSTGIS = sorted(Path("/usr/share/postgresql").glob("*/extension/postgis.control"))
CHROMIUM_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Nothing needs the network: whatever would reach beyond this machine fails."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in LOOPBACK:
            raise AssertionError(f"a test reached for the network: {address[0]}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def toy():
    return toy_territory()


@pytest.fixture
def few_steps(monkeypatch):
    """Draw answers in a tenth of the steps: those are for regions, not for ten sectors."""
    monkeypatch.setattr("planner.programme._search.near_bound._STEPS", 20_000)
    monkeypatch.setattr("planner.programme._search.near_bound._MANY_STEPS", 100_000)


@pytest.fixture(scope="session")
def shared():
    """The folder of real data beside the project; the project passes its tests without it."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data is not beside the project: real data are optional here")
    return SHARED


@pytest.fixture(scope="session")
def required():
    """Programs that must be there: in CI a missing one fails, elsewhere it skips."""
    wanted = os.environ.get("PLANNER_REQUIRE", "").split(",")

    def need(program, *, found):
        if found:
            return
        if program in wanted:
            pytest.fail(f"{program} is required here (PLANNER_REQUIRE) and missing")
        pytest.skip(f"{program} is not installed")

    return need


def _as_server(*words, **more):
    """Run one of the server's programs, which refuse to run as root."""
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*user, *map(str, words)], check=True, capture_output=True, text=True, **more
    )


@pytest.fixture(scope="session")
def server(required):
    """A cluster of its own on loopback, gone at the end."""
    required("postgis", found=bool(SERVER and POSTGIS))
    programs = SERVER[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="planner-postgis-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _as_server(
        programs / "initdb",
        "-D",
        folder / "data",
        "-A",
        "trust",
        "-U",
        "postgres",
        "--no-sync",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        cwd="/",
    )
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    )
    _as_server(
        programs / "pg_ctl",
        "-D",
        folder / "data",
        "-o",
        options,
        "-l",
        folder / "log",
        "-w",
        "start",
        cwd="/",
    )
    try:
        yield f"127.0.0.1:{port}"
    finally:
        _as_server(programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop", cwd="/")
        shutil.rmtree(folder, ignore_errors=True)


def _sql(url, *statements):
    import psycopg

    rows = None
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
            rows = cursor.fetchall() if cursor.description else None
    return rows


@pytest.fixture
def database(server, request):
    """An empty database with PostGIS."""
    name = f"t{abs(hash(request.node.name)) % 10**9}"
    admin = f"postgresql://postgres@{server}"
    _sql(f"{admin}/postgres", f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    url = f"{admin}/{name}"
    _sql(url, "CREATE EXTENSION postgis")
    yield url
    _sql(f"{admin}/postgres", f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def browser(required):
    """One Chromium for the pages that a module opens."""
    program = shutil.which("chromium")
    required("chromium", found=program is not None)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def script():
    """Import a module of scripts/, which is not a package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[1] / "scripts"))
        yield importlib.import_module
