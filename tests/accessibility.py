"""axe-core on the report and on the page of queries, in a real browser.

python -m tests.accessibility

Each page is looked at light and dark, on a laptop and on a phone. Ends with 1 if axe finds anything
serious or critical. Needs a Chromium and npm, which fetches axe-core.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from cbda.report.chapters import draw_figures
from cbda.report.contents import page_content
from cbda.report.page import render_page
from tests.annotation.conftest import BROWSERS
from tests.annotation.pages import make_round, random_centres, serving
from tests.report.test_report import TEMPLATE, make_experiment

AXE = "axe-core@4.14.1"
GRAVE = ("serious", "critical")
SIGHTS: tuple[dict[str, Any], ...] = (
    {"viewport": {"width": 1280, "height": 800}},
    {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    {"viewport": {"width": 390, "height": 844}},
)


def fetch_axe(folder: Path) -> str:
    """The source of axe-core."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("no npm, which fetches axe-core: install Node.js")
    subprocess.run([npm, "install", "--silent", "--prefix", folder, AXE], check=True)
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


def draw_report(folder: Path) -> Path:
    """The report of a made-up experiment."""
    sections = draw_figures(make_experiment(), folder / "figures")
    page = render_page(TEMPLATE, **page_content(make_experiment(), sections))
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def find_faults(browser: Browser, address: str, axe: str) -> Iterator[str]:
    """What is wrong with a page, a line for each rule that it breaks in a sight of it."""
    for sight in SIGHTS:
        context = browser.new_context(**sight, bypass_csp=True)
        tab = context.new_page()
        tab.goto(address)
        tab.wait_for_selector("body:not([aria-busy=true])")
        tab.evaluate(axe)
        for fault in tab.evaluate("axe.run()")["violations"]:
            places = "; ".join(str(node["target"]) for node in fault["nodes"][:3])
            yield f"{fault['impact']}: {fault['id']}: {fault['help']} ({sight}): {places}"
        context.close()


def main() -> int:
    """Look at both pages; every fault is printed."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        sys.exit("no Chromium: `make browser` installs one")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder, grave = Path(name), 0
        axe, report = fetch_axe(folder), draw_report(folder)
        make_round(folder, random_centres(6))
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        with serving(folder) as served:
            for what, address in (("report", report.as_uri()), ("queries", served.address)):
                faults = list(find_faults(browser, address, axe))
                grave += sum(fault.startswith(GRAVE) for fault in faults)
                print(f"{what}: {len(faults)} faults in {len(SIGHTS)} sights", *faults, sep="\n  ")
        browser.close()
    return int(grave > 0)


if __name__ == "__main__":
    sys.exit(main())
