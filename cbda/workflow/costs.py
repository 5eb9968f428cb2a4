"""What an experiment will cost: jobs, iterations, images, disk and time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SCORE_BYTES_PER_PX = 5  # a float32 score and a uint8 prediction
FEATURE_BYTES_PER_CELL = 64 * 2  # beside scores, of which 64 channels of float16 are kept at most
MAX_CELLS, PX_PER_CELL = 1 << 15, 4  # of an image at most
LABEL_BYTES_PER_PX = 1 / 80  # what gzip leaves of maps without a label
LABEL_BYTES_PER_ACQUIRED_PX = 2  # class and round; gzip does better from some percent on
FORWARD_SHARE = 1 / 3  # of an iteration; the backward pass takes about twice as long


@dataclass(frozen=True)
class Experiment:
    """The size of an experiment."""

    num_seeds: int
    num_methods: int
    budgets: tuple[float, ...]  # fractions of the pool that a run acquires
    rounds: int
    references: tuple[str, ...]
    pretrain_iterations: int  # before the first round
    total_iterations: int  # of a whole run
    num_pool: int  # images of the pool
    height: int  # of its images in px
    width: int
    num_val: int  # images of the validation set; 0 if nothing is evaluated
    checkpoint_bytes: int
    num_concurrent: int = 1  # jobs at a time that may hold a score file
    feature_bytes: tuple[int, ...] = ()  # of each set, if the encoder is frozen
    num_encoded: int = 0  # images of these sets
    balanced: bool = False  # whether the classes of the source are counted
    num_views: int = 1  # of an image of the validation set, 2 with the mirrored one
    evaluated_rounds: str = "last"  # of `ROUNDS`
    retrain: bool = False  # whether a model is trained anew on the last labels of every run
    keeps_features: bool = False  # whether a method chooses by them
    replay: bool = False  # whether that is all, as the labels are another experiment's

    @property
    def num_runs(self) -> int:
        """Chains of rounds: seeds x methods x budgets."""
        return self.num_seeds * self.num_methods * len(self.budgets)

    @property
    def num_evaluations(self) -> int:
        """Of references, of runs, of their rounds before the last, and of models trained anew."""
        last, followed = self.num_runs, {"last": 0, "largest_budget": 1, "all": len(self.budgets)}
        if self.replay:
            return last + self.num_seeds * len(self.references)
        earlier = followed[self.evaluated_rounds] * self.num_seeds * self.num_methods
        of_rounds = earlier * (self.rounds - 1)
        anew = self.num_runs if self.retrain else 0
        return last + self.num_seeds * len(self.references) + of_rounds + anew

    @property
    def pool_px(self) -> int:
        """Pixels of the pool."""
        return self.num_pool * self.height * self.width


@dataclass(frozen=True)
class Phase:
    """What the jobs of one rule add up to."""

    jobs: int
    iterations: int = 0
    images: int = 0  # that the network sees outside training


def count_phases(experiment: Experiment) -> dict[str, Phase]:
    """Jobs by rule, of a run that starts with nothing but the data."""
    seeds, runs = experiment.num_seeds, experiment.num_runs
    num_rounds = 0 if experiment.replay else runs * experiment.rounds
    total, pretrain = experiment.total_iterations, experiment.pretrain_iterations
    is_evaluated = experiment.num_val > 0
    num_evaluated = experiment.num_evaluations * is_evaluated
    num_seen = experiment.num_val * experiment.num_views
    phases = {
        "data_check": Phase(2 + is_evaluated),
        "data_count": Phase(int(experiment.balanced)),
        "encode": Phase(len(experiment.feature_bytes), images=experiment.num_encoded),
        "pretrain": Phase(seeds, seeds * pretrain),
        "source_only": Phase(seeds, seeds * total),
        "full": Phase(seeds, seeds * (total - pretrain)),
        "score": Phase(num_rounds, images=num_rounds * experiment.num_pool),
        "acquire": Phase(num_rounds),
        "finetune": Phase(num_rounds, runs * (total - pretrain)),
        "retrain": Phase(runs, runs * (total - pretrain)),
        "evaluate": Phase(num_evaluated, images=num_evaluated * num_seen),
        "runs": Phase(int(is_evaluated)),
        "tabulate": Phase(int(is_evaluated)),
        "analyse": Phase(int(is_evaluated)),
    }
    left_out = {"source_only", "full"} - set(experiment.references)
    left_out |= set() if experiment.retrain or experiment.replay else {"retrain"}
    return {name: p for name, p in phases.items() if p.jobs and name not in left_out}


def score_bytes(experiment: Experiment) -> int:
    """Size of one score file, of the largest ones if a method chooses by features, from above."""
    num_cells = min(experiment.height * experiment.width // PX_PER_CELL, MAX_CELLS)
    features = experiment.num_pool * num_cells * FEATURE_BYTES_PER_CELL
    return SCORE_BYTES_PER_PX * experiment.pool_px + features * experiment.keeps_features


def kept_bytes(experiment: Experiment) -> int:
    """Features, checkpoints and label files of all rounds."""
    num_others = experiment.num_seeds * (1 + len(experiment.references))
    of_a_run = 1 if experiment.replay else experiment.rounds + experiment.retrain
    num_checkpoints = experiment.num_runs * of_a_run + num_others
    rounds, labels = experiment.rounds, 0.0  # of one chain at each budget, from above
    for budget in experiment.budgets:
        acquired = sum(budget * number / rounds for number in range(1, rounds + 1))
        maps = rounds * LABEL_BYTES_PER_PX + LABEL_BYTES_PER_ACQUIRED_PX * acquired
        labels += maps * experiment.pool_px
    num_chains = 0 if experiment.replay else experiment.num_seeds * experiment.num_methods
    checkpoints = num_checkpoints * experiment.checkpoint_bytes
    return sum(experiment.feature_bytes) + checkpoints + num_chains * round(labels)


def peak_bytes(experiment: Experiment) -> int:
    """All that is kept, and the score files of the jobs at work."""
    return kept_bytes(experiment) + experiment.num_concurrent * score_bytes(experiment)


def compute_seconds(phase: Phase, seconds_per_iteration: float, batch_size: int) -> float:
    """Time on one device; an image outside training takes the forward part of an iteration."""
    per_image = seconds_per_iteration * FORWARD_SHARE / (2 * batch_size)
    return phase.iterations * seconds_per_iteration + phase.images * per_image


def query_lines(planned: Iterable[Mapping[str, Any]]) -> list[str]:
    """How many queries there will be, a line for every method and budget of a plan."""
    lines = []
    for item in planned:
        in_all, in_round = item["in_all"], item["in_round"]
        line = f"{item['method']} at {item['budget']:g}: {in_all:,} queries, {in_round:,} a round"
        in_first = item.get("in_first", in_round)  # plans of before lack it
        lines.append(line if in_first == in_round else f"{line}, {in_first:,} in the first")
    return lines
