"""Compiled functions do the same whatever has become of the code that was kept."""

import runpy
import subprocess
import sys

import pytest

CALLED = """
from cbda.compiled import compiled


@compiled
def twice(number):
    return 2 * number
"""
CALLER = """
from called import twice
from cbda.compiled import compiled


@compiled
def rise(number):
    return twice(number) + 1
"""


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Calls a function as a new process would: its result, and how often kept code was used."""
    (tmp_path / "called.py").write_text(CALLED)
    (tmp_path / "caller.py").write_text(CALLER)
    monkeypatch.syspath_prepend(tmp_path)

    def run():
        sys.modules.pop("called", None)
        rise = runpy.run_path(str(tmp_path / "caller.py"))["rise"]
        return rise(20), sum(rise.stats.cache_hits.values())

    yield run
    sys.modules.pop("called", None)


def cut(path):
    path.write_bytes(b"")


def halve(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", [cut, halve, flip])
def test_damaged_code_is_made_anew(call, tmp_path, damage, suffix):
    assert [call(), call()] == [(41, 0), (41, 1)]
    for path in (tmp_path / "__pycache__").glob(f"caller*.{suffix}"):
        damage(path)
    assert call() == (41, 0)
    assert call() == (41, 1)


def test_code_is_made_anew_when_a_function_that_it_calls_changes(call, tmp_path):
    assert call() == (41, 0)
    (tmp_path / "called.py").write_text(CALLED.replace("2 *", "-3 *"))
    assert call() == (-59, 0)


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_code_that_is_not_ours_to_read_or_write_is_passed_over(call, tmp_path, suffix):
    """Folders in place of files, as root may read and write everything."""
    assert call() == (41, 0)
    for path in (tmp_path / "__pycache__").glob(f"caller*.{suffix}"):
        path.unlink()
        path.mkdir()
    assert [call(), call()] == [(41, 0), (41, 0)]


def test_nothing_is_kept_where_nothing_can_be(call, tmp_path, monkeypatch):
    """Files in place of the folders."""
    monkeypatch.setenv("HOME", str(tmp_path / "called.py"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "called.py"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "__pycache__").write_text("")
    assert call() == (41, 0)
    assert [path.name for path in tmp_path.rglob("*.nbc")] == []


FIRST_CALL = """
import sys
import numpy as np
from cbda.compiled import load_compiler
from cbda.files.fletcher import checksum

load_compiler()
before = set(sys.modules)
checksum(np.zeros(4, np.uint8))
print(sorted(set(sys.modules) - before))
"""


def test_loaded_compiler_has_nothing_left_to_import():
    result = subprocess.run([sys.executable, "-c", FIRST_CALL], text=True, capture_output=True)
    assert result.stdout == "[]\n", result.stderr
