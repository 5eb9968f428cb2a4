"""Where and how a job computes: device, threads, determinism."""

import os

import torch

from cbda.compute.gpus import claim_gpu
from cbda.errors import UserError, require_choice

DEVICES = ("auto", "cpu", "cuda")


def prepare_device(name: str, num_threads: int, deterministic: bool = True) -> torch.device:
    """Choose the device, keep other jobs off it, and make results repeatable on it.

    Args:
        name: `auto` takes CUDA where there is any.
        num_threads: CPU threads of this process.
        deterministic: of CUDA alone; False lets cuDNN try for the fastest kernels.

    Raises:
        UserError: an unknown name, or CUDA is asked for and there is none.
    """
    require_choice("device", name, DEVICES)
    torch.set_num_threads(num_threads)
    if name != "cpu":
        gpu = claim_gpu(os.environ)  # before CUDA starts
        print(f"GPU {gpu.uuid}" if gpu else "no GPU can be seen", flush=True)
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("device cuda: this machine has no CUDA device; allowed: auto, cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        _make_cuda_repeatable() if deterministic else _make_cuda_fast()
    return torch.device(name)


def _make_cuda_repeatable() -> None:
    """Only on CUDA: the CPU's kernels are repeatable, and the switch takes seconds to import."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False


def _make_cuda_fast() -> None:
    torch.backends.cudnn.benchmark = True
