"""Where tests of the lab notebook find tables."""

import pytest

from evidence import values
from tests.evidence.made_up import KNOWN, write_tables


@pytest.fixture
def few_sign_flips(monkeypatch):
    """As no page shows their test, which takes the longest."""
    monkeypatch.setattr("cbda.results.pairs.NUM_RESAMPLES", 9)


@pytest.fixture
def tables(tmp_path, monkeypatch, few_sign_flips):
    """An empty folder in place of the kept tables."""
    monkeypatch.setattr(values, "TABLES", tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def made_up_once(tmp_path_factory):
    """All tables, of known effects."""
    folder = tmp_path_factory.mktemp("tables")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values, "TABLES", folder)
        write_tables(KNOWN)
    return folder


@pytest.fixture
def made_up(made_up_once, monkeypatch, few_sign_flips):
    """The same in place of the kept tables."""
    monkeypatch.setattr(values, "TABLES", made_up_once)
    return made_up_once
