"""Estimate what an experiment will cost: jobs, iterations, disk, GPU hours."""

import argparse
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, astuple
from itertools import product
from pathlib import Path
from typing import Any

from cbda.acquisition.methods import BUDGET_UNITS, DIVERSE
from cbda.commands.options import add_class_option, add_output_option, add_starting_option
from cbda.commands.runs import add_experiment_options
from cbda.errors import UserError
from cbda.settings.encoding import EncodeSettings
from cbda.settings.model import ModelSettings
from cbda.settings.options import add_options, from_options
from cbda.settings.tables import PlanSettings
from cbda.settings.training import PretrainSettings, TrainingSettings
from cbda.workflow import costs

QUERY_FIELDS = ("METHOD", "UNIT", "RADIUS", "ALLOCATION")
GB = 1e9
HOUR_S = 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("--pool", type=Path, required=True, help="report of data check, target")
    add("--val", type=Path, help="report of data check, val; none: no evaluation")
    add("--source", type=Path, help="the same, source; asked for if the encoder is frozen")
    add_class_option(parser)
    add_experiment_options(parser, budget=float)
    add_options(parser, "", PretrainSettings, required=("iterations",))
    add_options(parser, "model", ModelSettings)
    add_options(parser, "encode", EncodeSettings)
    add_options(parser, "training", TrainingSettings)
    add_options(parser, "", PlanSettings)
    parser.add_argument("--budget-unit", default="fraction", help=", ".join(BUDGET_UNITS))
    add_starting_option(parser)
    what = "a method, and what its queries are, to have them counted"
    many: dict[str, Any] = {"action": "append", "default": [], "metavar": QUERY_FIELDS}
    parser.add_argument("--query", nargs=len(QUERY_FIELDS), help=what, **many)
    flip = argparse.BooleanOptionalAction
    add("--flip", action=flip, default=False, help="as of `cbda evaluate`")
    add_output_option(parser, "plan.json")


def run(args: argparse.Namespace) -> None:
    """Load, count, print, save; a disk that is too small is a warning."""
    from cbda.files.json_files import write_json

    settings = from_options(args, "training", TrainingSettings)
    experiment = _experiment(args, settings)
    phases = costs.count_phases(experiment)
    hours = _hours(phases, args.measured, settings.batch_size)
    disk = _disk(experiment, args.out)
    queries = list(_queries(args, experiment))
    lines = [*costs.query_lines(queries), *_disk_lines(disk)]
    print("\n".join([*_table(phases, hours), "", *lines]))
    missing = (disk["peak_bytes"] - disk["free_bytes"]) / GB
    if missing > 0:
        print(f"warning: {missing:,.1f} GB too little free disk at {args.out}", file=sys.stderr)
    rules = {
        name: {**asdict(phase), "gpu_hours": hours.get(name)} for name, phase in phases.items()
    }
    write_json(args.out, {"rules": rules, "disk": disk, "queries": queries})


def _queries(args: argparse.Namespace, experiment: costs.Experiment) -> Iterator[dict[str, Any]]:
    """Queries of a run of every method and budget, of its first round and of each later one."""
    from cbda.selection.budget import require_starting_share, resolve_budget, share_of_round
    from cbda.selection.units import queries_in_round

    require_starting_share(args.starting_share, args.rounds)
    shape = experiment.num_pool, experiment.height, experiment.width
    for (name, unit, radius, allocation), budget in product(args.query, args.budgets):
        given = budget, args.budget_unit, args.rounds, shape
        spending = resolve_budget(*given, (int(radius), unit), allocation)
        shares = (
            share_of_round(spending.fraction, args.rounds, args.starting_share, number)
            for number in (1, args.rounds)
        )
        numbers = (
            spending.num_queries
            or queries_in_round(shape, part, rounds, int(radius), unit, allocation)
            for part, rounds in shares
        )
        num_pools = shape[0] if allocation == "per_image" else 1
        first, later = (number * num_pools for number in numbers)
        counts = {"in_first": first, "in_round": later, "in_all": first + (args.rounds - 1) * later}
        yield {"method": name, "budget": budget, **counts}


def _fractions(args: argparse.Namespace, shape: tuple[int, int, int]) -> tuple[float, ...]:
    """Budgets as fractions of the pool, for the first of the methods."""
    from cbda.selection.budget import resolve_budget

    if args.budget_unit == "fraction" or not args.query:
        return tuple(args.budgets)
    _, unit, radius, allocation = args.query[0]
    facts = args.budget_unit, args.rounds, shape, (int(radius), unit), allocation
    return tuple(resolve_budget(budget, *facts).fraction for budget in args.budgets)


def _read(path: Path, keys: set[str], complaint: str) -> dict[str, Any]:
    from cbda.files.json_files import read_json

    content = read_json(path)
    if not isinstance(content, dict) or not keys <= set(content):
        raise UserError(f"{path}: {complaint}")
    return content


def _experiment(args: argparse.Namespace, settings: TrainingSettings) -> costs.Experiment:
    from cbda.models.sizes import NetworkSize

    keys = {"sizes", "num_images"}
    complaint = "not a report of `cbda data check`: lacks sizes or num_images"
    pool = _read(args.pool, keys, complaint)
    num_val = _read(args.val, keys, complaint)["num_images"] if args.val else 0
    if len(pool["sizes"]) != 1:
        raise UserError(f"{args.pool}: images of {len(pool['sizes'])} sizes; allowed is one")
    (size,) = pool["sizes"]
    model = from_options(args, "model", ModelSettings)
    network = NetworkSize(model, from_options(args, "encode", EncodeSettings), settings)
    counts = {"target": pool["num_images"]} | ({"val": num_val} if num_val else {})
    if model.freeze_encoder:
        if args.source is None:
            raise UserError("--source: the report of its check is needed, as the encoder is frozen")
        counts["source"] = _read(args.source, keys, complaint)["num_images"]
    return costs.Experiment(
        num_seeds=len(args.seeds),
        num_methods=len(args.methods),
        budgets=_fractions(args, (pool["num_images"], size["height"], size["width"])),
        rounds=args.rounds,
        references=tuple(args.references),
        pretrain_iterations=args.iterations,
        total_iterations=settings.total_iterations,
        num_pool=pool["num_images"],
        height=size["height"],
        width=size["width"],
        num_val=num_val,
        checkpoint_bytes=network.checkpoint_bytes(len(args.classes)),
        num_concurrent=args.num_concurrent,
        balanced=settings.source_sampling == "class_balanced",
        feature_bytes=network.feature_bytes(counts, args.flip),
        num_encoded=sum(counts.values()) if model.freeze_encoder else 0,
        num_views=2 if args.flip else 1,
        evaluated_rounds=args.evaluated_rounds,
        retrain=args.retrain,
        keeps_features=any(query[3] in DIVERSE for query in args.query),
        replay=bool(args.replay),
    )


def _hours(phases: dict[str, costs.Phase], measured: str, batch_size: int) -> dict[str, float]:
    """Hours of one device by rule; none if nothing was measured."""
    if not measured:
        return {}
    key = "seconds_per_iteration"
    metrics = _read(Path(measured), {key}, f"has no {key}; give a metrics.json of a training")
    seconds = float(metrics[key])
    return {
        name: costs.compute_seconds(phase, seconds, batch_size) / HOUR_S
        for name, phase in phases.items()
    }


def _disk(experiment: costs.Experiment, out: Path) -> dict[str, int]:
    out.parent.mkdir(parents=True, exist_ok=True)
    return {
        "score_file_bytes": costs.score_bytes(experiment),
        "checkpoint_bytes": experiment.checkpoint_bytes,
        "feature_bytes": sum(experiment.feature_bytes),
        "kept_bytes": costs.kept_bytes(experiment),
        "peak_bytes": costs.peak_bytes(experiment),
        "free_bytes": shutil.disk_usage(out.parent).free,
    }


def _table(phases: dict[str, costs.Phase], hours: dict[str, float]) -> list[str]:
    counts = {name: astuple(phase) for name, phase in phases.items()}
    counts["total"] = tuple(map(sum, zip(*counts.values(), strict=True)))
    hours = {**hours, "total": sum(hours.values())}
    rows: list[tuple[str, ...]] = [("rule", "jobs", "iterations", "images", "GPU hours")]
    for name, numbers in counts.items():
        shown = (f"{value:,}" if value else "" for value in numbers)
        rows.append((name, *shown, f"{hours[name]:,.1f}" if hours.get(name) else ""))
    return ["{:12} {:>7} {:>12} {:>12} {:>10}".format(*row).rstrip() for row in rows]


def _disk_lines(disk: dict[str, int]) -> list[str]:
    names = {"score_file_bytes": "a score file", "checkpoint_bytes": "a checkpoint"}
    names |= {"feature_bytes": "features"} if disk["feature_bytes"] else {}
    names |= {"kept_bytes": "kept", "peak_bytes": "at peak", "free_bytes": "free"}
    return [f"disk, {text}: {disk[key] / GB:,.2f} GB" for key, text in names.items()]
