"""Optimizers of torch that leave its compiler alone.

Their methods are wrapped in what keeps `torch.compile` out of them, which imports the compiler at
the first step. To a job that compiles nothing that costs half as much again as torch itself.
"""

from inspect import getmembers, unwrap
from typing import TypeVar

import torch
from torch.optim import Optimizer

Kind = TypeVar("Kind", bound=Optimizer)


def without_compiler(kind: type[Kind]) -> type[Kind]:
    """The class of an optimizer that takes the same steps and never imports `torch._dynamo`."""
    wrapped = {
        name: unwrap(method) for name, method in getmembers(kind) if hasattr(method, "__wrapped__")
    }
    step = torch.no_grad()(unwrap(kind.step))
    return type(kind.__name__, (kind,), {**wrapped, "step": step})
