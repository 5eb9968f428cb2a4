"""The pages' tables and figures are those of the files that are kept."""

import pytest

from evidence import page
from evidence.figures import FIGURES
from evidence.run import TABLES

NAMES = [path.name for path in page.PAGES]


@pytest.mark.usefixtures("few_sign_flips")
@pytest.mark.parametrize("path", page.PAGES, ids=NAMES)
def test_page_is_that_of_the_files_beside_it(path):
    text = path.read_text()
    assert page.page(path) == text, "run `python -m evidence.page`"


@pytest.mark.parametrize("path", page.PAGES, ids=NAMES)
def test_page_is_whole_when_all_tables_are_there(path, made_up):
    text = page.page(path)
    assert "no result yet" not in text
    assert "no table yet" not in text
    assert "nan" not in text
    assert "<!-- table " in text


@pytest.mark.parametrize("path", page.PAGES, ids=NAMES)
def test_what_was_not_run_has_no_number(path, tables):
    blocks = [found[0] for found in page.BLOCK.finditer(page.page(path))]
    shown = [block.split("\n", 1)[1] for block in blocks if "table state" not in block]
    assert set(shown) == {page.NOT_YET + "<!-- end -->"}


def test_page_is_as_long_as_a_reader_has_time_for(made_up):
    assert len(page.page(page.PAGES[0]).splitlines()) <= 250
    assert len(page.PAGES[0].read_text().splitlines()) <= 250


def test_page_shows_every_figure(made_up):
    text = page.page(page.PAGES[0])
    for name in FIGURES:
        assert f"](../evidence/figures/{name}.svg)" in text


def test_commands_of_the_page_make_every_table():
    text = page.PAGES[0].read_text()
    prefixes = [line.split()[3] for line in text.splitlines() if "-m evidence.run" in line]
    assert all(name.startswith(tuple(prefixes)) for name in TABLES)
