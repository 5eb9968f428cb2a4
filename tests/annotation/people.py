"""People at the page, who have a browser each."""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
from playwright.sync_api import expect

from cbda.datasets.ids import VOID

KEYS = "1234567890qwertyuio"  # of classes, in order


@contextmanager
def person(browser, served, **options):
    """Someone with a browser of their own, who sees every fault of the page."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, **options)
    context.set_default_timeout(10_000)
    tab, faults = context.new_page(), []
    tab.on("pageerror", lambda fault: faults.append(str(fault)))
    tab.on("console", lambda message: faults.extend([message.text] * (message.type == "error")))
    tab.goto(served.address)
    settle(tab)
    yield tab
    assert not faults
    context.close()


def progress(tab, text):
    expect(tab.locator("#progress")).to_contain_text(text)


def settle(tab):
    tab.wait_for_selector("body[aria-busy=false]")


def place(tab):
    return tab.inner_text("#where")


def press(tab, *keys):
    """Press keys, waiting for the page after those that answer."""
    for key in keys:
        before = tab.inner_text("#progress")
        tab.keyboard.press(key)
        expect(tab.locator("#progress")).not_to_have_text(before)
        settle(tab)


def paint(tab, queries, index, window):
    """Paint a window pixel by pixel, with a mouse, as `window` (h,w) says."""
    shown = shown_part(queries, index)
    tab.keyboard.press("b")
    box = tab.locator("#window").bounding_box()
    step = box["width"] / (shown.right - shown.left)
    for (row, column), value in np.ndenumerate(window):
        tab.keyboard.press("v" if value == VOID else KEYS[value])
        clipped = queries.window(index)
        x, y = clipped.left + column - shown.left, clipped.top + row - shown.top
        tab.mouse.click(box["x"] + (x + 0.5) * step, box["y"] + (y + 0.5) * step)
    press(tab, "Enter")


def shown_part(queries, index):
    """What the canvas shows: the window and a margin of 2 px, within the image."""
    window = queries.window(index)
    return SimpleNamespace(
        top=max(window.top - 2, 0),
        left=max(window.left - 2, 0),
        right=min(window.left + window.width + 2, queries.width),
    )
