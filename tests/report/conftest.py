"""Figures that are drawn for what is in them."""

import pytest


@pytest.fixture
def one_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are written as SVG alone, and none for one column of a paper."""
    monkeypatch.setattr("cbda.report.style.KINDS", {"svg": "Date"})
    monkeypatch.setattr("cbda.report.chapters.write", lambda figure, path: None)
