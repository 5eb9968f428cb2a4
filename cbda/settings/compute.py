"""Where jobs compute."""

from typing import Annotated

from pydantic import NonNegativeInt

from cbda.settings.section import Count, Section, one_of


class ComputeSettings(Section):
    """Where jobs compute."""

    device: Annotated[str, one_of("auto", "cpu", "cuda")] = "auto"
    """auto takes CUDA where there is any."""
    deterministic: bool = True
    """Repeatable kernels on CUDA, where the fastest are not; the CPU's always are."""
    threads: Count = 1
    """CPU threads of a computing job; with 1, results don't depend on --cores."""


class ResumableComputeSettings(ComputeSettings):
    """Where jobs compute, and what a training leaves beside its results."""

    state_interval_s: NonNegativeInt = 300
    """Seconds between two saves of the state from which a stopped training goes on."""
    tensorboard: bool = False
    """Write the course of each training for TensorBoard too, to the folder tensorboard beside its
    checkpoint; needs TensorBoard."""
