"""One thread for every test, and for every process that a test starts; the longest files first."""

import gc
import os
import signal
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

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

# One process makes the shared project; the other has use for it only afterwards.
FIRST = (
    *("test_people", "test_published", "test_rehearsal", "test_querying", "test_report"),
    *("test_environments", "test_resume", "test_page", "test_build", "test_bad_input"),
    *("test_walkthrough", "test_hdf5", "test_maps", "test_cli"),
)
SECOND = "tests.workflow."

# Tests take up to twice as long when they are traced. Examples run no line that other tests don't,
# and these files hardly any, so that the coverage which is told is a little too low.
UNTRACED = pytest.mark.no_cover
HARDLY_MORE = (
    *("tests.acquisition.test_ranks", "tests.annotation.test_page", "tests.commands.test_ask"),
    *("tests.commands.test_data_make", "tests.evidence.", "tests.files.test_bad_input"),
    *("tests.files.test_boundary", "tests.files.test_hdf5", "tests.files.test_maps", "tests.gpu."),
    *("tests.models.test_published", "tests.report.test_budgets", "tests.results.test_pairs"),
    *("tests.results.test_windows", "tests.scenes.test_kinds", "tests.scenes.test_scenes"),
    *("tests.selection.test_allocation", "tests.selection.test_diversity"),
    *("tests.selection.test_drawn_quota", "tests.selection.test_greedy"),
    *("tests.selection.test_querying", "tests.selection.test_quota"),
    *("tests.selection.test_sampling", "tests.selection.test_weighting", "tests.test_cli"),
    *("tests.test_compiled", "tests.test_docs", "tests.test_environments"),
    *("tests.training.test_trainer", "tests.workflow.test_failures"),
    *("tests.workflow.test_fingerprint", "tests.workflow.test_guide", "tests.workflow.test_layout"),
    *("tests.workflow.test_staleness", "tests.workflow.test_workflow"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take longest start first, so that no process ends long after the other."""

    def rank(item: pytest.Item) -> int:
        name = item.module.__name__  # type: ignore[attr-defined]
        stem = name.rpartition(".")[2]
        return FIRST.index(stem) if stem in FIRST else len(FIRST) + (not name.startswith(SECOND))

    items.sort(key=rank)
    for item in items:
        name = item.module.__name__  # type: ignore[attr-defined]
        if item.get_closest_marker("hypothesis") or name.startswith(HARDLY_MORE):
            item.add_marker(UNTRACED)


@pytest.hookimpl(hookwrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Of what is imported here, the package alone is traced."""
    coverage = getattr(session.config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    if coverage is None:
        yield
        return
    import cbda

    for module in walk_packages(cbda.__path__, "cbda."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    coverage.pause()
    yield
    coverage.resume()


def pytest_collection_finish() -> None:
    """Garbage is looked for seldom, and not among what lives as long as the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
