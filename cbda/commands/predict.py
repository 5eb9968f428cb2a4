"""Predict the classes of images: masks with a palette, and overlays.

OUT/masks has a PNG of class ids per image, OUT/overlays the image with the classes laid over it,
OUT/labelmap.txt the colours. Images in folders below the given one are taken too, and have masks in
folders of the same names. What is in OUT and was not made by this command, or was edited since,
stays: it is named, and nothing is predicted. Masks of images that are gone stay and are named too,
and so are maps that are not asked for any more. OUT/labelmap.txt is written last, and removed
before the first mask is replaced. The network sees each image at the size at which it was trained,
or, of images in which things are much smaller than in those, one tile after the other.
"""

import argparse
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.commands.options import add_folder_option, add_network_option
from cbda.errors import UserError, counted
from cbda.settings.compute import ComputeSettings
from cbda.settings.options import add_options, from_options
from cbda.settings.prediction import PredictSettings, predicted_file

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--checkpoint", type=Path, required=True, help="model to predict with")
    add_network_option(parser)
    weights = "of a frozen encoder: a file that the checkpoint, which names no folder, can't name"
    parser.add_argument("--model-encoder-weights", default="", help=weights)
    add_options(parser, "", PredictSettings, required=("images",))
    add_options(parser, "", ComputeSettings)
    add_folder_option(parser, "folder", "out_masks")


def run(args: argparse.Namespace) -> None:
    """Load, predict, save."""
    import numpy as np
    from tqdm import tqdm

    from cbda.annotation.labelmap import NAME, format_labelmap, own_colours
    from cbda.compute.devices import prepare_device
    from cbda.compute.parallel import ordered_map
    from cbda.datasets.digest import content_digest, files_digest
    from cbda.datasets.listing import name_some
    from cbda.datasets.tree import open_tree
    from cbda.files.json_files import write_text
    from cbda.files.masks import find_left_over, save_mask, save_overlay
    from cbda.files.records import note_input
    from cbda.models.checkpoints import load_model
    from cbda.models.parts import predict_parts
    from cbda.models.reencoding import open_encoder

    settings = from_options(args, "", PredictSettings)
    images, passed_over = open_tree(Path(settings.images))
    _require_place(args.out_masks, images.root)
    _prepare(args.out_masks, images.image_ids, settings)
    if passed_over:
        print(passed_over)
    device = prepare_device(args.device, args.threads, args.deterministic)
    checkpoint, model = load_model(args.checkpoint, args.network)
    weights = args.model_encoder_weights
    encoder = open_encoder(checkpoint, args.checkpoint, weights, device)
    paths = list(images.paths.values())
    contents = dict(zip(paths, ordered_map(content_digest, paths, args.threads), strict=True))
    note_input("images", files_digest(images.root, paths, contents))
    tile = (settings.tile[0], settings.tile[1]) if settings.tile else None
    colours = own_colours(checkpoint.classes)
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(checkpoint.classes)] = [colours[name] for name in checkpoint.classes]
    read = ordered_map(images.read_image, images.image_ids, args.threads)  # ahead of the network
    pairs = zip(images.image_ids, read, strict=True)
    for image_id, pixels in tqdm(pairs, total=len(images), mininterval=5, desc="predict"):
        maps = _Maps(pixels.shape[:2], len(checkpoint.classes), settings.probabilities)
        seen = model, pixels, checkpoint.resizing, device, tile, encoder
        for area, logits in predict_parts(*seen):
            maps.fill(area, logits)
        folder = args.out_masks
        Path(os.path.realpath(folder / NAME)).unlink(missing_ok=True)  # until all are replaced
        save_mask(folder / predicted_file("masks", image_id), maps.prediction, palette)
        overlay = folder / predicted_file("overlays", image_id)
        save_overlay(overlay, pixels, maps.prediction, palette)
        maps.save(folder, image_id, settings.uncertainty)
    write_text(args.out_masks / NAME, format_labelmap(colours))
    print(f"{args.out_masks}: masks of {counted(len(images), 'images')}")
    left_over = find_left_over(args.out_masks, images.image_ids, settings.predicted())
    if left_over:
        what = f"of an earlier run, of what is not in {images.root} or not asked for, stay"
        print(f"{counted(len(left_over), 'files')} {what}: {name_some(list(map(str, left_over)))}")


def _require_place(folder: Path, images: Path) -> None:
    """Raise a `UserError` if masks would lie among the images, and be images the next time.

    Or if they would lie among results of another command.
    """
    from cbda.files.records import FOLDER, load_record

    real = images.resolve()
    if real in (folder.resolve(), *folder.resolve().parents):
        raise UserError(f"--out {folder}: lies in the folder of the images; give one outside of it")
    for place in sorted((folder / FOLDER).glob("*.json")):
        record = load_record(place)
        if record and record.command != "predict":
            result = f"{record.name}, a result of cbda {record.command}"
            raise UserError(f"--out {folder}: holds {result}; give a folder of its own")


def _prepare(folder: Path, image_ids: Iterable[str], settings: PredictSettings) -> None:
    """Say what was made and is lost; a `UserError` if anything would replace what is none of it."""
    from cbda.annotation.labelmap import NAME
    from cbda.datasets.listing import name_some
    from cbda.files.records import record_path
    from cbda.files.replacing import require_replaceable

    lost = []
    made = [predicted_file(what, name) for name in image_ids for what in settings.predicted()]
    for path in (folder / name for name in (NAME, *made)):
        require_replaceable(path)
        if not path.exists() and record_path(path).exists():
            lost.append(str(path))
    if lost:
        what = f"{counted(len(lost), 'files')} of an earlier run lost, and made anew"
        print(f"{what}: {name_some(lost)}")


class _Maps:
    """What is predicted of one image, filled part by part."""

    def __init__(self, size: tuple[int, ...], num_classes: int, has_probabilities: bool) -> None:
        import numpy as np

        self.prediction = np.empty(size, np.uint8)
        self.uncertainty = np.empty(size, np.uint8)
        self.probabilities: NDArray[np.float16] | None = None
        if has_probabilities:
            self.probabilities = np.empty((num_classes, *size), np.float16)

    def fill(self, area: tuple[slice, slice], logits: "torch.Tensor") -> None:
        """Take the logits (C,rows,columns) of an area."""
        import math

        from cbda.acquisition.maps import entropy_and_prediction
        from cbda.models.logits import require_finite

        require_finite(logits)
        entropy, prediction = entropy_and_prediction(logits)
        share = (entropy / math.log(max(len(logits), 2))).clamp(0, 1)
        self.prediction[area] = prediction.cpu().numpy()
        self.uncertainty[area] = (255 * share).round().byte().cpu().numpy()
        if self.probabilities is not None:
            self.probabilities[:, *area] = logits.softmax(dim=0).half().cpu().numpy()

    def save(self, folder: Path, image_id: str, has_uncertainty: bool) -> None:
        """Write what is written only if it was asked for."""
        import numpy as np
        from PIL import Image

        from cbda.files.atomic import complete_file
        from cbda.files.masks import save_image

        if has_uncertainty:
            picture = Image.fromarray(self.uncertainty)
            save_image(folder / predicted_file("uncertainty", image_id), picture)
        if self.probabilities is not None:
            path = folder / predicted_file("probabilities", image_id)
            with (
                complete_file(path, self.probabilities.nbytes) as temporary,
                temporary.open("wb") as file,
            ):
                np.save(file, self.probabilities)
