"""Ways in which results come to harm after they were made, all with the old time of change."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from cbda.files.records import record_path

Damage = Callable[[Path, list[Path], Random], bool]  # whether it did anything


def chmod(path: Path, others: list[Path], rng: Random) -> bool:
    """Nobody may read it."""
    path.chmod(0)
    return True


def truncate(path: Path, others: list[Path], rng: Random) -> bool:
    """Its end is lost."""
    os.truncate(path, rng.randrange(path.stat().st_size))
    return True


def flip(path: Path, others: list[Path], rng: Random) -> bool:
    """A bit is another."""
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    return True


def zero(path: Path, others: list[Path], rng: Random) -> bool:
    """All bytes are zero."""
    path.write_bytes(bytes(path.stat().st_size))
    return True


def swap(path: Path, others: list[Path], rng: Random) -> bool:
    """It is that of another run, record and all or not."""
    content = path.read_bytes()
    twins = [other for other in others if other.name == path.name and other != path]
    twins = [other for other in twins if other.read_bytes() != content]
    if not twins:
        return False
    other = rng.choice(twins)
    shutil.copy2(other, path)
    if path.name in ("labels.h5", "evaluation.json", "model.pt") and rng.random() < 0.5:
        shutil.copy2(record_path(other), record_path(path))
    return True


def edit(path: Path, others: list[Path], rng: Random) -> bool:
    """A number in it is another."""
    if path.suffix not in (".json", ".csv", ".html", ".svg"):
        return False
    text = path.read_text()
    numbers = list(re.finditer(r"\d", text))
    if not numbers:
        return False
    at = rng.choice(numbers).start()
    digit = str((int(text[at]) + rng.randrange(1, 10)) % 10)
    path.write_text(text[:at] + digit + text[at + 1 :])
    return True


def lose(path: Path, others: list[Path], rng: Random) -> bool:
    """It is gone."""
    path.unlink()
    return True


def lose_record(path: Path, others: list[Path], rng: Random) -> bool:
    """Its record is gone."""
    record_path(path).unlink()
    return True


def damage_record(path: Path, others: list[Path], rng: Random) -> bool:
    """A bit of its record is another."""
    return flip(record_path(path), others, rng)


DAMAGES: tuple[Damage, ...] = (
    *(chmod, truncate, flip, zero, swap, edit, lose, lose_record, damage_record),
)


def harm(damage: Damage, path: Path, others: list[Path], rng: Random) -> bool:
    """Damage a file, which keeps its time; whether the damage fits its kind."""
    status = path.stat()
    is_done = damage(path, others, rng)
    if path.exists():
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    return is_done
