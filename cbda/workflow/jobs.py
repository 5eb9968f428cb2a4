"""What the jobs of an experiment are given: arguments of their commands, files, digests.

The rules ask, by the names that their wildcards have; all answers follow from the configuration
and from the files that it names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cbda.acquisition.catalogue import (
    SHOWN_AS,
    balance_settings,
    compose,
    require_new_name,
)
from cbda.acquisition.choice import BEST
from cbda.acquisition.external import source_path
from cbda.acquisition.methods import BY_CLASS, DIVERSE, Method, is_external
from cbda.compute.gpus import visible_gpus
from cbda.datasets.catalogue import dataset_paths, is_changed, skipped_digest
from cbda.datasets.digest import content_digest
from cbda.errors import UserError
from cbda.results.sheet import Row, list_rows
from cbda.settings.model import encoder_alone, has_weights_file
from cbda.settings.options import to_options
from cbda.settings.user_code import is_place, source_file, without_folder
from cbda.workflow.config import Config, load_config, resolve_experiment
from cbda.workflow.contents import describe_pictures
from cbda.workflow.fingerprint import file_fingerprint, part_fingerprint

WEIGHTS = {"encoder_weights"}  # which count by their content


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

    def name_arguments(self) -> list[str]:
        """What methods and references are called where people read of them."""
        experiment = self.config.experiment
        own = {name: parts.shown_as for name, parts in experiment.custom_methods.items()}
        shown = {name: text for name, text in {**SHOWN_AS, **own}.items() if text}
        names = [name for name in (*self.methods, *experiment.references) if name in shown]
        return [word for name in names for word in ("--shown-as", name, shown[name])]

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
        """What a dataset is; its place is none of it, and only its check counts images."""
        values = self._described(name)
        return to_options(
            option, {key: values[key] or "" for key in values.keys() - {"num_images"}}
        )

    def _described(self, name: str) -> dict[str, Any]:
        """The keys of a dataset that hold no path; a layout of the user's own is one."""
        dataset = getattr(self.config.datasets, name)
        places = {"root", "never_ask"} | ({"kind"} if is_place(dataset.kind) else set())
        values: dict[str, Any] = dataset.model_dump(exclude=places)
        return {key: value for key, value in values.items() if (key, value) != ("every", 1)}

    def root(self, name: str) -> str:
        """Where a dataset is."""
        return str(getattr(self.config.datasets, name).root)

    def place_arguments(self, option: str, name: str, report: str) -> list[str]:
        """Where a dataset is, and the report of its check, by which its content is known."""
        kind = getattr(self.config.datasets, name).kind
        layout = kind if is_place(kind) else ""
        return to_options(option, {"kind": layout, "root": self.root(name), "report": report})

    def check_arguments(self, name: str) -> list[str]:
        """What is checked of a dataset: images of the pool must have one size."""
        words = to_options("", self._described(name)) + self.class_arguments()
        words += ["--uniform-size"] if name == "target" else []
        return words + (["--fast"] if self.config.data_check.fast else [])

    def generated_manifest(self, name: str) -> list[str]:
        """The file that tells of a change of a dataset, if the workflow generates it."""
        made, root = self.config.data_make, self.root(name)
        sets = [f"{made.root}/{folder}" for folder in made.sets]
        folders = (root, root.removesuffix("/images"))  # of which a pool may be, without labels
        return [f"{folder}/manifest.json" for folder in dict.fromkeys(folders) if folder in sets]

    def changed_manifest(self, name: str) -> list[str]:
        """The manifest of a set that is generated, if files of it are lost or changed."""
        root = f"{self.config.data_make.root}/{name}"
        return [f"{root}/manifest.json"] if is_changed(root) else []

    def dataset_state(self, name: str) -> str:
        """What tells of a change of a dataset, wherever it is: its files, or those left out."""
        dataset = getattr(self.config.datasets, name)
        code = _own_code(dataset.kind)
        if self.generated_manifest(name):
            return code + skipped_digest(dataset.root)
        paths = dataset_paths(dataset.kind, dataset.root, dataset.split)
        return code + describe_pictures(Path(dataset.root), paths)

    def training_arguments(self, *datasets: str) -> list[str]:
        """What is learned from some datasets; how many processes load them is a resource."""
        learned = self.config.training.model_dump(exclude={"num_workers"})
        sets = [word for name in datasets for word in self.dataset_arguments(name, name)]
        return [*sets, *to_options("training", learned), *self.compute_arguments()]

    def model_arguments(self) -> list[str]:
        """What the network is, but for what counts by its content: see `network_state`."""
        places = WEIGHTS | ({"architecture"} if self.own_network else set())
        return to_options("model", self.config.model.model_dump(exclude=places))

    @property
    def own_network(self) -> str:
        """Place of a network of the user's own, FILE.py:NAME; empty if it is another."""
        architecture = self.config.model.architecture
        return architecture if is_place(architecture) else ""

    def network_state(self) -> str:
        """What tells of a change of this network, wherever its file is."""
        return _own_code(self.own_network)

    @cached_property
    def weights_state(self) -> str:
        """What tells of a change of these weights; a file is read once, for however many jobs."""
        weights = self.config.model.encoder_weights
        return content_digest(Path(weights)) if has_weights_file(weights) else weights

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
            *to_options("model", encoder_alone(self.config.model).model_dump(exclude=WEIGHTS)),
            *to_options("image-size", training.source_size or size if name == "source" else size),
            *to_options("", {"interpolation": training.interpolation, "mirrored": mirrored}),
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

    def choice_arguments(self, name: str) -> list[str]:
        """How a method draws its queries, without what is plain."""
        return to_options("method", self.methods[name].choice.model_dump(exclude_defaults=True))

    def balance_arguments(self, name: str) -> list[str]:
        """What the balance of a method aims at."""
        acquire = self.config.acquire.model_dump()
        return to_options("", balance_settings(self.methods[name], acquire))

    def starting_arguments(self) -> list[str]:
        """What the first round spends, if that is a share of its own."""
        return to_options("starting-share", self.config.experiment.starting_share or "")

    def budget_arguments(self) -> list[str]:
        """What the budgets count, and over how many rounds they go."""
        return [*self.unit_arguments(), *to_options("rounds", self.config.experiment.rounds)]

    def unit_arguments(self) -> list[str]:
        """What the budgets count, unless it is the default."""
        unit = self.config.experiment.budget_unit
        return [] if unit == "fraction" else to_options("budget-unit", unit)

    def masks_state(self) -> str:
        """What tells of a change of the masks of where not to ask, wherever they are."""
        place = Path(self.config.datasets.target.never_ask)
        if place == Path():
            return ""
        return (
            describe_pictures(place, sorted(place.glob("*.png")))
            if place.is_dir()
            else content_digest(place)
        )

    def radius_arguments(self, name: str) -> list[str]:
        """The radius of a method, or that of the experiment."""
        radius = self.methods[name].radius
        return to_options("radius", self.config.experiment.radius if radius is None else radius)

    def view_arguments(self, name: str) -> list[str]:
        """Of the views that a method's score goes by, what is not usual."""
        return to_options("", self.methods[name].views.model_dump(exclude_defaults=True))

    def kept_arguments(self, name: str) -> list[str]:
        """What the scoring of a method keeps beside its scores."""
        return ["--keep-features"] if self.methods[name].allocation in DIVERSE else []

    def choice_code(self, name: str) -> str:
        """Fingerprint of what only some methods choose by, so that a new one makes none stale."""
        method, sampling = self.methods[name], self.methods[name].choice.sampling
        parts = {"unit": method.unit, "balance": method.balance}
        parts |= {"allocation": method.allocation} if method.allocation in BY_CLASS else {}
        parts |= {"diversity": method.allocation} if method.allocation in DIVERSE else {}
        parts |= {"sampling": sampling} if sampling != BEST else {}
        return " ".join(part_fingerprint(*part) for part in parts.items())

    def score_code(self, name: str) -> str:
        """Fingerprint of a method's own score, so that an edit makes its rows stale alone."""
        score = self.methods[name].score
        if not is_external(score):
            return part_fingerprint("score", score)
        return f"{file_fingerprint(source_path(score))} {score.rpartition(':')[2]}"

    @cached_property
    def rows(self) -> list[Row]:
        """The sample sheet; first asked for when all methods have a name."""
        replay = self.config.experiment.replay
        return list_rows(**self.experiment(), results=self.folders["results"], replay=replay)

    @cached_property
    def folders(self) -> dict[str, str]:
        """Folders of the results and of the tables."""
        return self.config.pathvars.resolve()

    def experiment(self) -> dict[str, Any]:
        """What its runs are, but for their folder."""
        kept = {"seeds", "budgets", "references", "rounds", "evaluated_rounds", "retrain"}
        return {**self.config.experiment.model_dump(include=kept), "methods": list(self.methods)}


def _own_code(place: str) -> str:
    """Fingerprint of what the user's own code is, wherever it is; empty if there is none."""
    return (
        f"{file_fingerprint(source_file(place))} {without_folder(place)}" if is_place(place) else ""
    )
