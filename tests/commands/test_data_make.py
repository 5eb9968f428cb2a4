"""What is in the way of a generated set stays, and what is left of a killed run does no harm."""

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from cbda.cli import main
from cbda.datasets.catalogue import create_dataset
from cbda.datasets.generated import MARK
from cbda.errors import UserError
from cbda.files import pictures
from cbda.files.records import FOLDER
from cbda.scenes import rendering
from cbda.scenes.kinds import CLASSES as KINDS
from cbda.settings.generation import DOMAINS, SCENES
from tests.datasets.layouts import save

CLASSES = [str(number) for number in range(11)]
SIDES = ("images", "labels")
REFUSED = "holds what `cbda data make` did not make"


def words(root, num_images=3, seed=1):
    size = ["--num-images", str(num_images), "--height", "16", "--width", "24"]
    out = ["--seed", str(seed), "--out", f"{root}/manifest.json"]
    return ["data", "make", "--domain", "source", *size, *out]


def test_finished_set_says_what_it_is(tmp_path, capsys):
    assert main(words(tmp_path / "street")) == 0
    assert capsys.readouterr().out == f"{tmp_path}/street: 3 images\n"


def contents(root):
    """What everything in a folder holds, links and hidden files too."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            found[path.relative_to(root)] = os.readlink(path)
        elif path.is_file():
            found[path.relative_to(root)] = path.read_bytes()
        else:
            found[path.relative_to(root)] = None
    return found


def pairs(root):
    """The pictures that took their places."""
    return {path: content for path, content in contents(root).items() if path.match("?*s/0*.png")}


def refusal(root, capsys, **options):
    """The one line with which a run is refused that must change nothing."""
    before = contents(root)
    assert main(words(root, **options)) == 2
    assert contents(root) == before
    line = capsys.readouterr().err.splitlines()[-1]
    assert f"{root}: {REFUSED}" in line
    return line


render = cache(rendering.render_scene)


@pytest.fixture(autouse=True)
def rendered_once(monkeypatch):
    """Scenes are the same whenever they are rendered, which takes longer than all else here."""
    monkeypatch.setattr(rendering, "render_scene", render)


@pytest.fixture
def made(tmp_path):
    """A set of 3 images."""
    assert main(words(tmp_path / "set")) == 0
    return tmp_path / "set"


@pytest.fixture
def own(tmp_path):
    """Pictures of the user's, of names as in GTAV."""
    for index in range(1, 6):
        save(tmp_path / f"own/images/{index:05}.png", np.full((16, 24, 3), index, np.uint8))
        save(tmp_path / f"own/labels/{index:05}.png", np.full((16, 24), index, np.uint8))
    return tmp_path / "own"


def test_manifest_says_which_scenes_and_classes(tmp_path):
    assert main([*words(tmp_path, num_images=1), "--scenes", "aerial"]) == 0
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert (manifest["scenes"], manifest["classes"]) == ("aerial", list(KINDS["aerial"]))


def test_view_from_above_of_an_absurd_shape_is_refused(tmp_path, capsys):
    shape = ["--height", "1", "--width", "2500"]
    assert main([*words(tmp_path), "--scenes", "aerial", *shape]) == 2
    assert "--width 2500: allowed is up to 32 times --height" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "allowed"), [("scenes", SCENES), ("domain", DOMAINS)])
def test_unknown_name_is_refused_with_those_allowed(tmp_path, capsys, option, allowed):
    assert main([*words(tmp_path), f"--{option}", "moon"]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert f"--{option} 'moon': allowed are {', '.join(allowed)}" in line


@pytest.mark.parametrize("num_images", [1, 3, 9])
def test_pictures_of_the_user_stay(own, capsys, num_images):
    refusal(own, capsys, num_images=num_images)


def test_pictures_of_the_user_stay_behind_a_link_to_their_folder(own, tmp_path, capsys):
    (tmp_path / "link").symlink_to(own)
    before = contents(own)
    refusal(tmp_path / "link", capsys)
    assert contents(own) == before


def test_pictures_of_the_user_stay_behind_links_to_images_and_labels(own, tmp_path, capsys):
    (tmp_path / "set").mkdir()
    for side in SIDES:
        (tmp_path / "set" / side).symlink_to(own / side)
    before = contents(own)
    refusal(tmp_path / "set", capsys, num_images=9)
    assert contents(own) == before


def test_set_is_made_through_links_to_empty_folders(tmp_path):
    for side in SIDES:
        (tmp_path / f"disk/{side}").mkdir(parents=True)
        (tmp_path / "set").mkdir(exist_ok=True)
        (tmp_path / "set" / side).symlink_to(tmp_path / "disk" / side)
    assert main(words(tmp_path / "set")) == 0
    assert len(pairs(tmp_path / "disk")) == 6


@pytest.mark.parametrize("name", ["images/mine.png", "labels/old", "notes.txt"])
def test_folder_that_holds_anything_is_refused(tmp_path, capsys, name):
    path = tmp_path / "set" / name
    path.parent.mkdir(parents=True)
    path.write_text('{"name": "mine"}')
    assert name in refusal(tmp_path / "set", capsys)


def test_manifest_of_another_program_is_refused(tmp_path, capsys):
    manifest = tmp_path / "set/manifest.json"
    manifest.parent.mkdir()
    manifest.write_text('{"name": "mine"}')
    assert main(words(tmp_path / "set")) == 2
    assert f"{manifest}: is there already, and cbda did not make it" in capsys.readouterr().err
    assert list(contents(tmp_path / "set").values()) == [b'{"name": "mine"}']


def test_log_and_hidden_files_are_in_no_ones_way(tmp_path):
    (tmp_path / "set/images").mkdir(parents=True)
    for name in ("data_make.log", "data_make.tsv", ".DS_Store", "images/.DS_Store"):
        (tmp_path / "set" / name).write_text("x")
    assert main(words(tmp_path / "set")) == 0
    assert (tmp_path / "set/images/.DS_Store").read_text() == "x"


def add(root):
    save(root / "images/00007.png", np.zeros((16, 24, 3), np.uint8))
    return "images/00007.png"


def link(root):
    shutil.move(root / "images/00002.png", root.parent / "mine.png")
    (root / "images/00002.png").symlink_to(root / "nowhere.png")
    return "images/00002.png"


def make_pipe(root):
    (root / "images/00002.png").unlink()
    os.mkfifo(root / "images/00002.png")
    return "images/00002.png"


@pytest.mark.parametrize("change", [add, link, make_pipe])
@pytest.mark.parametrize("seed", [1, 2])
def test_what_was_added_to_a_set_of_ours_is_named_and_stays(made, capsys, change, seed):
    name = change(made)
    (made / "manifest.json").unlink()  # as Snakemake does before it runs a job
    assert f"(1: {name})" in refusal(made, capsys, seed=seed)


def edit(root, value):
    path = root / "labels/00002.png"
    save(path, np.full((16, 24), value, np.uint8))
    return path.read_bytes()


@pytest.mark.parametrize("options", [{}, {"seed": 2}, {"num_images": 2}])
def test_changed_picture_is_made_again_and_kept_under_another_name(made, tmp_path, capsys, options):
    assert main(words(tmp_path / "new", **options)) == 0
    edits = {"00002.1.png": edit(made, 3)}
    assert main(words(made)) == 0
    assert f"kept as {made}/changed/labels/00002.1.png" in capsys.readouterr().out
    edits["00002.2.png"] = edit(made, 4)
    assert main(words(made, **options)) == 0
    kept = {path.name: path.read_bytes() for path in (made / "changed/labels").iterdir()}
    assert kept == edits
    shutil.rmtree(made / "changed")
    assert contents(made) == contents(tmp_path / "new")


@pytest.mark.parametrize("options", [{}, {"seed": 2}, {"num_images": 2}, {"num_images": 5}])
@pytest.mark.parametrize("has_manifest", [True, False])
def test_set_of_ours_is_replaced(made, tmp_path, options, has_manifest):
    if not has_manifest:
        (made / "manifest.json").unlink()
    assert main(words(made, **options)) == 0
    assert main(words(tmp_path / "new", **options)) == 0
    assert contents(made) == contents(tmp_path / "new")


def test_manifest_proves_what_is_ours_where_the_mark_was_not_copied(made):
    (made / MARK).unlink()
    assert main(words(made, seed=2, num_images=1)) == 0
    assert len(pairs(made)) == 2


def forget(root):
    """A set as version 0.1.0 left it, in a job that Snakemake runs again."""
    for name in (MARK, pictures.LOCK, "manifest.json"):
        (root / name).unlink()


def test_set_without_a_mark_is_taken_over_if_it_is_the_same(made):
    before = contents(made)
    forget(made)
    assert main(words(made)) == 0
    assert contents(made) == before


@pytest.mark.parametrize("options", [{"seed": 2}, {"num_images": 2}])
def test_set_without_a_mark_stays_if_it_is_another_one(made, capsys, options):
    forget(made)
    refusal(made, capsys, **options)


def test_pictures_that_a_loss_of_power_emptied_are_made_again(made):
    before = contents(made)
    for path in made.rglob("*.png"):
        path.write_bytes(b"")
    assert main(words(made)) == 0
    assert contents(made) == before


def test_pictures_are_on_the_disk_before_the_mark_and_that_before_the_manifest(
    tmp_path, monkeypatch
):
    done = []
    root, sync, replace = tmp_path / "set", os.fsync, os.replace

    def note_sync(descriptor):
        done.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        sync(descriptor)

    def note_replace(source, target):
        done.append(f"{source}>{target}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_replace)
    assert main(words(root, num_images=2)) == 0
    staged = {f"{root}/{s}/{pictures.STAGE}/{n}" for s in SIDES for n in ("00000.png", "00001.png")}
    assert set(done[:4]) == staged
    renamed = [
        step.rpartition(">")[2] for step in done if ">" in step and f"/{FOLDER}/" not in step
    ]
    assert renamed[0] == renamed[-2] == str(root / MARK)
    assert len(renamed) == 7
    assert renamed[-1] == str(root / "manifest.json")
    moved = max(index for index, step in enumerate(done) if pictures.STAGE in step)
    assert {str(root / side) for side in SIDES} <= set(done[moved:])


EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree")


def run_until_killed(place, num_events, root=None, error=None, **options):
    """Make a set in a process that dies, or fails, at an event within a folder; whether it did."""
    child = os.fork()
    if not child:
        left = [num_events]

        def count(event, arguments):
            if event in EVENTS and any(str(path).startswith(str(place)) for path in arguments[:2]):
                left[0] -= 1
                if not left[0] and error:
                    raise error
                if not left[0]:
                    os._exit(9)

        sys.addaudithook(count)
        os._exit(main(words(root or place, **options)))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


def number_read(root):
    """Pairs that a reader finds; 0 if it is told that the set is not complete."""
    try:
        return len(create_dataset("folder", root, classes=CLASSES))
    except UserError as error:
        return 0 if "`cbda data make` did not come to its end" in str(error) else -1


def test_run_killed_at_any_moment_does_no_harm(tmp_path):
    """A reader finds the set before, the new one, or an error; the next run makes any set."""
    root, sets, seen = tmp_path / "set", {}, set()
    for seed, num_images in ((2, 2), (3, 3)):
        assert main(words(tmp_path / "new", num_images, seed)) == 0
        sets[num_images] = contents(tmp_path / "new")
    shutil.copytree(tmp_path / "new", root)
    num_events = 1
    while run_until_killed(root, num_events, num_images=2, seed=2):
        found = number_read(root)
        assert found == 0 or pairs(root) == {p: sets[found][p] for p in pairs(root)}
        seen.add(found)
        assert main(words(root, 3, seed=3)) == 0, num_events
        assert contents(root) == sets[3], num_events
        num_events += 3
    assert seen == {0, 2, 3}


def test_run_goes_on_after_a_disk_was_full_at_any_moment(tmp_path, capfd):
    """Snakemake removes the manifest of a job that failed."""
    root, num_events = tmp_path / "set", 1
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert main(words(tmp_path / "new", 2)) == 0
    wanted = contents(tmp_path / "new")
    while run_until_killed(root, num_events, error=full, num_images=2):
        assert capfd.readouterr().err.count("error:") == 1
        (root / "manifest.json").unlink(missing_ok=True)
        assert main(words(root, 2)) == 0, num_events
        assert contents(root) == wanted
        shutil.rmtree(root)
        num_events += 3
    assert num_events > 20


def test_changed_picture_outlives_a_kill_while_it_is_set_aside(made):
    wanted = edit(made, 3)
    num_events = 1
    while run_until_killed(made / "changed", num_events, root=made, seed=2):
        assert wanted in contents(made).values(), num_events
        num_events += 1
    assert num_events > 3
    assert wanted in contents(made).values()


def test_two_processes_make_a_set_one_after_the_other(tmp_path):
    """One is left of a Snakemake that was killed."""
    root = tmp_path / "set"
    first = subprocess.Popen([sys.executable, "-m", "cbda", *words(root, 40)])
    while not (root / "images" / pictures.STAGE).exists():
        time.sleep(0.02)
    assert main(words(root, 5, seed=2)) == 0
    assert first.wait() == 0
    assert json.loads((root / "manifest.json").read_text())["num_images"] == 5
    assert len(create_dataset("folder", root, classes=CLASSES)) == 5
    assert main(words(tmp_path / "alone", 5, seed=2)) == 0
    assert contents(root) == contents(tmp_path / "alone")
