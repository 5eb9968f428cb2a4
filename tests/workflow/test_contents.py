"""What tells of a change of the user's pictures."""

import os
from pathlib import Path

import pytest

from cbda.datasets.digest import content_digest
from cbda.workflow.contents import describe_pictures
from tests.projects import create_jobs

NUM_IMAGES = 20


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of one size, beside notes of Snakemake."""
    monkeypatch.chdir(tmp_path)
    Path(".snakemake").mkdir()
    for number in range(NUM_IMAGES):
        for folder in ("images/city", "labels/city"):
            path = Path("pool", folder, f"{number:02}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes([number] * 8))
    return Path("pool")


def describe(pool: Path) -> str:
    return describe_pictures(pool, sorted(pool.rglob("*.png")))


def replace(path: Path, content: bytes) -> None:
    """Other bytes under the same name, of the same size and with the same time."""
    status = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_every_file_counts_by_its_bytes(pool: Path) -> None:
    states = [describe(pool)]
    for path in sorted(pool.rglob("*.png")):
        replace(path, b"replaced")
        states.append(describe(pool))
    assert len(set(states)) == 2 * NUM_IMAGES + 1


def test_only_what_has_changed_is_read_again(pool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def digest(path: Path) -> str:
        read.append(path)
        return content_digest(path)

    monkeypatch.setattr("cbda.workflow.contents.content_digest", digest)
    before = describe(pool)
    assert len(read) == 2 * NUM_IMAGES
    assert describe(pool) == before
    replace(pool / "images/city/07.png", b"replaced")
    assert describe(pool) != before
    assert read[2 * NUM_IMAGES :] == [pool / "images/city/07.png"]
    assert describe_pictures(pool / "images", (pool / "images").rglob("*.png")) != before


def test_place_is_none_of_it_and_damaged_notes_are_read_over(pool: Path) -> None:
    before = describe(pool)
    (notes,) = Path(".snakemake/cbda.contents").glob("*[!n]")
    for text in ('{"images/city/00.png": 1}', "[", "[]"):
        notes.write_text(text)
        assert describe(pool) == before
    assert describe(pool.rename("moved")) == before


def test_nothing_is_kept_without_notes_of_snakemake(pool: Path) -> None:
    Path(".snakemake").rmdir()
    assert describe(pool) == describe(pool) != ""
    assert not Path(".snakemake").exists()


def test_images_that_are_gone_are_no_mistake_of_the_state(pool: Path) -> None:
    assert describe_pictures(pool, [pool / "images/none.png"]) == describe_pictures(pool, []) == ""


def test_data_and_masks_of_where_not_to_ask_are_known_by_all_bytes(pool: Path) -> None:
    never = pool / "labels/city"
    target = {"kind": "images", "root": "pool/images/city", "never_ask": str(never)}
    people = {"oracle": "people", "methods": ["da"], "budgets": [0.1], "seeds": [0]}
    experiment = {**people, "references": [], "radius": 1}
    change = {"experiment": experiment, "datasets": {"target": target}}
    jobs = create_jobs({**change, "tabulate": {"baseline": "da"}})
    data, masks = jobs.dataset_state("target"), jobs.masks_state()
    replace(pool / "images/city/11.png", b"replaced")
    replace(never / "11.png", b"replaced")
    assert jobs.dataset_state("target") not in (data, "")
    assert jobs.masks_state() not in (masks, "")
