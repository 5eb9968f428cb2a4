"""What a run goes on from is looked at before any job."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from cbda.errors import UserError
from cbda.files.answers import AnswerFile
from cbda.files.labels import LabelFile
from cbda.files.queries import save_queries, with_images
from cbda.files.records import file_sha256
from cbda.workflow.earlier import require_continued
from tests.asked import CHANGE
from tests.datasets.layouts import save
from tests.experiments import job
from tests.pools import summarise
from tests.projects import create_jobs
from tests.queries import CLASSES, answer_to, make_queries

POOL = {"target": {"kind": "images", "root": "pool/images"}}
REPLAYED = "finished/seed0/cbda/budget0.05/round2/labels.h5"


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """A pool of two images by id, in the folder in which the run starts."""
    monkeypatch.chdir(tmp_path)
    for value, name in enumerate("ab"):
        save(Path(f"pool/images/{name}.png"), np.full((6, 12, 3), value, np.uint8))
    return {name: Path(f"pool/images/{name}.png") for name in "ab"}


def exchange(path: Path) -> None:
    save(path, np.full((6, 12, 3), 99, np.uint8))


@pytest.mark.parametrize("kept", ["answers/round1.h5", "answers/answers.jsonl"])
def test_image_that_people_did_not_see_is_named(pool: dict[str, Path], kept: str) -> None:
    jobs = create_jobs({**yaml.safe_load(CHANGE), "datasets": {**POOL, "val": {"root": ""}}})
    queries = with_images(make_queries([(0, 2, 3), (1, 3, 3)]), pool)
    save_queries(Path("answers/round1.h5"), queries)
    AnswerFile(Path("answers/answers.jsonl")).append(queries, [answer_to(queries, 1, 2)])
    require_continued(jobs)
    for other in {"answers/round1.h5", "answers/answers.jsonl"} - {kept}:
        Path(other).unlink()
    exchange(pool["b"])
    with pytest.raises(
        UserError, match=rf"^{kept}: .* another image than pool/images/b\.png is now: re"
    ):
        require_continued(jobs)
    pool["b"].unlink()  # of which the job tells
    require_continued(jobs)


def test_answers_that_contradict_an_earlier_round_are_named(pool: dict[str, Path]) -> None:
    jobs = create_jobs({**yaml.safe_load(CHANGE), "datasets": {**POOL, "val": {"root": ""}}})
    queries = make_queries([(0, 2, 3)])
    save_queries(Path("answers/round1.h5"), queries)
    path = Path("answers/answers.jsonl")
    AnswerFile(path).append(queries, [answer_to(queries, 0, 2)])
    path.write_text(path.read_text().replace('["road", "car"', '["car", "road"'))
    with pytest.raises(UserError, match=r"answers\.jsonl: says of queries that classes is"):
        require_continued(jobs)


def test_queries_that_another_method_chose_are_named(pool: dict[str, Path]) -> None:
    places = {"datasets": {**POOL, "val": {"root": ""}}}
    change = {**yaml.safe_load(CHANGE), **places}
    queries = make_queries([(0, 2, 3)], round=2, method="ripu/region/dynamic/none")
    save_queries(Path("answers/round2.h5"), queries)
    require_continued(create_jobs(change))
    change["experiment"]["methods"] = ["random"]
    change["tabulate"] = {"baseline": "random"}
    with pytest.raises(
        UserError, match=r"^answers/round2\.h5: method of the queries is ripu/.+ has random/region/"
    ):
        require_continued(create_jobs(change))


def acquire(pool: dict[str, Path], classes: list[str]) -> None:
    """Labels of a run that was finished elsewhere."""
    with job("acquire", classes=classes):
        digests = tuple(map(file_sha256, pool.values()))
        path = Path(REPLAYED)
        path.parent.mkdir(parents=True)
        with LabelFile.create(path, list(pool), 6, 12, image_sha256=digests) as file:
            for index in range(2):
                file.write(index, file.pack(*np.full((2, 6, 12), 255, np.uint8)))
            file.write_queries(0, [np.zeros((0, 4), np.int32)])
            file.finish(summarise(np.ones((2, len(CLASSES)), np.int64)))


def replaying(**change: Any) -> Any:
    experiment = {"methods": ["cbda"], "references": [], "seeds": [0], "replay": "finished"}
    facts = {"classes": list(CLASSES), "data_make": {"sets": {}}, "tabulate": {"baseline": "cbda"}}
    sets = {name: {"kind": "folder", "root": name} for name in ("source", "val")}
    target = {"target": {"kind": "folder", "root": "pool"}}
    return create_jobs(
        {"experiment": experiment, **facts, "datasets": {**sets, **target}, **change}
    )


def lose(pool: dict[str, Path]) -> None:
    Path(REPLAYED).rename(Path(REPLAYED).parents[1] / "labels.h5")


BROKEN: dict[str, tuple[Callable[[dict[str, Path]], None], str]] = {
    "no labels": (lose, "finished lacks labels of 1 of 1 runs, such as .*; its labels are none"),
    "an image": (lambda pool: exchange(pool["a"]), "labels.h5: is of another image than .*a.png"),
    "another image": (lambda pool: exchange(Path("pool/images/c.png")), "has 2 images, pool has 3"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_replay_of_other_labels_is_refused(pool: dict[str, Path], case: str) -> None:
    change, message = BROKEN[case]
    acquire(pool, list(CLASSES))
    require_continued(replaying())
    change(pool)
    with pytest.raises(UserError, match=message):
        require_continued(replaying())


def test_replay_under_other_classes_is_refused(pool: dict[str, Path]) -> None:
    acquire(pool, list(CLASSES))
    with pytest.raises(UserError, match="is of classes road, car, tree; this run has tree, car, "):
        require_continued(replaying(classes=list(CLASSES)[::-1]))
