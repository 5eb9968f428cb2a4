"""Dress rehearsal: an experiment at the scale of the papers, on a handful of made-up images.

`python -m tests.rehearsal workflow/configs/gtav_cityscapes.yaml --folder DIR` makes miniature
data sets in the layouts and sizes of GTAV, SYNTHIA and Cityscapes, and runs the experiment on
them, rule by rule, with nothing overridden but what `miniature` lists.

ImageNet weights would have to be downloaded. The encoder gets weights of the same shape, so small
in the residual branches that a network of frozen batch norm stays finite.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tests.datasets.layouts import make_cityscapes, make_gtav, make_synthia

ROOT = Path(__file__).parents[1]
NUM_SOURCE = 4
SOURCE_SIZES = {"gtav": (1052, 1914), "synthia": (760, 1280)}
TARGET_SIZE = (1024, 2048)
BRANCH_SCALE = 0.1


def make_data(folder: Path, divisor: int = 1) -> dict[str, str]:
    """Make the data sets, every side divided; the environment variables that name their roots."""
    rng = np.random.default_rng(0)
    makers = {"gtav": make_gtav, "synthia": make_synthia}
    for name, (height, width) in SOURCE_SIZES.items():
        makers[name](folder / name, NUM_SOURCE, height // divisor, width // divisor, rng)
    target, (height, width) = folder / "cityscapes", TARGET_SIZE
    for split, cities in (("train", ("aachen", "ulm")), ("val", ("munster",))):
        make_cityscapes(target, 1, height // divisor, width // divisor, rng, split, cities)
    names = {"GTAV_ROOT": "gtav", "SYNTHIA_ROOT": "synthia", "CITYSCAPES_ROOT": "cityscapes"}
    return {variable: str(folder / name) for variable, name in names.items()}


def make_weights(path: Path, encoder: str) -> Path:
    """Write random weights of a ResNet, whose branches add little to what goes past them."""
    import torch
    from safetensors.torch import save_file
    from segmentation_models_pytorch.encoders import get_encoder

    torch.manual_seed(0)
    weights = get_encoder(encoder, weights=None).state_dict()
    for name, values in weights.items():
        if name.endswith(("bn2.weight", "bn3.weight")):
            values.fill_(BRANCH_SCALE)
    save_file(weights, path)
    return path


def miniature(results: Path, weights: Path) -> dict[str, Any]:
    """What must differ from the real experiment: counts, iterations, seeds and weights."""
    numbers = {"source": NUM_SOURCE, "target": 2, "val": 1}
    return {
        "pathvars": {"results": str(results)},
        "experiment": {"seeds": [0]},
        "datasets": {name: {"num_images": number} for name, number in numbers.items()},
        "model": {"encoder_weights": str(weights)},
        "training": {"total_iterations": 6},
        "pretrain": {"iterations": 1},
        "finetune": {"iterations_per_round": 1},
    }


def rehearse(
    configs: list[Path],
    folder: Path,
    change: dict[str, Any],
    divisor: int = 1,
    cores: int = 2,
    project: Path = ROOT,
) -> Path:
    """Make the data, run the workflow, and return the folder of its results.

    Args:
        configs: the experiment, and configurations that change it.
        folder: for data, results and configuration.
        change: overrides beside `miniature`.
        divisor: of every side of the images.
        cores: of the workflow.
        project: working copy to run in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    roots, results = make_data(folder / "data", divisor), folder / "results"
    overrides = []
    encoder = change.get("model", {}).get("encoder", "resnet101")
    weights = make_weights(folder / "encoder.safetensors", encoder)
    for name, content in (("miniature", miniature(results, weights)), ("change", change)):
        overrides.append(folder / f"{name}.yaml")
        overrides[-1].write_text(yaml.safe_dump(content))
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--configfile"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(
        [*command, *map(str, [*configs, *overrides]), "--", f"{results}/table_mIoU.csv"],
        cwd=project,
        env={**os.environ, **roots, "PATH": path, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    return results


def main() -> None:
    """Run a rehearsal from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configs", nargs="+", type=Path, help="experiment, as --configfile")
    parser.add_argument("--folder", type=Path, required=True, help="for data and results")
    parser.add_argument("--change", type=yaml.safe_load, default={}, help="more overrides, YAML")
    parser.add_argument("--divisor", type=int, default=1, help="of every side of the images")
    parser.add_argument("--cores", type=int, default=2)
    args = parser.parse_args()
    configs = [path.resolve() for path in args.configs]
    results = rehearse(configs, args.folder.resolve(), args.change, args.divisor, args.cores)
    print((results / "tabulate.log").read_text())


if __name__ == "__main__":
    main()
