"""One iteration of a DeepLab with few labelled pixels: time of one core, and peak of memory.

python -m benchmarks.iteration deeplabv3plus resnet18 sparse
"""

import resource
import sys
import time

import torch

from cbda.models.build import create_model
from cbda.settings.model import ModelSettings
from cbda.settings.training import LossSettings, TrainingSettings
from cbda.training import sparse
from cbda.training.loader import Batch
from cbda.training.trainer import Trainer

NUM_CLASSES, LABELLED, VOID = 19, 0.01, 255
SOURCE, TARGET, TARGET_LABEL = (720, 1280), (640, 1280), (1024, 2048)


def random_batch() -> Batch:
    """Two images of each domain; 1 % of the target's pixels have a label, at its own resolution."""
    torch.manual_seed(0)
    images = [torch.rand(2, 3, *size) for size in (SOURCE, TARGET)]
    source = torch.randint(0, NUM_CLASSES, (2, *SOURCE), dtype=torch.uint8)
    target = torch.randint(0, NUM_CLASSES, (2, *TARGET_LABEL), dtype=torch.uint8)
    target[torch.rand(target.shape) > LABELLED] = VOID
    return Batch(images[0], source, images[1], target)


def main() -> None:
    """Train one iteration after another that isn't counted."""
    architecture, encoder, how = sys.argv[1:]
    if how == "dense":
        sparse.MOST_LABELLED = 0.0
    torch.set_num_threads(1)
    model = create_model(ModelSettings(architecture=architecture, encoder=encoder), NUM_CLASSES)
    losses = LossSettings(consistency=0.0, negative=0.0)
    settings = TrainingSettings(batch_size=2, image_size=TARGET, source_size=SOURCE, loss=losses)
    trainer = Trainer(model, settings, torch.device("cpu"), seed=0)
    batch = random_batch()
    trainer.run([batch], 1)
    started = time.process_time()
    trainer.run([batch], 1)
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds = time.process_time() - started
    print(f"{architecture} {encoder} {how}: {seconds:.1f} s, {peak_gib:.2f} GiB")


if __name__ == "__main__":
    main()
