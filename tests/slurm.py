"""Run the toy workflow on a Slurm of this machine, disturb it, compare with a local run.

    python -m tests.slurm

Tries what the README says about clusters. Installs Debian's Slurm if it can, starts it on
loopback with two pretended GPUs, uses the project's own profile, cancels a job and requeues
another while they train, and compares every product with that of a local run, byte for byte.
Needs root; says so and exits with 0 if it is left out, so that it can be part of a larger check.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.kills import Project

PROFILE = ["--workflow-profile", "workflow/profiles/slurm"]
PACKAGES = ["slurmctld", "slurmd", "slurm-client", "munge"]
PROGRAMS = ["slurmctld", "slurmd", "squeue", "munged"]
CONFIGURATION = Path("/etc/slurm/slurm.conf")
RUN_LIMIT_S = 900
SLURM_CONF = """
ClusterName=lab
SlurmctldHost={host}(127.0.0.1)
SlurmUser=slurm
AuthType=auth/munge
CredType=cred/munge
AuthInfo=cred_expire=10
StateSaveLocation={folder}/state/ctld
SlurmdSpoolDir={folder}/state/d
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=5,sched_interval=5
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
KillWait=10
JobCompType=jobcomp/none
JobAcctGatherType=jobacct_gather/linux
AccountingStorageType=accounting_storage/none
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
GresTypes=gpu
# A small machine that says it is a large one, so that the profile can be used as it is.
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=64000 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
GRES_CONF = "AutoDetect=off\nNodeName={host} Name=gpu File={folder}/dev/gpu[0-1]\n"


class LeftOutError(Exception):
    """Why Slurm can't be tried here."""


def main() -> int:
    """Run everything; 0 if the bytes are the same or if Slurm can't be had."""
    try:
        _install()
        with tempfile.TemporaryDirectory(prefix="cbda-slurm-") as name, _cluster(Path(name)):
            return _compare(Path(name))
    except LeftOutError as reason:
        print(f"Slurm is left out: {reason}")
        return 0


def _install() -> None:
    if os.geteuid() != 0:
        raise LeftOutError("it takes root to start its daemons")
    if CONFIGURATION.exists():
        raise LeftOutError(f"{CONFIGURATION} is there already, and is not touched")
    if not all(map(shutil.which, PROGRAMS)):
        if shutil.which("apt-get") is None:
            raise LeftOutError("there is no apt-get to install it with")
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES]
        for words in (["apt-get", "update", "-qq"], command):
            done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode:
                raise LeftOutError(f"{' '.join(words)}: {done.stderr[-300:]}")


@contextmanager
def _cluster(folder: Path) -> Iterator[None]:
    """A Slurm of one node, from nothing to idle and back."""
    daemons: list[subprocess.Popen[bytes]] = []
    _write_configuration(folder)
    try:
        daemons.append(_start_munge(folder))
        for words in (["slurmctld", "-D"], ["slurmd", "-D"]):
            with (folder / "log" / f"{words[0]}.out").open("wb") as output:
                daemons.append(subprocess.Popen(words, stdout=output, stderr=output))
        _wait_for("an idle node", lambda: "idle" in _ask("sinfo", "-h", "-o", "%T"), 60)
        yield
    finally:
        with suppress(subprocess.SubprocessError):
            _ask("scancel", "--user=root")
        for daemon in reversed(daemons):
            daemon.terminate()
            with suppress(subprocess.TimeoutExpired):
                daemon.wait(15)
            daemon.kill()
        _end_what_is_left(folder)
        CONFIGURATION.unlink(missing_ok=True)
        CONFIGURATION.with_name("gres.conf").unlink(missing_ok=True)


def _end_what_is_left(folder: Path) -> None:
    """End jobs that a daemon left behind: it sends SIGKILL only a while after SIGTERM."""
    for process in psutil.process_iter(["cwd"]):
        if process.info["cwd"] and Path(process.info["cwd"]).is_relative_to(folder):
            with suppress(psutil.NoSuchProcess):
                print(f"left by Slurm, and killed: {' '.join(process.cmdline())[:100]}", flush=True)
                process.kill()


def _write_configuration(folder: Path) -> None:
    folder.chmod(0o755)
    for name in ("state/ctld", "state/d", "run", "log", "dev"):
        (folder / name).mkdir(parents=True)
        shutil.chown(folder / name, "slurm")
    shutil.chown(folder / "state", "slurm")
    for index in range(2):
        os.mknod(folder / "dev" / f"gpu{index}", 0o20666, os.makedev(1, 3))
    values = {"host": socket.gethostname(), "folder": folder}
    CONFIGURATION.parent.mkdir(exist_ok=True)
    CONFIGURATION.write_text(SLURM_CONF.format(**values))
    CONFIGURATION.with_name("gres.conf").write_text(GRES_CONF.format(**values))


def _start_munge(folder: Path) -> "subprocess.Popen[bytes]":
    Path("/run/munge").mkdir(exist_ok=True)
    shutil.chown("/run/munge", "munge", "munge")
    words = ["setpriv", "--reuid=munge", "--regid=munge", "--init-groups", "/usr/sbin/munged"]
    with (folder / "log/munged.out").open("wb") as output:
        return subprocess.Popen([*words, "--foreground", "--force"], stdout=output, stderr=output)


def _ask(*words: str) -> str:
    return subprocess.run(
        words, capture_output=True, text=True, timeout=30, check=False
    ).stdout.strip()


def _wait_for(what: str, is_there: Callable[[], object], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while not is_there():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {limit_s} s for {what} in vain")
        time.sleep(0.2)


def _compare(folder: Path) -> int:
    local = Project.create(folder / "local")
    print("a local run", flush=True)
    local.finish()
    remote = Project.create(folder / "remote")
    print("the same through Slurm", flush=True)
    _run_disturbed(remote)
    is_equal = remote.products() == local.products()
    names = ", ".join(sorted(name for name in local.products() if name.endswith(".csv")))
    print(
        f"{len(local.products())} files, {names} among them:", "same" if is_equal else "DIFFERENT"
    )
    return int(not is_equal)


def _run_disturbed(project: Project) -> None:
    """Cancel a job and requeue another, both while they train."""
    process = project.start(PROFILE)
    deadline = time.monotonic() + RUN_LIMIT_S
    todo = {"source_only": _cancel, "pretrain": _requeue}
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"Slurm took over {RUN_LIMIT_S} s:\n{project.output()[-3000:]}")
        for rule in list(todo):
            job = _training_job(project, rule)
            if job is not None:
                todo.pop(rule)(job, rule)
        time.sleep(0.1)
    if process.returncode or todo:
        raise RuntimeError(
            f"left {list(todo)}, code {process.returncode}:\n{project.output()[-5000:]}"
        )
    log = project.folder / "results/tiny/seed0/pretrain/pretrain.log"
    (line,) = [text for text in log.read_text().splitlines() if text.startswith("goes on after")]
    print(f"pretrain {line}")


def _training_job(project: Project, rule: str) -> str | None:
    """Slurm's number of a job of a rule that runs and has a state to go on from."""
    if not (project.folder / f"results/tiny/seed0/{rule}/model.pt.resume").exists():
        return None
    rows = [row.split("|") for row in _ask("squeue", "-h", "-o", "%i|%T|%k").splitlines()]
    return next((row[0] for row in rows if row[1] == "RUNNING" and f"rule_{rule}" in row[2]), None)


def _cancel(job: str, rule: str) -> None:
    print(f"scancel {job} ({rule})", flush=True)
    subprocess.run(["scancel", job], check=True, timeout=30)


def _requeue(job: str, rule: str) -> None:
    print(f"scontrol requeue {job} ({rule})", flush=True)
    subprocess.run(["scontrol", "requeue", job], check=True, timeout=30)


if __name__ == "__main__":
    sys.exit(main())
