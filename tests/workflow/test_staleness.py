"""What is made again, and what is not: one plan of Snakemake for each kind of change.

What the jobs are given, and when that changes, is in test_jobs.py.
"""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from tests.projects import RESULTS, append, planned_jobs, snakemake

pytestmark = pytest.mark.workflow


def test_addition_makes_only_the_new_jobs(finished: Path) -> None:
    """A method, and then a budget for all three: four runs."""
    methods = "methods: [ra, cbda, mine], custom_methods: {mine: {explore: 0.2}}"
    per_round = dict.fromkeys(("score", "acquire", "finetune"), 2 * 4)
    expected = Counter({**per_round, "evaluate": 4, "runs": 1, "tabulate": 1})
    found = planned_jobs(finished, f"experiment: {{{methods}, budgets: [0.05, 0.1]}}")
    assert found == expected


def test_new_seed_shares_nothing_but_the_data(finished: Path) -> None:
    jobs = planned_jobs(finished, "experiment: {seeds: [0, 1]}")
    assert jobs["pretrain"] == jobs["full"] == 1
    assert jobs["data_make"] == jobs["data_check"] == 0


def test_method_that_goes_makes_the_tables_alone(finished: Path) -> None:
    assert planned_jobs(finished, "experiment: {methods: [ra]}") == {"runs": 1, "tabulate": 1}


def test_changed_code_makes_its_phase_and_what_follows_stale(editable: Path) -> None:
    append(editable / "cbda/selection/balance.py", "\n# A remark.\n")
    assert not planned_jobs(editable)
    append(editable / "cbda/selection/balance.py", "\nADDED = 1\n")
    stale = {"acquire", "score", "finetune", "evaluate", "tabulate"}  # scores are gone
    assert set(planned_jobs(editable)) == stale


def test_resources_make_nothing_stale(finished: Path) -> None:
    change = "{training: {num_workers: 1}, compute: {state_interval_s: 1}}"
    assert not planned_jobs(finished, change)


def test_images_to_skip_make_everything_stale_that_reads_them(editable: Path) -> None:
    (editable / "data/tiny/target_val/cbda_skip.txt").write_text("00000\n")
    assert set(planned_jobs(editable)) == {"data_check", "evaluate", "tabulate"}


def test_generated_set_that_lost_an_image_is_made_again(editable: Path) -> None:
    image = editable / "data/tiny/target_val/images/00001.png"
    content = image.read_bytes()
    image.unlink()
    jobs = planned_jobs(editable)
    assert jobs["data_make"] == jobs["data_check"] == jobs["evaluate"] / 4 == 1
    snakemake(editable, targets=("data/tiny/target_val/manifest.json",))
    assert image.read_bytes() == content
    assert planned_jobs(editable)["data_make"] == 0


def test_change_of_a_dataset_of_the_users_makes_what_reads_it_stale(editable: Path) -> None:
    """Another file is seen at once; other pixels when the dataset is checked, by whomever."""
    change, own = "datasets: {val: {root: own}}", editable / "own"
    for folder in ("images", "labels"):  # without what says that the set is generated
        shutil.copytree(editable / "data/tiny/target_val" / folder, own / folder)
    snakemake(editable, "--touch", change=change)  # as if all had been made from it
    assert not planned_jobs(editable, change)
    own.rename(editable / "moved")  # its files, and so what they hold, are the same
    assert not planned_jobs(editable, "datasets: {val: {root: moved/}}")
    (editable / "moved").rename(own)
    for folder in ("images", "labels"):
        shutil.copy(own / folder / "00000.png", own / folder / "extra.png")
    assert set(planned_jobs(editable, change)) == {"data_check", "evaluate", "tabulate"}
    for folder in ("images", "labels"):
        (own / folder / "extra.png").unlink()
    with Image.open(own / "images/00000.png") as image:
        ImageOps.invert(image).save(own / "images/00000.png", compress_level=0)
    snakemake(editable, change=change, targets=(f"{RESULTS}/data/val.json",))
    assert set(planned_jobs(editable, change)) == {"evaluate", "tabulate"}


def test_weights_to_start_from_count_by_their_content(editable: Path, tmp_path: Path) -> None:
    weights, copy = tmp_path / "weights.safetensors", tmp_path / "weights again"
    weights.write_bytes(b"weights")
    network = f"{{architecture: unet, encoder: resnet18, encoder_weights: {weights}}}"
    change = f"{{model: {network}, training: {{image_size: [32, 64]}}}}"
    snakemake(editable, "--touch", change=change)
    shutil.copyfile(weights, copy)
    copy.replace(weights)
    assert planned_jobs(editable, change)["pretrain"] == 0
    with weights.open("ab") as file:
        file.write(b" ")
    assert planned_jobs(editable, change)["pretrain"] == 1
