"""Where a result is made: versions of what was imported, the machine, the commit of the package."""

import os
import platform
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cbda
from cbda.compute.commit import source_commit

PACKAGES = {  # module to distribution
    **{name: name for name in ("torch", "torchvision", "numpy", "scipy", "pandas", "h5py")},
    **{name: name for name in ("numba", "timm", "matplotlib")},
    "segmentation_models_pytorch": "segmentation-models-pytorch",
    "PIL": "pillow",
}
# Variables that choose instruction sets beside what the processor has.
INSTRUCTION_VARIABLES = ("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA")


def describe_circumstances(device: str | None) -> dict[str, Any]:
    """What a record says beside its job: versions, machine, commit.

    Args:
        device: the option of that name; None for a command without one.
    """
    found = {name: _version(name) for module, name in PACKAGES.items() if module in sys.modules}
    found |= {"cbda": cbda.__version__, "Python": platform.python_version()}
    return {"versions": found, "machine": _machine(device), "commit": source_commit()}


@cache
def _version(package: str) -> str:
    return version(package)


def _machine(device: str | None) -> dict[str, str]:
    """Processor, the instruction sets in use, and the device that computed."""
    machine = {"processor": _processor()}
    if "numpy" in sys.modules:
        import numpy as np

        features: Any = np.show_config(mode="dicts")
        extensions = features["SIMD Extensions"]
        machine["NumPy instructions"] = " ".join((extensions.get("found") or ["baseline"])[-1:])
    if "torch" in sys.modules:
        import torch

        machine["torch instructions"] = torch.backends.cpu.get_cpu_capability()
        if device is not None:
            on_gpu = device != "cpu" and torch.cuda.is_available()
            machine["device"] = torch.cuda.get_device_name() if on_gpu else "cpu"
    return machine | {n: os.environ[n] for n in INSTRUCTION_VARIABLES if n in os.environ}


@cache
def _processor() -> str:
    """Model of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
