"""Where and how a job computes: device, threads, determinism."""

import os

import torch

from cbda.compute.gpus import claim_gpu
from cbda.errors import UserError, require_choice


def prepare_device(name: str, num_threads: int, deterministic: bool = True) -> torch.device:
    """Choose the device, keep other jobs off it, and make results repeatable on it.

    The name `auto` takes CUDA where there is any. On CUDA alone, what need not be deterministic
    lets cuDNN try for the fastest kernels.
    An unknown name, or CUDA where there is none, is a `UserError`.
    """
    require_choice("device", name, ("auto", "cpu", "cuda"))
    torch.set_num_threads(num_threads)
    if name != "cpu":
        gpu = claim_gpu(os.environ)  # before CUDA starts
        if gpu:
            print(f"GPU {gpu.uuid}", flush=True)
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("device cuda: this machine has no CUDA device; allowed: auto, cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
        if name == "cpu":
            print("computes on the CPU", flush=True)
    if name == "cuda":
        torch.backends.cudnn.benchmark = not deterministic
    if name == "cuda" and deterministic:  # a CPU's kernels are; the switch takes seconds to import
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
    return torch.device(name)
