"""Print tables of speed and memory, and the machine they were measured on."""

import argparse
import platform
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks import acquisition, loader, page
from benchmarks.tables import Table
from cbda.compute.parallel import available_threads

POOL_SIZES = (25, 50, 100, 200)


def machine() -> str:
    """Processor, cores and Python of this machine."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    return f"{processor}, {available_threads()} cores, Python {platform.python_version()}"


def choose_tables(pool_sizes: Iterable[int]) -> dict[str, Callable[[], Table]]:
    """What there is to measure, by name."""
    return {
        "scoring": acquisition.scoring,
        "selection": acquisition.selection,
        "global": lambda: acquisition.global_rounds(pool_sizes),
        "drawn": lambda: acquisition.drawn_rounds(pool_sizes),
        "loading": loader.loading,
        "page": page.page,
    }


def main() -> None:
    """Measure and print what is asked for."""
    names = list(choose_tables(()))
    parser = argparse.ArgumentParser("benchmarks", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"{', '.join(names)} (all)")
    parser.add_argument(
        "--pool-sizes",
        type=int,
        nargs="+",
        default=POOL_SIZES,
        metavar="N",
        help="images of the pools of the global rounds, 10 MB each in a temporary folder",
    )
    args = parser.parse_args()
    unknown = sorted(set(args.tables) - set(names))
    if unknown:
        parser.error(f"no table {unknown[0]!r}; allowed: {', '.join(names)}")
    print(machine(), "\n")
    for name, measure in choose_tables(args.pool_sizes).items():
        if name in args.tables or not args.tables:
            print(f"{measure()}\n", flush=True)


if __name__ == "__main__":
    main()
