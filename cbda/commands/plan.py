"""Estimate what an experiment will cost: jobs, iterations, disk, GPU hours."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbda.commands.options import add_class_option, add_output_option, whole_number
from cbda.commands.runs import add_experiment_options
from cbda.errors import UserError
from cbda.settings.model import ModelSettings
from cbda.settings.options import add_options, from_options
from cbda.settings.training import TrainingSettings

if TYPE_CHECKING:
    from cbda.workflow.costs import Experiment, Phase

GB = 1e9
HOUR_S = 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--pool", type=Path, required=True, help="report of data check, target")
    parser.add_argument("--val", type=Path, required=True, help="report of data check, val")
    add_class_option(parser)
    add_experiment_options(parser, budget=float)
    parser.add_argument("--iterations", type=int, required=True, help="of the pretraining")
    add_options(parser, "model", ModelSettings)
    add_options(parser, "training", TrainingSettings)
    parser.add_argument("--measured", type=Path, help="metrics.json of a training, for times")
    parser.add_argument("--num-concurrent", type=whole_number(1), default=1, help="jobs at a time")
    add_output_option(parser, "plan.json")


def run(args: argparse.Namespace) -> None:
    """Load, count, print, save; a disk that is too small is a warning."""
    from cbda.files.json_files import write_json
    from cbda.workflow.costs import count_phases

    experiment, settings = _experiment(args), from_options(args, "training", TrainingSettings)
    pace_s = _read_pace(args.measured)
    phases = count_phases(experiment)
    hours = {name: _hours(phase, pace_s, settings.batch_size) for name, phase in phases.items()}
    free = _free_bytes(args.out)
    report = _report(experiment, phases, hours, free)
    print("\n".join(_table(phases, hours, report)))
    if free < report["disk"]["peak_bytes"]:
        missing = (report["disk"]["peak_bytes"] - free) / GB
        print(f"warning: {missing:,.1f} GB too little free disk at {args.out}", file=sys.stderr)
    write_json(args.out, report)


def _read_check(path: Path) -> dict[str, Any]:
    from cbda.files.json_files import read_json

    content = read_json(path)
    if not isinstance(content, dict) or not {"sizes", "num_images"} <= set(content):
        raise UserError(f"{path}: not a report of `cbda data check`: lacks sizes or num_images")
    return content


def _experiment(args: argparse.Namespace) -> "Experiment":
    from cbda.workflow.costs import Experiment

    pool, val = _read_check(args.pool), _read_check(args.val)
    settings = from_options(args, "training", TrainingSettings)
    if len(pool["sizes"]) != 1:
        raise UserError(f"{args.pool}: images of {len(pool['sizes'])} sizes; allowed is one")
    (size,) = pool["sizes"]
    return Experiment(
        num_seeds=len(args.seeds),
        num_methods=len(args.methods),
        budgets=tuple(args.budgets),
        rounds=args.rounds,
        references=tuple(args.references),
        pretrain_iterations=args.iterations,
        total_iterations=settings.total_iterations,
        num_pool=pool["num_images"],
        height=size["height"],
        width=size["width"],
        num_val=val["num_images"],
        checkpoint_bytes=_checkpoint_bytes(args, settings),
        num_concurrent=args.num_concurrent,
        balanced=settings.source_sampling == "class_balanced",
    )


def _checkpoint_bytes(args: argparse.Namespace, settings: TrainingSettings) -> int:
    """Weights, and what the optimizer keeps for each: sgd its momentum, adamw two moments."""
    from cbda.models.build import create_model

    model = create_model(from_options(args, "model", ModelSettings), len(args.classes), False)
    num_kept = sum(tensor.numel() for tensor in model.state_dict().values())
    num_trained = sum(tensor.numel() for tensor in model.parameters())
    num_moments = 1 if settings.optimizer.name == "sgd" else 2
    return int(4 * (num_kept + num_moments * num_trained))


def _read_pace(path: Path | None) -> float | None:
    """Seconds per iteration that were measured."""
    from cbda.files.json_files import read_json

    if path is None:
        return None
    content = read_json(path)
    if not isinstance(content, dict) or "seconds_per_iteration" not in content:
        raise UserError(f"{path}: has no seconds_per_iteration; give a metrics.json of a training")
    return float(content["seconds_per_iteration"])


def _hours(phase: "Phase", pace_s: float | None, batch_size: int) -> float | None:
    from cbda.workflow.costs import compute_seconds

    return None if pace_s is None else compute_seconds(phase, pace_s, batch_size) / HOUR_S


def _free_bytes(out: Path) -> int:
    import shutil

    out.parent.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(out.parent).free


def _report(
    experiment: "Experiment", phases: "dict[str, Phase]", hours: dict[str, Any], free: int
) -> dict[str, Any]:
    from cbda.workflow.costs import kept_bytes, peak_bytes, score_bytes

    rules = {
        name: {
            "jobs": phase.jobs,
            "iterations": phase.iterations,
            "images": phase.images,
            "gpu_hours": hours[name],
        }
        for name, phase in phases.items()
    }
    disk = {
        "score_file_bytes": score_bytes(experiment),
        "checkpoint_bytes": experiment.checkpoint_bytes,
        "kept_bytes": kept_bytes(experiment),
        "peak_bytes": peak_bytes(experiment),
        "free_bytes": free,
    }
    return {"rules": rules, "disk": disk}


def _table(
    phases: "dict[str, Phase]", hours: dict[str, float | None], report: dict[str, Any]
) -> list[str]:
    line = "{:12} {:>7} {:>12} {:>12} {:>10}"
    rows: list[tuple[str, ...]] = [("rule", "jobs", "iterations", "images", "GPU hours")]
    total = [sum(values) for values in zip(*map(_numbers, phases.values()), strict=True)]
    known = [value for value in hours.values() if value is not None]
    for name, phase in phases.items():
        rows.append((name, *map(_count, _numbers(phase)), _hour(hours[name])))
    rows.append(("total", *map(_count, total), _hour(sum(known) if known else None)))
    names = {"score_file_bytes": "a score file", "checkpoint_bytes": "a checkpoint"}
    names |= {"kept_bytes": "kept", "peak_bytes": "at peak", "free_bytes": "free"}
    disk = [f"disk, {text}: {report['disk'][key] / GB:,.2f} GB" for key, text in names.items()]
    return [line.format(*row).rstrip() for row in rows] + ["", *disk]


def _numbers(phase: "Phase") -> tuple[int, int, int]:
    return phase.jobs, phase.iterations, phase.images


def _count(value: int) -> str:
    return f"{value:,}" if value else ""


def _hour(value: float | None) -> str:
    return f"{value:,.1f}" if value else ""
