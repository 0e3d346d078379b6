"""One Chromium for the pages that are opened."""

import os
import shutil

import pytest

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser(required):
    program = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sync_playwright = None
    if os.environ.get("PLANNER_REQUIRE_BROWSER") == "1":
        assert program, "chromium is required here (PLANNER_REQUIRE_BROWSER) and missing"
        assert sync_playwright, "playwright is required here (PLANNER_REQUIRE_BROWSER) and missing"
    required("chromium", found=program is not None)
    required("chromium", found=sync_playwright is not None)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()
