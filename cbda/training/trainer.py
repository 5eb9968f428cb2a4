"""One training loop for pretraining and finetuning.

A round continues where the previous one stopped: weights, optimizer, position in the schedule
and in the data order carry over, so that a chain of jobs equals one uninterrupted run.
"""

import resource
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from math import isfinite
from operator import add
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.optim import SGD, AdamW
from tqdm import tqdm

from cbda.compute.seeds import Stream, derive_seed
from cbda.datasets.ids import VOID
from cbda.errors import UserError
from cbda.models.encoders import freeze_batch_norm
from cbda.models.inputs import Inputs, input_size, join_inputs, num_images
from cbda.models.logits import at_least_float32, resize_logits
from cbda.models.void import void_class_of
from cbda.settings.training import OptimizerSettings, TrainingSettings
from cbda.training.loader import Batch
from cbda.training.losses import cross_entropy, local_consistency, negative_learning
from cbda.training.optimizers import without_compiler
from cbda.training.sparse import is_sparse, sparse_cross_entropy

Terms = dict[str, Tensor]  # of the loss, by name, times their weights
Domain = tuple[Inputs, Tensor, Callable[[Tensor, Tensor, TrainingSettings], Terms]]
ONE_VALUE = "more than 1 value per channel"  # torch's words


@dataclass
class Trainer:
    """A model in training."""

    model: nn.Module  # with an attribute `encoder`, whose learning rate is the plain one
    settings: TrainingSettings
    device: torch.device
    seed: int  # of whatever is random inside the network
    freeze_batch_norm: bool = False  # keep the encoder's statistics and scales as they are
    class_weights: Tensor | None = None  # (C,) of the cross entropy on acquired pixels
    iteration: int = 0  # the next one
    terms: dict[str, float] = field(default_factory=dict, init=False)  # of the loss, the last ones

    def __post_init__(self) -> None:
        self.model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self.class_weights is not None:
            has_void = void_class_of(self.model) is not None  # of which the target has no label
            self.class_weights = pad(self.class_weights, (0, int(has_void))).to(self.device)
        self.frozen = freeze_batch_norm(self.model) if self.freeze_batch_norm else []
        self.optimizer = create_optimizer(self.model, self.settings.optimizer)

    def state(self) -> dict[str, Any]:
        """Everything that the next job needs to go on as if there were no cut."""
        parts = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        return {**parts, "iteration": self.iteration}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`, with these settings; it must be of the same optimizer."""
        groups = self.optimizer.param_groups, state["optimizer"]["param_groups"]
        if len({"betas" in group for group, *_ in groups}) > 1:  # which only AdamW has
            option = f"training.optimizer.name {self.settings.optimizer.name!r}"
            raise UserError(f"{option}: the checkpoint was trained by the other one")
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
        """Train on every batch; what is called after each may stop the run by raising.

        Returns the mean loss of the last tenth of the iterations, and seconds per iteration. A
        loss that is not finite is a `UserError`.
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
        self.terms = {}
        facts = self.settings, self.device, self.class_weights
        for terms in loss_terms(self.model, batch, *facts):
            values = torch.stack(list(terms.values())).tolist()  # waits for a GPU once
            if not isfinite(sum(values)):
                loss = f"loss is {sum(values)} at iteration {self.iteration}"
                raise UserError(f"{loss}; lower the lr")
            reduce(add, terms.values()).backward()  # type: ignore[no-untyped-call]
            self.terms |= dict(zip(terms, values, strict=True))
        self.optimizer.step()
        self.iteration += 1
        return sum(self.terms.values())

    def gradient_norm(self) -> float:
        """L2 norm of the last gradient of all that is trained."""
        groups = self.optimizer.param_groups
        gradients = [p.grad for group in groups for p in group["params"] if p.grad is not None]
        return float(torch.stack([gradient.norm() for gradient in gradients]).norm())


def loss_terms(
    model: nn.Module,
    batch: Batch,
    settings: TrainingSettings,
    device: torch.device,
    class_weights: Tensor | None = None,
) -> Iterator[Terms]:
    """Losses of RIPU (arXiv 2111.12940), section 3.4, on one batch; their sum is minimised.

    Domains of one size go through the network as one batch, so that batch norm sees in training
    the mixture whose statistics it uses afterwards. Otherwise there are two parts, each to be
    backpropagated before the next is asked for, so that memory holds the graph of one domain.

    The network computes in `settings.precision`, the losses in float32 at least. Weights of classes
    (C,), if given, are for the cross entropy on the target.
    """
    domains: list[Domain] = [(batch.source_image, batch.source_label, source_terms)]
    if batch.target_image is not None and batch.target_label is not None:
        measure_target = partial(target_terms, class_weights=class_weights)
        domains.append((batch.target_image, batch.target_label, measure_target))
    void = void_class_of(model)
    together = len({input_size(inputs) for inputs, _, _ in domains}) == 1
    for group in [domains] if together else [[domain] for domain in domains]:
        maps = _forward(model, [inputs for inputs, _, _ in group], device, settings.precision)
        terms: Terms = {}
        for logits, (_, label, measure) in zip(maps, group, strict=True):
            label = label.to(device, non_blocking=True).long()  # a byte a pixel is all that moves
            if void and measure is source_terms:
                label = label.masked_fill(label == VOID, void.id)
            terms |= measure(at_least_float32(logits), label, settings)
        yield terms


def source_terms(logits: Tensor, label: Tensor, settings: TrainingSettings) -> Terms:
    """Cross entropy and local consistency; logits (B,C,h,w), label (B,H,W)."""
    weights = settings.loss
    logits = resize_logits(logits, label.shape[-2:], settings.align_corners)
    terms = {"source": cross_entropy(logits, label)}
    if weights.consistency:
        distance = local_consistency(logits, label, weights.boundary)
        terms["consistency"] = weights.consistency * distance
    return terms


def target_terms(
    logits: Tensor,
    label: Tensor,
    settings: TrainingSettings,
    class_weights: Tensor | None = None,
) -> Terms:
    """Cross entropy on acquired pixels and negative learning; logits (B,C,h,w), label (B,H,W)."""
    weights, aligned, terms = settings.loss, settings.align_corners, {}
    sparse = is_sparse(label)
    if sparse:
        terms["target"] = sparse_cross_entropy(logits, label, aligned, class_weights)
    if not sparse or weights.negative:
        logits = resize_logits(logits, label.shape[-2:], aligned)
    if not sparse:
        terms["target"] = cross_entropy(logits, label, class_weights)
    if weights.negative:
        penalty = negative_learning(logits, weights.negative_threshold)
        terms["negative"] = weights.negative * penalty
    return terms


def _forward(
    model: nn.Module, batches: Sequence[Inputs], device: torch.device, precision: str
) -> Sequence[Tensor]:
    """Logits of batches of images or features, which go through the network as one."""
    inputs, sizes = join_inputs(batches, device), [num_images(batch) for batch in batches]
    try:
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            parts: Sequence[Tensor] = model(inputs).split(sizes)
    except ValueError as error:
        if ONE_VALUE not in str(error):
            raise
        height, width = input_size(inputs)
        raise UserError(
            f"training.batch_size: {sum(sizes)} image of {height} x {width} px"
            " leaves a batch norm of the network one value per channel; allowed: 2 or more"
        ) from error
    return parts


def create_optimizer(model: nn.Module, settings: OptimizerSettings) -> torch.optim.Optimizer:
    """An optimizer of two groups: the encoder, and the rest at a higher rate."""
    encoder = list(model.get_submodule("encoder").parameters())
    head = [tensor for name, tensor in model.named_parameters() if not name.startswith("encoder.")]
    factors = ((encoder, 1.0), (head, settings.head_lr_factor))
    groups = [{"params": parameters, "factor": factor} for parameters, factor in factors]
    lr, momentum, weight_decay = settings.lr, settings.momentum, settings.weight_decay
    if settings.name == "sgd":
        return without_compiler(SGD)(groups, lr, momentum, weight_decay=weight_decay)
    return without_compiler(AdamW)(groups, lr, (momentum, 0.999), weight_decay=weight_decay)


def measure_cost(
    seconds_per_iteration: float, settings: TrainingSettings, num_domains: int, device: torch.device
) -> dict[str, Any]:
    """What a training took: time, throughput and the highest use of memory of the process."""
    on_cuda = device.type == "cuda"
    host_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "device": torch.cuda.get_device_name(device) if on_cuda else "cpu",
        "seconds_per_iteration": seconds_per_iteration,
        "images_per_second": settings.batch_size * num_domains / seconds_per_iteration,
        "peak_host_mib": host_kib / 1024,
        "peak_device_mib": torch.cuda.max_memory_allocated(device) / 2**20 if on_cuda else 0.0,
    }


def set_learning_rate(
    optimizer: torch.optim.Optimizer, settings: TrainingSettings, iteration: int
) -> None:
    """Poly schedule: lr * (1 - iteration / total)^power."""
    options = settings.optimizer
    remaining = 1 - iteration / (options.poly_iterations or settings.total_iterations)
    rate = options.lr * max(remaining, 0.0) ** options.poly_power
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]
