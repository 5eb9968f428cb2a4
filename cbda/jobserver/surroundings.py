"""What a process is surrounded by: where two agree, a job does the same in either."""

import os
import resource
import sys
from pathlib import Path
from typing import Any

VARIABLE = "CBDA_JOB_SERVER"  # the socket of the run's server, or anything else for none
PACKAGE = Path(__file__).parents[1]
LIMITS = [name for name in dir(resource) if name.startswith("RLIMIT_")]


def describe_surroundings() -> dict[str, Any]:
    """Environment, limits, interpreter and code, as plain values."""
    return {
        "environment": {k: v for k, v in sorted(os.environ.items()) if k != VARIABLE},
        "limits": {name: list(resource.getrlimit(getattr(resource, name))) for name in LIMITS},
        "priority": os.getpriority(os.PRIO_PROCESS, 0),
        "cores": sorted(os.sched_getaffinity(0)),
        "users": [*os.getresuid(), *os.getresgid(), *sorted(os.getgroups())],
        "places": [_place(name) for name in ("root", "ns/mnt", "ns/net", "ns/pid")],
        "groups": Path("/proc/self/cgroup").read_text(encoding="utf-8"),
        "python": [sys.executable, sys.version, list(sys.flags), sys.path[:]],
        "packages": [_changed_ns(path) for path in sys.path],
        "code": sorted(_code_stamps()),
    }


def _place(name: str) -> list[int]:
    status = os.stat(f"/proc/self/{name}")
    return [status.st_dev, status.st_ino]


def _changed_ns(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _code_stamps() -> list[list[Any]]:
    """Every file of this package: an edited one counts for the very next job."""
    stamps: list[list[Any]] = []
    folders = [str(PACKAGE)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    folders.append(entry.path)
                elif entry.name.endswith(".py"):
                    status = entry.stat()
                    stamps.append([entry.path, status.st_mtime_ns, status.st_size, status.st_ino])
    return stamps
