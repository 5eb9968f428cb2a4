"""A training that is stopped goes on from its state, bit for bit."""

import argparse
import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from cbda.cli import main
from cbda.datasets.catalogue import create_dataset
from cbda.errors import InterruptedRunError, UserError
from cbda.files.atomic import set_aside
from cbda.files.checkpoints import save_checkpoint
from cbda.training.loader import Batch, create_loader
from cbda.training.resume import SIGNALS, STATE_FORMAT, ResumableState
from cbda.workflow.identity import identify_job
from tests.datasets.layouts import make_folder
from tests.training.test_trainer import (
    SETTINGS,
    SOURCE,
    TARGET,
    assert_same_state,
    create_trainer,
    train,
)


class StoppedError(Exception):
    """What a test raises in the middle of training."""


def train_until(output: Path, stop: int, job: str = "a job", at: int | None = None):
    """Train to iteration `stop` with a state after each, or stop without notice at another."""
    trainer = create_trainer()
    states = ResumableState(output, job, interval_s=0, until=stop)

    def after_iteration(trainer):
        states.after_iteration(trainer)
        if trainer.iteration == at:
            raise StoppedError

    with states.resumable(trainer):
        first = trainer.iteration
        loader = create_loader(SOURCE, TARGET, SETTINGS, 7, first, stop)
        trainer.run(loader, stop - first, after_iteration)
    return trainer, first


@pytest.mark.parametrize("at", [1, 4, 5])
def test_stopped_training_goes_on_bit_for_bit(tmp_path, at, capsys):
    whole = create_trainer()
    train(whole, 0, 6)
    output = tmp_path / "model.pt"
    with pytest.raises(StoppedError):
        train_until(output, 6, at=at)
    assert (tmp_path / "model.pt.resume").exists()
    trainer, first = train_until(output, 6)
    assert first == at
    assert_same_state(trainer.state(), whole.state())
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt.lock"]
    assert f"goes on after iteration {at}, from {output}.resume" in capsys.readouterr().out


def test_state_is_saved_at_intervals(tmp_path):
    states = ResumableState(tmp_path / "model.pt", "a job", interval_s=0.2, until=6)
    trainer = create_trainer()
    states.after_iteration(trainer)
    assert not states.path.exists()
    time.sleep(0.2)
    states.after_iteration(trainer)
    states.path.unlink()
    states.after_iteration(trainer)
    assert not states.path.exists()


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def leave(path):
    """Nothing happens to the state."""


@pytest.mark.parametrize(
    ("job", "change", "reason"),
    [
        ("another", leave, "is of another job"),
        ("a job", damage, "does not match its checksum"),
        ("a job", lambda path: path.write_bytes(b""), "not a readable checkpoint"),
    ],
)
def test_state_that_does_not_fit_is_not_used(tmp_path, job, change, reason, capsys):
    output = tmp_path / "model.pt"
    with pytest.raises(StoppedError):
        train_until(output, 6, at=3)
    state = tmp_path / "model.pt.resume"
    change(state)
    content = state.read_bytes()
    _, first = train_until(output, 6, job)
    assert first == 0
    line = capsys.readouterr().out
    assert line.startswith("starts from the beginning: ")
    assert reason in line
    kept = tmp_path / line.split()[-1]
    assert kept.read_bytes() == content
    assert kept.suffix == (".foreign" if change is leave else ".damaged")


def test_kept_state_is_never_replaced(tmp_path):
    path = tmp_path / "model.pt.resume"
    names = []
    for number in range(3):
        path.write_text(str(number))
        names.append(set_aside(path, "damaged").name)
    assert names == [f"model.pt.resume.damaged{end}" for end in ("", ".1", ".2")]
    assert [(tmp_path / name).read_text() for name in names] == ["0", "1", "2"]


def fail(*_):
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def use_up(*_):
    raise MemoryError


@pytest.mark.parametrize(
    ("read", "reason"), [(fail, "Input/output error"), (use_up, "does not fit in memory")]
)
def test_state_that_cannot_be_read_stops_the_job_and_stays(tmp_path, monkeypatch, read, reason):
    """It may be a good one, and hours of work."""
    output, state = tmp_path / "model.pt", tmp_path / "model.pt.resume"
    with pytest.raises(StoppedError):
        train_until(output, 6, at=3)
    content = state.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("zipfile.ZipFile.testzip", read)
        with pytest.raises(UserError, match=rf"model.pt.resume: cannot be read: .*{reason}"):
            train_until(output, 6)
    assert state.read_bytes() == content
    _, first = train_until(output, 6)
    assert first == 3


def test_state_of_another_network_is_kept_aside(tmp_path, capsys):
    output = tmp_path / "model.pt"
    content = {"job": "a job", "iteration": 3, "model": {}, "optimizer": {}}
    save_checkpoint(tmp_path / "model.pt.resume", content, STATE_FORMAT)
    _, first = train_until(output, 6)
    assert first == 0
    assert "does not fit this job" in capsys.readouterr().out
    assert (tmp_path / "model.pt.resume.foreign").exists()


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_stops_after_the_iteration_and_keeps_the_state(tmp_path, number):
    trainer = create_trainer()
    states = ResumableState(tmp_path / "model.pt", "a job", interval_s=1e9, until=6)
    before = signal.getsignal(number)

    def after_iteration(trainer):
        if trainer.iteration == 2:
            os.kill(os.getpid(), number)
        states.after_iteration(trainer)

    with (
        pytest.raises(InterruptedRunError, match=f"stopped by {number.name} after iteration 2"),
        states.resumable(trainer),
    ):
        trainer.run(create_loader(SOURCE, TARGET, SETTINGS, 7, 0, 6), 6, after_iteration)
    assert trainer.iteration == 2
    assert signal.getsignal(number) == before
    _, first = train_until(tmp_path / "model.pt", 6)
    assert first == 2


def test_ignored_hang_up_stops_nothing(tmp_path):
    """As nohup has it."""
    trainer = create_trainer()
    states = ResumableState(tmp_path / "model.pt", "a job", interval_s=1e9, until=6)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with states.resumable(trainer):
            os.kill(os.getpid(), signal.SIGHUP)
            loader = create_loader(SOURCE, TARGET, SETTINGS, 7, 0, 6)
            trainer.run(states.interruptible(loader), 6, states.after_iteration)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert trainer.iteration == 6


class Stuck(list[Batch]):
    """Batches of which one never comes."""

    def __iter__(self):
        yield from super().__iter__()
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("goes on waiting")

    def __len__(self):
        return super().__len__() + 1


@pytest.mark.parametrize("num_batches", [0, 2])
def test_signal_while_a_batch_is_waited_for_stops_at_once(tmp_path, num_batches):
    trainer = create_trainer()
    states = ResumableState(tmp_path / "model.pt", "a job", interval_s=1e9, until=6)
    stuck = Stuck(create_loader(SOURCE, TARGET, SETTINGS, 7, 0, num_batches))
    stopped = f"stopped by SIGTERM after iteration {num_batches}"
    with pytest.raises(InterruptedRunError, match=stopped), states.resumable(trainer):
        trainer.run(states.interruptible(stuck), 6, states.after_iteration)
    _, first = train_until(tmp_path / "model.pt", 6)
    assert first == num_batches


def test_signal_before_the_first_batch_stops_without_it(tmp_path):
    trainer = create_trainer()
    states = ResumableState(tmp_path / "model.pt", "a job", interval_s=1e9, until=6)

    def signal_and_wait():
        with states.resumable(trainer):
            os.kill(os.getpid(), signal.SIGTERM)
            trainer.run(states.interruptible(Stuck()), 6, states.after_iteration)

    with pytest.raises(InterruptedRunError, match="after iteration 0"):
        signal_and_wait()


def test_signal_in_the_last_iteration_stops_nothing(tmp_path):
    """A state of a finished training would leave the next job nothing to measure a pace by."""
    trainer = create_trainer()
    states = ResumableState(tmp_path / "model.pt", "a job", interval_s=0, until=6)

    def after_iteration(trainer):
        if trainer.iteration == 6:
            states.path.unlink()
            os.kill(os.getpid(), signal.SIGTERM)
        states.after_iteration(trainer)

    with states.resumable(trainer):
        trainer.run(create_loader(SOURCE, TARGET, SETTINGS, 7, 0, 6), 6, after_iteration)
        assert not states.path.exists()
    assert trainer.iteration == 6


def identify(folder, **changes):
    """The identity of a job whose files lie in a folder."""
    options = {"command": "finetune", "until": 4, "out": folder / "a", "state_interval_s": 1}
    options |= {"checkpoint": folder / "model.pt", "source_root": str(folder / "data")}
    args = argparse.Namespace(**options | changes)
    dataset = create_dataset("folder", folder / "data", classes=["a", "b", "c"])
    return identify_job(args, [args.checkpoint, None], [dataset, None])


@pytest.fixture
def inputs(tmp_path):
    """The files of a job, in a folder."""
    make_folder(tmp_path / "one/data", 2, 8, 8, 3, np.random.default_rng(0))
    (tmp_path / "one/model.pt").write_text("weights")
    (tmp_path / "one/source.json").write_text("report")
    return tmp_path / "one"


def test_job_is_its_options_its_files_and_its_data(inputs):
    first = identify(inputs)
    assert identify(inputs, out=inputs / "b", state_interval_s=2) == first
    assert identify(inputs, until=5) != first
    os.utime(inputs / "data/labels/001.png", ns=(1, 1))
    second = identify(inputs)
    assert second != first
    (inputs / "model.pt").write_text("other weights")
    assert identify(inputs) != second


def test_job_is_the_same_at_another_place(inputs):
    first = identify(inputs)
    copy = inputs.rename(inputs.with_name("other"))
    assert identify(copy) == first
    reported = identify(copy, source_report=copy / "source.json")
    os.utime(copy / "data/labels/001.png", ns=(1, 1))  # as a copy may have it
    assert identify(copy, source_report=copy / "source.json") == reported
    (copy / "source.json").write_text("report of other pixels")
    assert identify(copy, source_report=copy / "source.json") != reported


@pytest.fixture
def command(tmp_path):
    """A pretraining of a second or two, images loaded by two processes."""
    for name in ("source", "target"):
        make_folder(tmp_path / name, 4, 48, 64, 3, np.random.default_rng(0))
    training = "--training-batch-size 2 --training-num-workers 2 --training-total-iterations 24"
    data = "--source-root source --target-root target --classes a b c"
    options = f"--iterations 24 {data} {training} --training-image-size 48 64 --device cpu"
    return ["pretrain", *options.split(), "--out"]


def test_same_command_goes_on_after_a_signal_to_all_processes(
    tmp_path, command, monkeypatch, capsys
):
    """Slurm signals the processes that load images too."""
    monkeypatch.chdir(tmp_path)
    assert main([*command, "whole.pt"]) == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "cbda", *command, "model.pt", "--state-interval-s", "0"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not (tmp_path / "model.pt.resume").exists():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 75, errors
    assert "cbda pretrain: stopped by SIGTERM after iteration" in errors.splitlines()[-1]
    assert not (tmp_path / "model.pt").exists()

    assert main([*command, "model.pt"]) == 0
    assert "goes on after iteration" in capsys.readouterr().out
    assert (tmp_path / "model.pt").read_bytes() == (tmp_path / "whole.pt").read_bytes()
    assert not (tmp_path / "model.pt.resume").exists()


def test_state_is_on_the_cpu_and_holds_no_code(tmp_path):
    with pytest.raises(StoppedError):
        train_until(tmp_path / "model.pt", 6, at=3)
    state = torch.load(tmp_path / "model.pt.resume", weights_only=True)
    assert (state["format"], state["version"], state["iteration"]) == ("cbda.resume", 1, 3)


def test_second_process_of_one_output_waits_for_the_first(tmp_path):
    """A Snakemake that was killed may leave a job behind; the same command starts it again."""
    code = """
        import sys
        from pathlib import Path
        from cbda.training.resume import SIGNALS, STATE_FORMAT, ResumableState
        with ResumableState(Path(sys.argv[1]), "a job", 1, 6).resumable(None):
            print("trains", flush=True)
            sys.stdin.readline()
    """

    def start():
        return subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "model.pt")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    with start() as first:
        assert first.stdout.readline() == "trains\n"
        with start() as second:
            assert second.stderr.readline().startswith("waits for another process")
            first.kill()
            assert second.stdout.readline() == "trains\n"
            second.communicate("\n")
