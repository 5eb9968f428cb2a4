"""What every command does that reads a data set."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbda.errors import UserError
from cbda.settings.datasets import DatasetSettings
from cbda.settings.options import add_options, from_options
from cbda.settings.user_code import without_folder

if TYPE_CHECKING:
    from cbda.datasets.dataset import Dataset
    from cbda.datasets.images import Images
    from cbda.files.features import FeatureFile


def add_dataset_options(parser: argparse.ArgumentParser, name: str, required: bool = True) -> None:
    """Options `--<name>-kind`, `--<name>-root`, `--<name>-split` and `--<name>-report`."""
    add_options(parser, name, DatasetSettings, ("root",) if required else ())
    what = "report of `cbda data check` on it, by which its content is known, optional"
    parser.add_argument(f"--{name}-report", type=Path, help=what)


def open_dataset(args: argparse.Namespace, name: str, classes: list[str] | None) -> "Dataset":
    """The dataset of the options `--<name>-...`; `UserError` if the report is of another one."""
    from cbda.datasets.catalogue import create_dataset
    from cbda.datasets.generated import set_digest
    from cbda.files.records import note_data

    place = from_options(args, name, DatasetSettings)
    names, ids = None if classes is None else tuple(classes), (place.label_ids, place.void_ids)
    dataset = create_dataset(place.kind, Path(place.root), place.split, names, ids).thinned(
        place.every
    )
    _require_number(args, name, len(dataset))
    note_data(name, set_digest(dataset.root, dataset.paths))
    _note_content(args, name)
    return dataset


def open_pool(args: argparse.Namespace, name: str) -> "Images":
    """The images of the dataset of the options `--<name>-...`, of which no label is looked at."""
    from cbda.datasets.generated import set_digest
    from cbda.datasets.images import open_images
    from cbda.files.records import note_data

    place = from_options(args, name, DatasetSettings)
    images = open_images(place.kind, place.root, place.split).thinned(place.every)
    _require_number(args, name, len(images))
    note_data(name, set_digest(images.root, images.paths.values()))
    _note_content(args, name)
    return images


def _note_content(args: argparse.Namespace, name: str) -> None:
    """Have the digest of all bytes of a data set recorded, if the report of its check is given."""
    from cbda.files.records import note_input

    if digest := read_report(args, name).get("digest"):
        note_input(f"{name}_content", str(digest))


def require_labelled_pool(args: argparse.Namespace, pool: "Dataset") -> None:
    """Raise a `UserError` if `--labels` were acquired of other pictures than those of a pool.

    That is known by their records, of pools of one kind.
    """
    from cbda.datasets.generated import set_digest
    from cbda.files.records import file_sha256, read_record

    record = read_record(args.labels)
    if record is None or record.configuration.get("oracle_kind") != without_folder(pool.kind):
        return
    is_asked = record.command == "ask"  # of which images alone are recorded
    paths = pool.image_paths if is_asked else pool.paths
    now = {"data": set_digest(pool.root, paths)}
    if args.target_report is not None:
        now |= {"content": str(read_report(args, "target").get("digest"))}
        now |= {"report": file_sha256(args.target_report)}
    then = {"data": record.data.get("oracle"), "report": record.inputs.get("oracle_report")}
    then |= {"content": record.inputs.get("oracle_content")}
    known = {name for name in now if then[name]}
    compared = known & {"content"} or known  # those of before had none
    if compared and all(now[name] != then[name] for name in compared):
        advice = "give the pool that they were acquired of"
        raise UserError(f"{args.labels}: is of other images or labels than {pool.root}: {advice}")


def _require_number(args: argparse.Namespace, name: str, number: int) -> None:
    counted = read_report(args, name).get("num_images", number)
    if counted != number:
        report, root = (getattr(args, f"{name}_{key}") for key in ("report", "root"))
        raise UserError(f"{report}: tells of {counted} images, but {root} has {number} now")


def read_report(args: argparse.Namespace, name: str) -> dict[str, Any]:
    """What the check of a dataset reported; empty if no report is given."""
    from cbda.files.json_files import read_json

    path = getattr(args, f"{name}_report")
    report = {} if path is None else read_json(path)
    if not isinstance(report, dict):
        raise UserError(f"{path}: not a report of `cbda data check`")
    return report


def content_of(args: argparse.Namespace, name: str) -> dict[str, Any]:
    """What a dataset is, wherever it is: kind, split, ids, and the digest of its check's report."""
    kind, split = getattr(args, f"{name}_kind"), getattr(args, f"{name}_split")
    digest = str(read_report(args, name).get("digest", ""))
    ids = {key: list(getattr(args, f"{name}_{key}")) for key in ("label_ids", "void_ids")}
    given = {key: listed for key, listed in ids.items() if listed}
    return {"kind": without_folder(kind), "split": split, "digest": digest, **given}


def add_feature_option(parser: argparse.ArgumentParser, name: str) -> None:
    """Option `--<name>-features`."""
    what = f"features.h5 of the {name}, in place of its images"
    parser.add_argument(f"--{name}-features", type=Path, metavar="FILE", help=what)


def open_features(args: argparse.Namespace, name: str, dataset: "Dataset") -> "FeatureFile | None":
    """The file of `--<name>-features`, if it is given; a `UserError` if it is of other images."""
    from cbda.datasets.agreement import require_same_pool
    from cbda.files.encoded_images import require_same_images
    from cbda.files.features import FeatureFile

    path = getattr(args, f"{name}_features")
    if path is None:
        return None
    features = FeatureFile.open(path)
    require_same_pool(path, features.image_ids, dataset.root, dataset.image_ids)
    require_same_images(features, dataset.image_paths)
    return features
