"""Figures that are drawn for what is in them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

Drawing = Callable[[], AbstractContextManager[None]]
ON_PAGES = ("svg", "jpeg")


@pytest.fixture(scope="session")
def drawn_once() -> Drawing:
    """Within it figures are drawn as pages show them; of PNG and PDF there is an empty file."""
    save = Figure.savefig

    def save_shown(figure: Figure, place: Any, *, format: str, **options: Any) -> None:
        if format in ON_PAGES:
            save(figure, place, format=format, **options)
        else:
            Path(place).touch()

    @contextmanager
    def once() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Figure, "savefig", save_shown)
            yield

    return once


@pytest.fixture
def one_format(drawn_once: Drawing) -> Iterator[None]:
    """Figures are drawn as pages show them, and not again as PNG and PDF."""
    with drawn_once():
        yield
