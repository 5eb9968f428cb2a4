"""What `make gpu` measures is printed at its end, as a page of documentation shows it."""

from collections.abc import Iterator

import pytest
import torch

from benchmarks.tables import Table

TABLES: list[Table] = []


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.device]:
    """A CUDA device with repeatable kernels."""
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device can be seen on this machine")
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    yield torch.device("cuda")
    torch.use_deterministic_algorithms(False)
    torch.cuda.empty_cache()


@pytest.fixture(scope="session")
def tables() -> list[Table]:
    return TABLES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TABLES:
        name = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
        terminalreporter.write_line(f"\n{name}, PyTorch {torch.__version__}\n")
        for table in TABLES:
            terminalreporter.write_line(f"{table}\n")
