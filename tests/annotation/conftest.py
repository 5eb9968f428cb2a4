"""A real browser, without a window."""

import os
import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")  # others may have a loop of events
def browser():
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None and "CBDA_NEEDS_BROWSER" not in os.environ:
        pytest.skip("no Chromium: `make browser` installs one")
    assert path, "no Chromium"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
