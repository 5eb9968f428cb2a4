"""What the jobs of an experiment are given: arguments of their commands, files, digests.

The rules ask, by the names that their wildcards have; all answers follow from the configuration
and from the files that it names.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cbda.acquisition.catalogue import REFERENCES, balance_settings, compose, require_new_name
from cbda.acquisition.external import source_path
from cbda.acquisition.methods import BALANCES_WITH_TARGET, Method, is_external
from cbda.compute.gpus import visible_gpus
from cbda.datasets.catalogue import dataset_digest
from cbda.datasets.digest import content_digest
from cbda.datasets.listing import SKIP_FILE
from cbda.errors import UserError
from cbda.results.sheet import MISSING, NONE, Row, evaluated, format_rows, list_rows
from cbda.settings.model import encoder_alone, has_weights_file
from cbda.settings.options import to_options
from cbda.workflow.config import Config, load_config, resolve_experiment
from cbda.workflow.fingerprint import file_fingerprint, score_fingerprint

TABLES = {  # of `cbda tabulate`, by option
    "out": "table_mIoU",
    "out-classes": "class_iou",
    "out-acquisition": "acquisition",
    "out-comparisons": "comparisons",
}


@dataclass(frozen=True)
class Jobs:
    """The jobs of one experiment."""

    config: Config  # checked
    methods: dict[str, Method]  # in the order of the tables; methods as rules are added one by one
    num_visible_gpus: int  # of this machine, that jobs may use

    @classmethod
    def create(cls, raw: Mapping[str, Any], environment: Mapping[str, str]) -> "Jobs":
        """Check the merged configuration, `UserError` naming all its mistakes; look for GPUs."""
        config = load_config(raw, environment)
        gpus = visible_gpus(environment) if config.compute.device != "cpu" else []
        return cls(config, resolve_experiment(config), len(gpus))

    def add_method(self, name: str, parts: Mapping[str, Any]) -> None:
        """Name a method that is a rule, so that the tables have a row for it."""
        try:
            require_new_name(name, self.methods)
            self.methods[name] = compose(parts)
        except UserError as error:
            raise UserError(f"workflow/rules/variants: method {name}: {error}") from None

    def num_gpus(self) -> int:
        """GPUs of a computing job: the resource that `--resources gpu=N` counts."""
        device = self.config.compute.device
        return int(device == "cuda" or (device == "auto" and self.num_visible_gpus > 0))

    def require_gpu(self) -> None:
        """Raise a `UserError` if jobs of this machine need a GPU and it has none."""
        if self.config.compute.device == "cuda" and not self.num_visible_gpus:
            reason = "compute.device is cuda, but no GPU can be seen on this machine"
            raise UserError(f"{reason}; allowed here: auto, cpu")

    def compute_arguments(self) -> list[str]:
        """Where to compute; the number of threads is the rule's."""
        return to_options("", self.config.compute.model_dump(include={"device", "deterministic"}))

    def class_arguments(self) -> list[str]:
        """The classes of the experiment."""
        return to_options("classes", self.config.classes)

    def dataset_arguments(self, option: str, name: str) -> list[str]:
        """Where a dataset is; only its check counts images."""
        dataset = getattr(self.config.datasets, name)
        return to_options(option, dataset.model_dump(exclude={"num_images"}))

    def check_arguments(self, name: str) -> list[str]:
        """What is checked of a dataset: images of the pool must have one size."""
        words = to_options("", getattr(self.config.datasets, name)) + self.class_arguments()
        words += ["--uniform-size"] if name == "target" else []
        return words + (["--fast"] if self.config.data_check.fast else [])

    def generated_manifest(self, name: str) -> list[str]:
        """The file that tells of a change of a dataset, if the workflow generates it."""
        made, root = self.config.data_make, getattr(self.config.datasets, name).root
        is_made = root in [f"{made.root}/{folder}" for folder in made.sets]
        return [f"{root}/manifest.json"] if is_made else []

    def dataset_files(self, name: str) -> list[str]:
        """Files that tell of a change of a dataset: its manifest, and its list to skip."""
        skipped = Path(getattr(self.config.datasets, name).root, SKIP_FILE)
        return [*self.generated_manifest(name), *([str(skipped)] if skipped.exists() else [])]

    def dataset_state(self, name: str) -> str:
        """What tells of a change of a dataset of the user's: names and sizes of its files."""
        if self.generated_manifest(name):
            return ""
        dataset = getattr(self.config.datasets, name)
        return dataset_digest(dataset.kind, dataset.root, dataset.split)

    def training_arguments(self, *datasets: str) -> list[str]:
        """What is learned from some datasets; how many processes load them is a resource."""
        learned = self.config.training.model_dump(exclude={"num_workers"})
        places = [word for name in datasets for word in self.dataset_arguments(name, name)]
        return [*places, *to_options("training", learned), *self.compute_arguments()]

    def weights_files(self) -> list[str]:
        """The user's file of weights to start from, if there is one."""
        weights = self.config.model.encoder_weights
        return [weights] if has_weights_file(weights) else []

    @cached_property
    def weights_digest(self) -> str:
        """What tells of a change of these weights; read once, however many jobs start from them."""
        return "".join(content_digest(Path(path)) for path in self.weights_files())

    def training_weights(self) -> list[str]:
        """The same for a training, which has no use for those of a frozen encoder."""
        return [] if self.config.model.freeze_encoder else self.weights_files()

    def feature_files(self, name: str) -> list[str]:
        """Features of a dataset, if the encoder is frozen."""
        is_frozen = self.config.model.freeze_encoder
        return [f"<results>/data/{name}/features.h5"] if is_frozen else []

    def encode_arguments(self, name: str) -> list[str]:
        """What the features of a dataset follow from."""
        training, size = self.config.training, self.config.training.image_size
        mirrored = self.config.evaluate.flip if name == "val" else training.horizontal_flip
        return [
            *self.dataset_arguments("dataset", name),
            *self.class_arguments(),
            *to_options("model", encoder_alone(self.config.model)),
            *to_options("image-size", training.source_size or size if name == "source" else size),
            *(["--mirrored"] if mirrored else []),
            *to_options("", self.config.encode),
            *self.compute_arguments(),
        ]

    def source_statistics(self) -> list[str]:
        """What class balanced sampling needs to know of the source."""
        balanced = self.config.training.source_sampling == "class_balanced"
        return ["<results>/data/source_statistics.json"] if balanced else []

    def method_arguments(self, name: str, *parts: str) -> list[str]:
        """The parts of a method that a command asks for, without those that are 0."""
        # So that only methods that explore have jobs of other arguments.
        values = {part: getattr(self.methods[name], part) or "" for part in parts}
        return to_options("method", values)

    def balance_arguments(self, name: str) -> list[str]:
        """What the balance of a method aims at."""
        acquire = self.config.acquire.model_dump()
        return to_options("", balance_settings(self.methods[name], acquire))

    def radius_arguments(self, name: str) -> list[str]:
        """The radius of a method, or that of the experiment."""
        radius = self.methods[name].radius
        return to_options("radius", self.config.experiment.radius if radius is None else radius)

    def score_code(self, name: str) -> str:
        """Fingerprint of a method's own score, so that an edit makes its rows stale alone."""
        score = self.methods[name].score
        is_own = is_external(score)
        return file_fingerprint(source_path(score)) if is_own else score_fingerprint(score)

    @cached_property
    def rows(self) -> list[Row]:
        """The sample sheet; first asked for when all methods have a name."""
        return list_rows(**self._experiment(), results=self.config.pathvars.results)

    def run_arguments(self) -> list[str]:
        """What the sample sheet follows from."""
        return to_options("", {**self._experiment(), "results": self.config.pathvars.results})

    def result_files(self) -> list[str]:
        """The evaluation and the last labels of every run; references acquire none."""
        files = (path for row in evaluated(self.rows) for path in (row.evaluation, row.labels))
        return [path for path in files if path != NONE]

    def diagnoses(self) -> list[str]:
        """What was counted in every round of every run."""
        return [row.diagnosis for row in self.rows if row.diagnosis != NONE]

    def evaluated_checkpoint(self, folder: str, run_name: str) -> str:
        """The model of a run that is evaluated: that of its last round, never one picked."""
        last = "" if run_name in REFERENCES else f"/round{self.config.experiment.rounds}"
        return f"{folder}{last}/model.pt"

    def report_arguments(self) -> list[str]:
        """What is drawn, and what the page tells of the experiment."""
        gallery = [word for arm in self.gallery() for word in ("--gallery", *arm)]
        config = json.dumps(self.config.model_dump(mode="json"), sort_keys=True)
        return [
            *self.class_arguments(),
            *self.dataset_arguments("target", "target"),
            *self._balance_target_arguments(),
            *to_options("baseline", self.config.tabulate.baseline),
            *gallery,
            *(to_options("gallery-budget", max(self.config.experiment.budgets)) if gallery else []),
            *to_options("benchmarks", self.config.pathvars.results),
            *to_options("config", config),
            *to_options("", self.config.report),
        ]

    def gallery(self) -> list[list[str]]:
        """The methods at the largest budget, of the first seed: name, scorer, model, labels."""
        experiment, results = self.config.experiment, self.config.pathvars.results
        rounds, seed = experiment.rounds, f"{results}/seed{experiment.seeds[0]}"
        runs = {name: f"{seed}/{name}/budget{max(experiment.budgets)}" for name in self.methods}
        arms = [
            [name, previous_checkpoint(run, f"{seed}/pretrain", rounds)]
            + [f"{run}/round{rounds}/{file}" for file in ("model.pt", "labels.h5")]
            for name, run in runs.items()
        ]
        return arms if self.config.report.gallery_images else []

    def gallery_files(self) -> list[str]:
        """The files among these."""
        return [path for _, *files in self.gallery() for path in files]

    def plan_arguments(self) -> list[str]:
        """What the cost of an experiment follows from."""
        return [
            *to_options("", self._experiment()),
            *to_options("iterations", self.config.pretrain.iterations),
            *self.class_arguments(),
            *to_options("model", self.config.model),
            *to_options("encode", self.config.encode),
            *to_options("training", self.config.training),
            *to_options("num-concurrent", self.config.plan.num_concurrent),
            *(["--flip"] if self.config.evaluate.flip else []),
        ]

    def partial_file(self, name: str) -> Path:
        """A table that a failed run leaves."""
        paths = self.config.pathvars
        return Path(paths.tables.replace("<results>", paths.results), f"{name}.partial.csv")

    def tabulate_finished(self, due: set[str]) -> None:
        """After a failure, leave tables of the runs that are there, which name those that are not.

        A result that was due counts as missing, though a file of an earlier run may be there.
        """
        from cbda.files.json_files import write_text

        rows = [r._replace(evaluation=MISSING) if r.evaluation in due else r for r in self.rows]
        if not any(Path(row.evaluation).is_file() for row in rows):
            return
        sheet = self.partial_file("runs")
        write_text(sheet, format_rows(rows))
        files = {option: str(self.partial_file(name)) for option, name in TABLES.items()}
        words = to_options("", self.config.tabulate) + to_options("", {"runs": str(sheet), **files})
        command = [sys.executable, "-m", "cbda", "tabulate", *words]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)

    def remove_partial_tables(self) -> None:
        """Remove what a failed run has left."""
        for name in ("runs", *TABLES.values()):
            self.partial_file(name).unlink(missing_ok=True)

    def _experiment(self) -> dict[str, Any]:
        kept = {"seeds", "budgets", "references", "rounds"}
        return {**self.config.experiment.model_dump(include=kept), "methods": list(self.methods)}

    def _balance_target_arguments(self) -> list[str]:
        """Methods that aim at shares of the classes, and the shares."""
        words, acquire = [], self.config.acquire.model_dump()
        for name, method in self.methods.items():
            if method.balance in BALANCES_WITH_TARGET:
                wanted = balance_settings(method, acquire)["target_distribution"] or "uniform"
                shares = [wanted] if isinstance(wanted, str) else list(map(str, wanted))
                words += ["--balance-target", name, *shares]
        return words


def previous_folder(run: str, number: int) -> str | None:
    """Folder of the round before one; None if it is the first."""
    return f"{run}/round{number - 1}" if number > 1 else None


def previous_checkpoint(run: str, pretrain: str, number: int) -> str:
    """The model that scores a round, and that its training starts from."""
    return f"{previous_folder(run, number) or pretrain}/model.pt"


def previous_labels(run: str, number: int) -> list[str]:
    """The labels that a round adds to; none in the first."""
    folder = previous_folder(run, number)
    return [f"{folder}/labels.h5"] if folder else []
