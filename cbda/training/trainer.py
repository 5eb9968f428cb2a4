"""One training loop for pretraining and finetuning.

A round continues where the previous one stopped: weights, optimizer, position in the schedule
and in the data order carry over, so that a chain of jobs equals one uninterrupted run.
"""

import resource
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from cbda.compute.seeds import Stream, derive_seed
from cbda.errors import UserError
from cbda.models.logits import resize_logits
from cbda.settings.training import LossSettings, OptimizerSettings, TrainingSettings
from cbda.training.loader import Batch
from cbda.training.losses import cross_entropy, local_consistency, negative_learning


@dataclass
class Trainer:
    """A model in training.

    Attributes:
        model: with an attribute `encoder`, whose learning rate is the plain one.
        settings: schedule, optimizer and losses.
        device: where to train.
        seed: of whatever is random inside the network.
        freeze_batch_norm: keep statistics and scales of the encoder's batch norm as they are.
        iteration: the next iteration.
    """

    model: nn.Module
    settings: TrainingSettings
    device: torch.device
    seed: int
    freeze_batch_norm: bool = False
    iteration: int = 0

    def __post_init__(self) -> None:
        self.model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.frozen = encoder_batch_norms(self.model) if self.freeze_batch_norm else []
        for layer in self.frozen:
            layer.requires_grad_(False)
        self.optimizer = create_optimizer(self.model, self.settings.optimizer)

    def state(self) -> dict[str, Any]:
        """Everything that the next job needs to go on as if there were no cut."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "iteration": self.iteration,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`, with the options of these settings.

        Raises:
            UserError: another optimizer has made it.
        """
        groups = self.optimizer.param_groups, state["optimizer"]["param_groups"]
        if len({"betas" in group for group, *_ in groups}) > 1:  # which only AdamW has
            raise UserError(
                f"training.optimizer.name {self.settings.optimizer.name!r}: the checkpoint was"
                " trained by the other one"
            )
        self.model.load_state_dict(state["model"])
        options = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({**state["optimizer"], "param_groups": options})
        self.iteration = state["iteration"]

    def run(
        self,
        batches: Iterable[Batch],
        num_iterations: int,
        after_iteration: Callable[["Trainer"], None] = lambda trainer: None,
    ) -> dict[str, float]:
        """Train on every batch.

        Args:
            batches: of the iterations to come.
            num_iterations: how many there are.
            after_iteration: called after each, and may stop the run by raising.

        Returns:
            Mean loss of the last tenth of the iterations, and seconds per iteration.

        Raises:
            UserError: the loss is not finite.
        """
        self.model.train()
        for layer in self.frozen:
            layer.eval()
        started_s = time.perf_counter()
        losses = []
        progress = tqdm(batches, total=num_iterations, mininterval=5, desc="train")
        for batch in progress:
            losses.append(self._step(batch))
            progress.set_postfix(loss=f"{losses[-1]:.3f}", refresh=False)
            after_iteration(self)
        elapsed_s = time.perf_counter() - started_s
        tail = losses[-max(len(losses) // 10, 1) :]
        return {
            "loss": sum(tail) / max(len(tail), 1),
            "seconds_per_iteration": elapsed_s / max(len(losses), 1),
        }

    def _step(self, batch: Batch) -> float:
        torch.manual_seed(derive_seed(self.seed, Stream.DROPOUT, self.iteration))
        set_learning_rate(self.optimizer, self.settings, self.iteration)
        self.optimizer.zero_grad(set_to_none=True)
        total = 0.0
        for loss in partial_losses(self.model, batch, self.settings, self.device):
            total += self._backpropagate(loss)
        self.optimizer.step()
        self.iteration += 1
        return total

    def _backpropagate(self, loss: Tensor) -> float:
        if not torch.isfinite(loss):
            raise UserError(f"loss is {loss.item()} at iteration {self.iteration}; lower the lr")
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.item())


def partial_losses(
    model: nn.Module, batch: Batch, settings: TrainingSettings, device: torch.device
) -> Iterator[Tensor]:
    """Losses of RIPU (arXiv 2111.12940), section 3.4, on one batch; their sum is minimised.

    Domains of one size go through the network as one batch, so that batch norm sees in training
    the mixture whose statistics it uses afterwards. Otherwise there are two parts, each to be
    backpropagated before the next is asked for, so that memory holds the graph of one domain.

    The network computes in `settings.precision`, the losses always in float32.
    """
    weights, precision = settings.loss, settings.precision
    source, target = batch.source_image, batch.target_image
    if target is None or batch.target_label is None:
        (logits,) = _forward(model, [source], device, precision)
        yield source_loss(logits, _label_to(device, batch.source_label), weights)
        return
    together = source.shape[-2:] == target.shape[-2:]
    groups = [[source, target]] if together else [[source], [target]]
    maps = (logits for group in groups for logits in _forward(model, group, device, precision))
    source_part = source_loss(next(maps), _label_to(device, batch.source_label), weights)
    if not together:
        yield source_part
    target_part = target_loss(next(maps), _label_to(device, batch.target_label), weights)
    yield source_part + target_part if together else target_part


def source_loss(logits: Tensor, label: Tensor, weights: LossSettings) -> Tensor:
    """Cross entropy and local consistency; logits (B,C,h,w), label (B,H,W)."""
    logits = resize_logits(logits.float(), label.shape[-2:])
    loss = cross_entropy(logits, label)
    if weights.consistency:
        loss = loss + weights.consistency * local_consistency(logits, label)
    return loss


def target_loss(logits: Tensor, label: Tensor, weights: LossSettings) -> Tensor:
    """Cross entropy on acquired pixels and negative learning; logits (B,C,h,w), label (B,H,W)."""
    logits = resize_logits(logits.float(), label.shape[-2:])
    loss = cross_entropy(logits, label)
    if weights.negative:
        loss = loss + weights.negative * negative_learning(logits, weights.negative_threshold)
    return loss


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Context in which a network computes in `precision`."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def _label_to(device: torch.device, label: Tensor) -> Tensor:
    """Label (B,H,W) as int64, which losses want; a byte a pixel is all that is moved."""
    return label.to(device, non_blocking=True).long()


def _forward(
    model: nn.Module, images: Sequence[Tensor], device: torch.device, precision: str
) -> Sequence[Tensor]:
    """Logits of batches of images, which go through the network as one."""
    stacked = torch.cat(list(images)).to(
        device, non_blocking=True, memory_format=torch.channels_last
    )
    with autocast(device, precision):
        logits = model(stacked)
    parts: Sequence[Tensor] = logits.split([len(batch) for batch in images])
    return parts


def encoder_batch_norms(model: nn.Module) -> list[nn.BatchNorm2d]:
    """The batch norm layers of `model.encoder`."""
    layers = model.get_submodule("encoder").modules()
    return [layer for layer in layers if isinstance(layer, nn.BatchNorm2d)]


def create_optimizer(model: nn.Module, settings: OptimizerSettings) -> torch.optim.Optimizer:
    """An optimizer of two groups: the encoder, and the rest at a higher rate."""
    encoder = list(model.get_submodule("encoder").parameters())
    known = {id(parameter) for parameter in encoder}
    head = [parameter for parameter in model.parameters() if id(parameter) not in known]
    groups = [
        {"params": encoder, "factor": 1.0},
        {"params": head, "factor": settings.head_lr_factor},
    ]
    if settings.name == "sgd":
        return torch.optim.SGD(
            groups, settings.lr, settings.momentum, weight_decay=settings.weight_decay
        )
    betas = (settings.momentum, 0.999)
    return torch.optim.AdamW(groups, settings.lr, betas, weight_decay=settings.weight_decay)


def measure_cost(
    seconds_per_iteration: float, settings: TrainingSettings, num_domains: int, device: torch.device
) -> dict[str, Any]:
    """What a training took: time, throughput and the highest use of memory of the process."""
    num_images = settings.batch_size * num_domains
    on_cuda = device.type == "cuda"
    host_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "device": torch.cuda.get_device_name(device) if on_cuda else "cpu",
        "seconds_per_iteration": seconds_per_iteration,
        "images_per_second": num_images / seconds_per_iteration,
        "peak_host_mib": host_kib / 1024,
        "peak_device_mib": torch.cuda.max_memory_allocated(device) / 2**20 if on_cuda else 0.0,
    }


def set_learning_rate(
    optimizer: torch.optim.Optimizer, settings: TrainingSettings, iteration: int
) -> None:
    """Poly schedule: lr * (1 - iteration / total)^power."""
    total = settings.optimizer.poly_iterations or settings.total_iterations
    remaining = 1 - iteration / total
    rate = settings.optimizer.lr * max(remaining, 0.0) ** settings.optimizer.poly_power
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]
