"""One thread for every test, and for every process that a test starts; the longest files first."""

import gc
import os
import signal
from importlib import import_module

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported

# What all processes of a whole run need, before lines are traced, which takes half as long again.
LIBRARIES = (
    *("h5py", "hypothesis.extra.numpy", "jsonschema", "matplotlib.figure", "numba", "pandas"),
    *("PIL.Image", "playwright.sync_api", "scipy.stats", "segmentation_models_pytorch"),
    *("skimage.segmentation", "snakemake.cli", "torch", "torchvision"),
)
if "PYTEST_XDIST_WORKER" in os.environ:
    for library in LIBRARIES:
        import_module(library)

# What is started in the background, or by nohup, has these ignored, and so have its processes.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Of two processes one kills jobs; the other one has use for the shared project only afterwards.
FIRST = (
    *("test_kills", "test_published", "test_rehearsal", "test_querying", "test_report"),
    *("test_environments", "test_resume", "test_page", "test_build", "test_bad_input"),
    *("test_walkthrough", "test_hdf5", "test_maps", "test_cli"),
)
SECOND = "tests.workflow."

# Examples take twice as long when they are traced, and run no line that other tests don't.
EXAMPLES = pytest.mark.no_cover


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take longest start first, so that no process ends long after the other."""

    def rank(item: pytest.Item) -> int:
        name = item.module.__name__  # type: ignore[attr-defined]
        stem = name.rpartition(".")[2]
        return FIRST.index(stem) if stem in FIRST else len(FIRST) + (not name.startswith(SECOND))

    items.sort(key=rank)
    for item in items:
        if item.get_closest_marker("hypothesis"):
            item.add_marker(EXAMPLES)


def pytest_collection_finish() -> None:
    """Whoever looks for garbage needs not look through what lives as long as the process."""
    gc.collect()
    gc.freeze()
