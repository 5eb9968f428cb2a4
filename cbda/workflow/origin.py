"""What the record of a result says of its job, and whether what a job is given fits together."""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import Any

from cbda.acquisition.external import source_path
from cbda.acquisition.methods import is_external
from cbda.errors import UserError
from cbda.files.records import Origin, Record, file_sha256, find_problem, read_record
from cbda.settings.user_code import is_place, source_file, without_folder
from cbda.workflow.circumstances import describe_circumstances
from cbda.workflow.fingerprint import file_fingerprint, fingerprint, part_fingerprint
from cbda.workflow.identity import NEUTRAL

# Options beside `--out...` that name results.
RESULTS = ("metrics", "history")
# Options that name files and folders of the user's, which commands write but never record.
OWN = ("queries", "answers", "out_folder", "folder")
# Options that hold paths or follow from others, or that decide where and how fast, but not what.
UNRECORDED = (
    *NEUTRAL,
    *(
        "threads",
        "num_workers",
        "device",
        "runs",
        "results",
        "replay",
        "benchmarks",
        "config",
        "folders",
    ),
    *("gallery", "diagnosis", "run_words", "network", "images"),  # words among which are paths
)
# Options whose text may be a path.
NAMED_FILES = ("model_encoder_weights", "measured")
OWN_CODE = ("kind", "architecture", "network")  # ends of options whose text may be FILE.py:NAME
LARGE_BYTES = 1 << 30  # from here on a file is not read again to see that it has not changed
# Of a command: an input, the input that its record names, and the one that has to be the same.
FITTING = {
    **dict.fromkeys(("acquire", "ask"), ("scores", "checkpoint.labels", "labels")),
    "finetune": ("labels", "scores.checkpoint", "checkpoint"),
    "diagnose": ("labels", "scores", "scores"),
}


def describe_job(args: argparse.Namespace) -> Origin:
    """What is recorded of a job, before it starts; its inputs are compared with their records.

    Raises:
        UserError: an input is damaged, or two of them don't belong together.
    """
    paths = dict(_input_files(args))
    records = {name: read_record(path) for name, path in paths.items()}
    known = {name: record for name, record in records.items() if record is not None}
    inputs = {name: _sound_digest(path, records[name]) for name, path in paths.items()}
    _require_fit(args, paths, inputs, known)
    results = tuple(path for name, path in _paths(args) if _is_result(name) and path.suffix)
    facts = {
        "command": args.command,
        "configuration": recorded_configuration(args),
        "code": recorded_code(args),
    }
    origins = {f"{name}.{key}": v for name, of in known.items() for key, v in _own_inputs(of)}
    device = getattr(args, "device", None)
    own = tuple(path for name, path in _paths(args) if name in OWN)
    known_inputs = {**inputs, **origins}
    return Origin(facts, results, lambda: describe_circumstances(device), known_inputs, own=own)


def _is_result(option: str) -> bool:
    return option == "out" or option.startswith("out_") or option in RESULTS


def _paths(args: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """Options that are paths."""
    for name, value in vars(args).items():
        if isinstance(value, Path) or (name in NAMED_FILES and value):
            yield name, Path(value)


def _input_files(args: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """Files that the options name; of one that is not there the command will tell."""
    return ((n, path) for n, path in _paths(args) if path.is_file() and not _is_result(n))


def _own_inputs(record: Record) -> Iterator[tuple[str, str]]:
    return (item for item in record.inputs.items() if "." not in item[0])


def _sound_digest(path: Path, record: Record | None) -> str:
    """Digest of a file, which must be that of its record if it has one."""
    if record is None:
        return file_sha256(path)
    problem = find_problem(path, record, trust_times=record.bytes >= LARGE_BYTES)
    if problem:
        advice = "restore it, or delete it and have it made again"
        made = f"not as `cbda {record.command}` made it ({problem})"
        raise UserError(f"{path}: {made}: {advice}")
    return record.sha256


def _require_fit(
    args: argparse.Namespace,
    paths: Mapping[str, Path],
    inputs: Mapping[str, str],
    records: Mapping[str, Record],
) -> None:
    """Raise a `UserError` if inputs were made for other runs, as far as their records tell."""
    seed = getattr(args, "seed", None)
    for name, record in records.items():
        of = record.configuration.get("seed", seed)
        if seed is not None and of != seed:
            raise UserError(f"{paths[name]}: is of a run with seed {of}, not {seed}")
    _require_one_vocabulary(args, paths, records)
    if getattr(args, "anew", False):
        return
    name, origin, wanted = FITTING.get(args.command, ("", "", ""))
    made_from = records[name].inputs.get(origin) if name in records else None
    if made_from is not None and inputs.get(wanted) != made_from:
        what = f"with other {wanted} than" if wanted == "labels" else f"with another {wanted} than"
        given = paths.get(wanted, "none, which is given")
        raise UserError(f"{paths[name]}: was made {what} {given}: they are of two runs")


def _require_one_vocabulary(
    args: argparse.Namespace, paths: Mapping[str, Path], records: Mapping[str, Record]
) -> None:
    """Raise a `UserError` unless inputs were made with the same classes: files hold but numbers."""
    key = "classes"
    named = [(str(paths[n]), of.configuration.get(key)) for n, of in records.items()]
    named = [("--classes", getattr(args, key, None)), *named]
    given = [(where, classes) for where, classes in named if classes]
    for where, classes in given[1:]:
        first, wanted = given[0]
        if list(classes) != list(wanted):
            pairs = zip_longest(classes, wanted, fillvalue="no class")
            number, (found, other) = next((n, p) for n, p in enumerate(pairs) if p[0] != p[1])
            what = f"{found!r} is class {number}, which is {other!r} in {first}"
            raise UserError(f"{where}: was made with other classes: {what}")


def recorded_configuration(args: argparse.Namespace) -> dict[str, Any]:
    """Options that decide the content, as plain values without paths."""
    files = named_file_digests(args)
    kept = {
        name: _plain(value)
        for name, value in vars(args).items()
        if not (_is_place(name, value) or name in files or value is None)
    }
    if "method_score" in kept:  # a path to a file of the user's is no part of its identity
        kept["method_score"] = Path(args.method_score).name
    return kept


def _plain(value: Any) -> Any:
    """A value of an option as JSON has it; of the user's code the name counts, not the folder."""
    if isinstance(value, str):
        return without_folder(value)
    return list(value) if isinstance(value, tuple | list) else value


def _is_place(option: str, value: object) -> bool:
    values = value if isinstance(value, list) else [value]
    is_path = any(isinstance(item, Path) for item in values) or option.endswith("root")
    return is_path or _is_result(option) or option in UNRECORDED


def named_file_digests(args: argparse.Namespace) -> dict[str, str]:
    """Digests of the files that options of text name."""
    paths = {name: Path(getattr(args, name, None) or "") for name in NAMED_FILES}
    return {name: file_sha256(path) for name, path in paths.items() if path.is_file()}


def recorded_code(args: argparse.Namespace) -> dict[str, str]:
    """Hashes of the program."""
    digests = {"command": fingerprint(args.command.replace(" ", "_"))}
    score = getattr(args, "method_score", None)
    with suppress(OSError, SyntaxError, UserError):  # of which the command will tell
        if score is not None:
            is_own = is_external(score)
            own = (
                file_fingerprint(source_path(score)) if is_own else part_fingerprint("score", score)
            )
            digests["method_score"] = own
    for name, value in vars(args).items():
        if name.endswith(OWN_CODE) and is_place(str(value)):
            with suppress(OSError, SyntaxError):
                digests[name] = file_fingerprint(source_file(value))
    return digests
