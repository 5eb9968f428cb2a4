"""Arguments of jobs that make nothing stale: where things are, and what calls the package.

Snakemake compares no params of functions that ask for `input`, so all of these do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cbda.settings.options import to_options
from cbda.workflow.jobs import Jobs

SETS = ("source", "target", "val")
Params = Callable[[Any, Any], list[str]]  # of wildcards and input


@dataclass(frozen=True)
class Arguments:
    """Params of the rules of an experiment."""

    jobs: Jobs
    words: list[str]  # that call the package

    def program(self, wildcards: Any, input: Any) -> list[str]:
        """The words that call the package."""
        return self.words

    def places(self, **datasets: str) -> Params:
        """Where datasets are, and the reports of what is in them, by the options' prefix."""

        def arguments(wildcards: Any, input: Any) -> list[str]:
            given = ((o, name, input[name]) for o, name in datasets.items())
            return [word for place in given for word in self.jobs.place_arguments(*place)]

        return arguments

    def encoder(self, wildcards: Any, input: Any) -> list[str]:
        """The weights to start from, which count by their content and not by their place."""
        return to_options("model-encoder-weights", self.jobs.config.model.encoder_weights)

    def architecture(self, wildcards: Any, input: Any) -> list[str]:
        """A network of the user's own to be made, which counts likewise."""
        return to_options("model-architecture", self.jobs.own_network)

    def network(self, wildcards: Any, input: Any) -> list[str]:
        """The same for a checkpoint, which does not know where its network is."""
        return to_options("network", self.jobs.own_network)

    def tensorboard(self, wildcards: Any, input: Any) -> list[str]:
        """Whether trainings write for TensorBoard too."""
        return to_options("tensorboard", self.jobs.config.compute.tensorboard)

    def statistics(self, wildcards: Any, input: Any) -> list[str]:
        """What class balanced sampling needs to know."""
        return to_options("source-statistics", input.statistics) if input.statistics else []

    def features(self, wildcards: Any, input: Any) -> list[str]:
        """The features of the datasets, in place of their images."""
        files = {f"{name}-features": input.get(f"{name}_features") for name in SETS}
        return [word for option, path in files.items() if path for word in to_options(option, path)]
