"""Shared by every test: no network, the toy territory, where the optional real data are."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import settings

from planner.toy import toy_territory

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
# in CI the same examples each time; elsewhere new ones are looked for
settings.register_profile("anywhere", deadline=None)  # a busy machine is slow, not wrong
settings.load_profile("anywhere")
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")

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
