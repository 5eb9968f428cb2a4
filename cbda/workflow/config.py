"""Checks of the experiment's configuration, before any job starts.

Every mistake is reported at once, each with its place and what is allowed there.
"""

import difflib
import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cbda.acquisition.catalogue import METHODS, compose, require_new_name, resolve_method
from cbda.acquisition.methods import Method
from cbda.datasets.catalogue import require_readable
from cbda.errors import UserError
from cbda.settings import ARCHITECTURES, ModelSettings, require_sound_model

Config = dict[str, Any]

VOID_NAME = "void"  # of tables


def validate_config(config: Config, schema_path: Path) -> None:
    """Check a configuration against the schema, and what a schema can't say.

    Args:
        config: the merged configuration.
        schema_path: JSON schema in YAML. Objects with `properties` are closed, and all of their
            keys are required: config.yaml holds a default for each.

    Raises:
        UserError: one line with all mistakes.
    """
    import yaml

    schema = _close(yaml.safe_load(schema_path.read_text(encoding="utf-8")))
    errors = _validator(schema).iter_errors(config)
    mistakes = [_describe(error) for error in sorted(errors, key=lambda e: list(map(str, e.path)))]
    mistakes = mistakes or list(_inconsistencies(config))
    if mistakes:
        raise UserError(" ".join("; ".join(mistakes).splitlines()))  # keys may hold any character


def resolve_experiment(config: Config) -> dict[str, Method]:
    """The methods that the experiment compares, by name, in the order given."""
    experiment = config["experiment"]
    custom = experiment["custom_methods"]
    return {name: resolve_method(name, custom) for name in experiment["methods"]}


def final_iteration(config: Config, round_number: int) -> int:
    """Iteration of the whole run at which a round stops training; the last one uses up the rest."""
    if round_number == config["experiment"]["rounds"]:
        return int(config["training"]["total_iterations"])
    per_round = config["finetune"]["iterations_per_round"]
    return int(config["pretrain"]["iterations"] + round_number * per_round)


def expand_roots(config: Config, environment: Mapping[str, str]) -> None:
    """Replace ${NAME} in the roots of the datasets by environment variables, and ~, in place.

    Roots are brought to their shortest form, by which generated data are known as such.
    """
    config["data_make"]["root"] = os.path.normpath(config["data_make"]["root"])
    for name, dataset in config["datasets"].items():
        dataset["root"] = re.sub(r"^~(?=/|$)", "${HOME}", dataset["root"])
        for variable in re.findall(r"\$\{(\w+)\}", dataset["root"]):
            if variable not in environment:
                raise UserError(
                    f"datasets.{name}.root is {dataset['root']}, but the environment variable"
                    f" {variable} is not set; set it, or give the folder itself"
                )
            dataset["root"] = dataset["root"].replace(f"${{{variable}}}", environment[variable])
        dataset["root"] = os.path.normpath(dataset["root"]) if dataset["root"] else ""


def _validator(schema: Any) -> Any:
    """A validator to which 2.0 is no integer, and infinity no number: both fail in a job."""
    from jsonschema import Draft202012Validator, validators

    types = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda checker, value: type(value) is int,
            "number": lambda checker, value: type(value) in (int, float) and math.isfinite(value),
        }
    )
    extend: Any = validators.extend
    return extend(Draft202012Validator, type_checker=types)(schema)


def _close(schema: Any) -> Any:
    """The schema with every object closed and all its keys required."""
    if isinstance(schema, list):
        return [_close(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _close(value) for key, value in schema.items()}
    if isinstance(closed.get("properties"), dict) and closed.get("type") == "object":
        closed.setdefault("additionalProperties", False)
        closed.setdefault("required", sorted(closed["properties"]))
    return closed


def _describe(error: Any) -> str:
    """One mistake: where it is, what it is, what is allowed."""
    place = ".".join(map(str, error.absolute_path)) or "top level"
    if error.validator == "additionalProperties" and "properties" in error.schema:
        allowed = sorted(error.schema["properties"])
        unknown = sorted(set(map(str, error.instance)) - set(allowed))
        return f"{place}: unknown key {_quote(unknown, allowed)}; allowed: {', '.join(allowed)}"
    if error.validator == "pattern" and "description" in error.schema:
        return f"{place}: {error.instance!r} is not allowed: {error.schema['description']}"
    if error.validator == "type" and isinstance(error.instance, str) and _is_number(error.instance):
        number = _yaml_number(error.instance)
        return f"{place}: {error.instance!r} is text: write {number} in a file, without quotes"
    if error.validator == "enum":
        allowed = [str(value) for value in error.validator_value]
        return f"{place}: {_quote([str(error.instance)], allowed)}; allowed: {', '.join(allowed)}"
    return f"{place}: {error.message}"


def _quote(names: list[str], allowed: list[str]) -> str:
    """Names in quotes, each with the allowed names that it resembles most."""
    hints = ((name, " or ".join(map(repr, _closest(name, allowed)))) for name in names)
    return ", ".join(f"{n!r} (did you mean {hint}?)" if hint else repr(n) for n, hint in hints)


def _closest(name: str, allowed: list[str]) -> list[str]:
    """The most similar of the allowed names, more than one if they are as similar."""
    likeness = {
        other: difflib.SequenceMatcher(None, other, name).ratio()
        for other in difflib.get_close_matches(name, allowed)
    }
    return [other for other, ratio in likeness.items() if ratio == max(likeness.values())]


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _yaml_number(text: str) -> str:
    """A number as YAML 1.1 reads it: an exponent needs a point before it."""
    digits = text if text.isdecimal() else repr(float(text))
    return digits if "." in digits else digits.replace("e", ".0e")


def _inconsistencies(config: Config) -> Iterator[str]:
    experiment = config["experiment"]
    custom = experiment["custom_methods"]
    yield from _unknown_methods(experiment, custom)
    yield from _badly_defined(custom, len(config["classes"]))
    yield from _bad_target(config)
    yield from _unreadable_datasets(config)
    yield from _unsound_model(config)
    baseline = config["tabulate"]["baseline"]
    if baseline not in experiment["methods"]:
        methods = ", ".join(experiment["methods"])
        yield f"tabulate.baseline: {baseline!r} is not in experiment.methods; allowed: {methods}"
    for name in config["evaluate"]["subset"]:
        if name not in config["classes"]:
            allowed = ", ".join(config["classes"])
            yield f"evaluate.subset: {name!r} is not one of the classes; allowed: {allowed}"
    yield from _unfit_sizes(config)
    needed = final_iteration(config, experiment["rounds"] - 1) + 1
    total = config["training"]["total_iterations"]
    if total < needed:
        yield (
            f"training.total_iterations: {total} leaves nothing for the last round; allowed:"
            f" {needed} or more (pretrain.iterations + (rounds - 1) * iterations_per_round + 1)"
        )


def _unreadable_datasets(config: Config) -> Iterator[str]:
    if VOID_NAME in config["classes"]:
        yield f"classes: {VOID_NAME!r} is what belongs to no class: leave it out, and label it 255"
        return
    for name, dataset in config["datasets"].items():
        try:
            require_readable(dataset["kind"], dataset["split"], config["classes"])
        except UserError as error:
            yield f"datasets.{name}: {error}"


def _unfit_sizes(config: Config) -> Iterator[str]:
    """Sizes that are no pair, or that the network can't halve often enough."""
    architecture, stride = config["model"]["architecture"], config["model"]["output_stride"]
    multiple = stride or ARCHITECTURES[architecture].size_multiple
    for key in ("image_size", "source_size", "crop_size"):
        size = config["training"][key]
        if len(size) not in (0, 2):
            yield f"training.{key}: allowed are a height and a width, or none at all"
        if any(side % multiple for side in size):
            yield (
                f"training.{key}: {size} is not allowed for {architecture}: multiples of {multiple}"
            )
    sizes = {key: config["training"][key] for key in ("image_size", "source_size")}
    for key, size in sizes.items():
        crop = config["training"]["crop_size"]
        if len(size) == len(crop) == 2 and (crop[0] > size[0] or crop[1] > size[1]):
            yield f"training.crop_size: {crop} is larger than training.{key}, {size}"


def _unsound_model(config: Config) -> Iterator[str]:
    model = {**config["model"], "decoder_channels": tuple(config["model"]["decoder_channels"])}
    try:
        require_sound_model(ModelSettings(**model))
    except UserError as error:
        yield str(error)


def _unknown_methods(experiment: Config, custom: Config) -> Iterator[str]:
    allowed = [*METHODS, *custom]
    unknown = [name for name in experiment["methods"] if name not in allowed]
    if unknown:
        yield (
            f"experiment.methods: unknown {_quote(unknown, allowed)}; allowed: {', '.join(allowed)}"
        )


def _badly_defined(custom: Config, num_classes: int) -> Iterator[str]:
    for name, parts in custom.items():
        try:
            require_new_name(name)
            _require_shares(compose(parts), num_classes)
        except UserError as error:
            yield f"experiment.custom_methods.{name}: {error}"


def _require_shares(method: Method, num_classes: int) -> None:
    from cbda.selection.balance import target_shares

    if method.target_distribution is not None:
        target_shares(method.target_distribution, num_classes)


def _bad_target(config: Config) -> Iterator[str]:
    from cbda.selection.balance import target_shares

    try:
        target_shares(config["acquire"]["target_distribution"], len(config["classes"]))
    except UserError as error:
        yield f"acquire.target_distribution: {error}"
