"""Input files of jobs, by the wildcards of their rules."""

from dataclasses import dataclass
from typing import Any

from cbda.workflow import layout, people
from cbda.workflow.jobs import Jobs


@dataclass(frozen=True)
class Inputs:
    """What rules ask for their inputs; they get the wildcards of a job."""

    workflow: Any  # Snakemake's
    jobs: Jobs

    def made_again(self, wildcards: Any) -> list[str]:
        """No file, but a set that lost some is made anew: Snakemake sees its manifest alone."""
        return self._force(self.jobs.changed_manifest(wildcards.set))

    def predicted_again(self, wildcards: Any) -> list[str]:
        """No file, but masks of which some are lost are made anew: it sees their mark alone."""
        run = f"seed{wildcards.seed}/{wildcards.run_name}"
        return self._force(people.lost_predictions(self.jobs, run))

    def _force(self, files: list[str]) -> list[str]:
        if self.workflow.is_main_process and self.workflow.dag is not None:
            self.workflow.dag.forcefiles.update(files)
        return []

    def checkpoint_before(self, wildcards: Any) -> str:
        """The model that a round starts from."""
        return layout.previous_checkpoint("<run>", "<pretrain>", int(wildcards.round))

    def labels_before(self, wildcards: Any) -> list[str]:
        """The labels that a round adds to; none in the first."""
        return layout.previous_labels("<run>", int(wildcards.round))

    def last_labels(self, wildcards: Any) -> str:
        """The labels that a model is trained on anew."""
        run = f"seed{wildcards.seed}/{wildcards.method}/budget{wildcards.budget}"
        return layout.last_labels(self.jobs, run)

    def evaluated_checkpoint(self, wildcards: Any) -> str:
        """The model of a run, or of a round of it, if there is something to evaluate it on."""
        people.require_val(self.jobs)
        return self._last_checkpoint(wildcards)

    def predicting_checkpoint(self, wildcards: Any) -> str:
        """The same, if there is something to predict."""
        people.require_images(self.jobs)
        return self._last_checkpoint(wildcards)

    def _last_checkpoint(self, wildcards: Any) -> str:
        run = f"<results>/seed{wildcards.seed}/{wildcards.run_name}"
        return layout.evaluated_checkpoint(self.jobs, run, wildcards.run_name)
