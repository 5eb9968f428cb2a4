"""The whole configuration of an experiment, and its checks before any job starts.

Every mistake is reported at once, each with its place and what is allowed there.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from cbda.acquisition.catalogue import METHODS
from cbda.acquisition.methods import Method
from cbda.settings import defaults
from cbda.settings.classes import ClassName
from cbda.settings.compute import ResumableComputeSettings
from cbda.settings.datasets import DataCheckSettings, DataCountSettings, DatasetsSettings
from cbda.settings.encoding import EncodeSettings
from cbda.settings.evaluation import EvaluateSettings
from cbda.settings.generation import DataMakeSettings
from cbda.settings.mistakes import complaint, require_valid
from cbda.settings.model import ModelSettings
from cbda.settings.paths import PathSettings
from cbda.settings.prediction import PredictSettings
from cbda.settings.section import Distinct, Section
from cbda.settings.tables import AnalyseSettings, PlanSettings, ReportSettings, TabulateSettings
from cbda.settings.training import FinetuneSettings, PretrainSettings, TrainingSettings
from cbda.workflow.consistency import inconsistencies
from cbda.workflow.experiment import AcquireSettings, ExperimentSettings


class Config(Section):
    """Configuration of an experiment."""

    pathvars: PathSettings = PathSettings()
    experiment: ExperimentSettings = ExperimentSettings()
    classes: Annotated[Distinct[ClassName], Field(min_length=2, max_length=255)] = (
        *("sky", "building", "pole", "road", "pavement", "tree", "sign", "fence"),
        *("car", "pedestrian", "bicyclist"),
    )
    """Class names in the order of their train ids."""
    datasets: DatasetsSettings = DatasetsSettings()
    data_make: DataMakeSettings = DataMakeSettings()
    data_check: DataCheckSettings = DataCheckSettings()
    data_count: DataCountSettings = DataCountSettings()
    plan: PlanSettings = PlanSettings()
    model: ModelSettings = defaults.MODEL
    encode: EncodeSettings = EncodeSettings()
    training: TrainingSettings = defaults.TRAINING
    pretrain: PretrainSettings = PretrainSettings()
    acquire: AcquireSettings = AcquireSettings()
    finetune: FinetuneSettings = FinetuneSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    predict: PredictSettings = PredictSettings()
    tabulate: TabulateSettings = TabulateSettings()
    analyse: AnalyseSettings = AnalyseSettings()
    report: ReportSettings = ReportSettings()
    compute: ResumableComputeSettings = ResumableComputeSettings()

    def final_iteration(self, round_number: int) -> int:
        """Iteration of the whole run at which a round stops; the last one uses up the rest."""
        if round_number == self.experiment.rounds:
            return self.training.total_iterations
        return self.pretrain.iterations + round_number * self.finetune.iterations_per_round


def load_config(raw: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """The configuration that plain values describe, or a `UserError` of one line of all mistakes.

    A key left out has its default; paths may name variables of the environment.
    """
    config = require_valid(Config, defaults.fill(raw), environment=environment)
    if mistakes := list(inconsistencies(config)):
        raise complaint(mistakes)
    return config


def resolve_experiment(config: Config) -> dict[str, Method]:
    """The methods that the experiment compares, by name, in the order given."""
    custom = {name: parts.resolve() for name, parts in config.experiment.custom_methods.items()}
    return {name: {**METHODS, **custom}[name] for name in config.experiment.methods}
