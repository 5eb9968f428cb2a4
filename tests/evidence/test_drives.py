"""Drives of CamVid are cut as the protocol says."""

import pytest

from evidence.drives import ALIKE, main


@pytest.fixture
def root(tmp_path):
    """CamVid, whose pictures are empty files: 25 frames of one drive, and three at 15 Hz."""
    names = {"train": [f"0006R0_f{100 + i:05}.png" for i in range(25)]}
    names["val"] = [f"0016E5_{7959 + 2 * i:05}.png" for i in range(3)]
    for split, frames in names.items():
        for folder in (split, f"{split}annot"):
            (tmp_path / "camvid" / folder).mkdir(parents=True)
            for name in frames:
                (tmp_path / "camvid" / folder / name).touch()
    return tmp_path / "camvid"


def frames(folder):
    """Places of the frames in their drive."""
    return sorted(int(path.stem[-5:]) - 100 for path in folder.iterdir())


def test_blocks_of_ten_are_pool_and_test_set_by_turns(root, tmp_path):
    main(root, tmp_path / "drives")
    drive = tmp_path / "drives/0006R0"
    assert frames(drive / "train") == [*range(10), *range(20, 25)]
    assert frames(drive / "val") == [*range(11, 19)]
    assert frames(drive / "valannot") == [*range(11, 19)]


def test_frames_at_15_hz_are_a_pool(root, tmp_path):
    main(root, tmp_path / "drives")
    folder = tmp_path / "drives" / ALIKE
    assert len(list((folder / "train").iterdir())) == 3
    assert (folder / "trainannot/0016E5_07961.png").resolve() == (
        root / "valannot/0016E5_07961.png"
    )


def test_drives_that_are_cut_are_left_as_they_are(root, tmp_path):
    for _ in range(2):
        main(root, tmp_path / "drives")
    assert len(frames(tmp_path / "drives/0006R0/train")) == 15
