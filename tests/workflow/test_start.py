"""What a run finds before it makes anything: damage, and results whose notes are lost."""

import os
import shutil
from base64 import urlsafe_b64encode
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace

import pytest

from cbda.cli import parse_command
from cbda.errors import UserError
from cbda.files.json_files import write_text
from cbda.files.records import record_path
from cbda.workflow.start import Notes, Results, is_about_something_else, is_overwriting
from tests.experiments import job
from tests.projects import RESULTS, TABLE, create_jobs, snakemake

RUN = f"{RESULTS}/seed0/cbda/budget0.05"
OTHER_RATE = "{training: {optimizer: {lr: 0.5}}}"


@pytest.fixture
def project(editable, monkeypatch):
    """A finished project, which is the working directory."""
    monkeypatch.chdir(editable)
    return editable


def examine(**change):
    return Results(create_jobs(change), Path(".snakemake"), [], parse_command).examine()


def halve(path):
    """Lose half of a file, which keeps its time."""
    status = os.stat(path)
    os.truncate(path, status.st_size // 2)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_sound_results_are_read_once(project, monkeypatch):
    read = []
    digest = "cbda.files.records.file_sha256"
    monkeypatch.setattr(digest, lambda path: read.append(path) or record_of(path))  # type: ignore

    def record_of(path):
        from cbda.files.records import read_record

        record = read_record(path)
        assert record is not None
        return record.sha256

    assert examine() == []
    assert len(read) > 30, "a copy has other times of change"
    read.clear()
    assert examine() == []
    assert read == []


@pytest.mark.parametrize(
    "name",
    [
        f"{RUN}/round1/labels.h5",
        f"{RUN}/round2/metrics.json",
        f"{RUN}/evaluation.json",
        f"{RESULTS}/seed0/pretrain/model.pt",
        f"{RESULTS}/class_iou.csv",
        f"{RESULTS}/report.html",
        f"{RESULTS}/figures/entropy.png",
        f"{RESULTS}/data/val.json",
        "data/tiny/source/manifest.json",
        "data/tiny/source/images/00001.png",
    ],
)
def test_damage_stops_the_run(project, name):
    halve(name)
    with pytest.raises(UserError, match="results are not as they were made") as caught:
        examine()
    assert f"{name}: " in str(caught.value)


def test_zeros_in_a_picture_stop_the_run(project):
    path = Path("data/tiny/target_train/labels/00001.png")
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(UserError, match="damaged: has changed since"):
        examine()


def test_changed_picture_of_a_set_that_is_to_be_made_again_stops_nothing(project):
    halve("data/tiny/source/images/00001.png")
    Path("data/tiny/source/manifest.json").unlink()
    (said,) = examine()
    assert said.splitlines()[1:] == ["data/tiny/source/manifest.json"]


def test_damaged_mask_stops_the_run(project):
    """Masks are no outputs of a rule, as their names are those of the user's images."""
    path = Path(RUN, "predictions/masks/00001.png")
    with job("predict"):
        write_text(path, "a mask")
    predicting = {"predict": {"images": "data/tiny/source/images"}}
    assert examine(**predicting) == []
    halve(path)
    assert examine() == []
    with pytest.raises(UserError, match=r"masks/00001\.png: damaged: 3 bytes in place of 6"):
        examine(**predicting)


def test_mask_whose_image_is_gone_is_named_and_stops_nothing(project):
    path = Path(RUN, "predictions/masks/city/gone.png")
    with job("predict"):
        write_text(path, "a mask")
    halve(path)
    (said,) = examine(predict={"images": "data/tiny/source/images"})
    assert said.splitlines()[1:] == [str(path)]
    assert "files lie beside the masks of predict.images that are of other images" in said


def test_result_whose_job_is_under_way_is_left_alone(project):
    name = f"{RUN}/evaluation.json"
    halve(name)
    mark = Path(".snakemake/incomplete", urlsafe_b64encode(name.encode()).decode())
    mark.write_text("{}")
    assert examine() == []


def test_results_that_are_gone_are_said(project):
    for name in (f"{RUN}/round1/labels.h5", f"{RESULTS}/class_iou.csv"):
        Path(name).unlink()
    (said,) = examine()
    assert said.splitlines()[1:] == [f"{RESULTS}/class_iou.csv", f"{RUN}/round1/labels.h5"]


def test_damaged_record_stops_the_run(project):
    halve(record_path(Path(f"{RUN}/evaluation.json")))
    with pytest.raises(UserError, match="this record is damaged"):
        examine()


def test_other_experiments_in_the_folder_do_no_harm(project):
    halve(f"{RUN}/evaluation.json")
    assert examine(experiment={"methods": ["ra"]}) == []


@pytest.mark.parametrize("content", [b"", b'{"rule": "eval', b"\xff\0{" * 20])
def test_notes_that_cannot_be_read_are_removed(tmp_path, content):
    path = "a/" * 200 + "model.pt"
    name = urlsafe_b64encode(path.encode()).decode()
    place = tmp_path / "metadata" / f"@{name[:254]}" / f"@{name[254:508]}" / name[508:]
    place.parent.mkdir(parents=True)
    place.write_text('{"rule": "pretrain"}')
    assert Notes(tmp_path).has(path)
    place.write_bytes(content)
    assert not Notes(tmp_path).has(path)
    assert not place.exists()


@pytest.mark.parametrize("word", ["--touch", "--unlock", "--lint", "--cleanup-metadata", "verify"])
def test_commands_that_make_nothing_are_not_stopped(word):
    assert is_about_something_else(["snakemake", "--cores", "2", word])
    assert not is_about_something_else(["snakemake", "-n", "results/table_mIoU.csv"])


def test_damage_stops_snakemake_and_verify_lists_it(project):
    halve(f"{RUN}/round1/labels.h5")
    output = snakemake(project, "--dry-run", check=False)
    assert "results are not as they were made" in output
    again = "have them made again by name, as in `snakemake PATH --cores all --configfile "
    assert again in output
    assert f"\n{RUN}/round1/labels.h5: damaged: " in output
    assert "Traceback" not in output
    output = snakemake(project, check=False, targets=("verify",))
    assert f"{RUN}/round1/labels.h5" in output
    assert "1 of them not as made" in output, output
    assert "1 of " in Path(f"{RESULTS}/verify.log").read_text()


class Output(str):
    """An output of a rule, as Snakemake has it."""

    def match(self, path):
        return fnmatch(path, self)


def foreign(*names):
    """What is said of files in the places of results, of which some have records."""
    rule = SimpleNamespace(output=[Output(f"{RESULTS}/{name}") for name in names])
    rule.is_producer = lambda path: False
    with pytest.raises(UserError, match="no record tells that cbda made them") as caught:
        Results(create_jobs(), Path(".snakemake"), [rule], parse_command).examine()
    return str(caught.value).splitlines()[1:]


def test_files_in_the_places_of_results_that_have_no_record_are_named(project):
    mine = [f"{RESULTS}/{name}" for name in ("figures/mine.pdf", "new.csv", "seed0/full/new.csv")]
    kept = f"{RESULTS}/figures/sketch.pdf"
    for name in (*mine, kept, f"{RESULTS}/new.log"):
        Path(name).write_text("mine")
    assert foreign("figures/m*.pdf", "new.csv", "seed*/new.csv") == mine


def test_manifest_of_a_generated_set_tells_of_itself_what_made_it(project):
    manifest = Path("data/tiny/source/manifest.json")
    record_path(manifest).unlink()
    rule = SimpleNamespace(output=[Output(manifest)], is_producer=lambda path: False)
    shutil.rmtree(".snakemake")
    results = Results(create_jobs(), Path(".snakemake"), [rule], parse_command)
    results.require_none_foreign()
    manifest.with_name(".cbda_generated.json").unlink()
    manifest.write_text("{}")
    with pytest.raises(UserError, match=r"source/manifest\.json"):
        results.require_none_foreign()


def test_figure_and_table_of_the_users_are_neither_overwritten_nor_taken_for_results(project):
    tables = f"{RESULTS}/other"
    mine = [f"{tables}/{name}" for name in ("figures/mIoU.pdf", "report.html", "table_mIoU.csv")]
    Path(tables, "figures").mkdir(parents=True)
    for name in (*mine, f"{tables}/figures/sketch.pdf"):
        Path(name).write_text("mine")
    change, targets = f"{{pathvars: {{tables: {tables}}}}}", (f"{tables}/report.html",)
    output = snakemake(project, "--forceall", change=change, check=False, targets=targets)
    assert "move them away" in output
    assert output.partition("taken for results:\n")[2].splitlines()[:3] == mine
    assert {Path(name).read_text() for name in mine} == {"mine"}


@pytest.mark.parametrize("word", ["--touch", "-t", "-F", "--forceall", "--delete-all-output"])
def test_words_that_overwrite_are_known(word):
    assert is_overwriting(["snakemake", "--cores", "2", word])
    assert not is_overwriting(["snakemake", "--cores", "2", "--dry-run"])


def test_lost_masks_are_named(project):
    images = sorted(Path("data/tiny/source/images").iterdir())
    path = Path(RUN, f"predictions/masks/{images[0].name}")
    with job("predict"):
        write_text(path, "a mask")
        write_text(path.with_name("other.png"), "a mask of an image that is gone")
    path.unlink()
    path.with_name("other.png").unlink()
    predicting = {"predict": {"images": "data/tiny/source/images"}}
    assert examine() == []
    (said,) = examine(**predicting)
    assert said.startswith("masks are gone that were made")
    assert said.splitlines()[1:] == [str(path)]


def test_lost_notes_leave_results_as_they_are_under_the_same_settings(project):
    for path in Path(".snakemake/metadata").rglob("*"):
        if path.is_file():
            path.write_bytes(b"\xff\0{")
    output = snakemake(project, "--dry-run")
    assert "Nothing to be done" in output
    assert "Snakemake's notes of results are lost" in output


def test_lost_notes_stop_a_run_under_other_settings(project):
    shutil.rmtree(".snakemake")
    output = snakemake(project, "--dry-run", change=OTHER_RATE, check=False)
    assert "Nothing to be done" not in output
    assert "training_optimizer_lr was 0.003, and is 0.5 now" in output
    assert TABLE not in output.partition("lost")[2]
