"""Print every table, and the machine they were measured on."""

import platform
from pathlib import Path

from benchmarks import acquisition, loader
from cbda.parallel import available_threads


def machine() -> str:
    """Processor, cores and Python of this machine."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    return f"{processor}, {available_threads()} cores, Python {platform.python_version()}"


def main() -> None:
    """Print."""
    print(machine(), "\n")
    for table in [*acquisition.tables(), *loader.tables()]:
        print(f"{table}\n", flush=True)


if __name__ == "__main__":
    main()
