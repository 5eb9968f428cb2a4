"""The page of the first edition is that of its files."""

from evidence.first_edition.tables import PAGE_PATH, page


def test_tables_are_those_of_the_files_beside_the_page() -> None:
    text = PAGE_PATH.read_text()
    assert "<!-- table " in text
    assert page(text) == text, "run `python -m evidence.first_edition.tables`"
