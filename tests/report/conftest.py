"""Figures that are drawn for what is in them."""

import pytest


@pytest.fixture
def one_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are written as SVG alone."""
    monkeypatch.setattr("cbda.report.style.KINDS", {"svg": "Date"})
