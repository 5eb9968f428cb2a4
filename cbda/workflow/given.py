"""What a job would be given now, to compare it with what the record of its result says."""

import argparse
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cbda.datasets.catalogue import create_dataset
from cbda.datasets.generated import set_digest
from cbda.files.records import Record
from cbda.workflow.origin import named_file_digests, recorded_code, recorded_configuration

Parse = Callable[[list[str]], argparse.Namespace]


def command_words(rule: Any, path: str) -> list[str]:
    """Options of the command that a rule of Snakemake would make a file by, its name first."""
    from snakemake.iocontainers import Wildcards
    from snakemake.utils import format as format_command

    values = rule.get_wildcards(path)
    anything = SimpleNamespace(resources=defaultdict(lambda: 1))
    files, *_ = rule.expand_input(values)
    made, _ = rule.expand_output(values)
    params, _ = rule.expand_params(values, files, made, anything)
    known = {"input": files, "output": made, "params": params, "threads": 1, "log": "log"}
    known |= {"wildcards": Wildcards(fromdict=values), "resources": _Ones()}
    words = shlex.split(format_command(rule.shellcmd, **{**rule.workflow.globals, **known}))
    first = words.index("cbda") + 1
    return words[first : words.index(">")]


class _Ones:
    """Resources, which decide nothing of a result."""

    def __getattr__(self, name: str) -> int:
        return 1


def describe_changes(
    rule: Any, path: str, record: Record, classes: tuple[str, ...], parse: Parse
) -> str:
    """The first setting that a rule's job has now and a record does not; code and data count too.

    Args:
        rule: of Snakemake.
        path: of the result.
        record: of the result.
        classes: of the experiment.
        parse: reads the command line of a job.
    """
    try:
        args = parse(command_words(rule, path))
    except Exception as error:  # of a function of a rule, or of an older or newer Snakemake
        return f"what would be made now is not known ({' '.join(str(error).split())[:200]})"
    changes = [*_other_settings(args, record), *_other_data(args, record, classes)]
    more = f", and {len(changes) - 1} more" if len(changes) > 1 else ""
    return f"{changes[0]}{more}" if changes else ""


def _other_settings(args: argparse.Namespace, record: Record) -> Iterator[str]:
    files = named_file_digests(args)
    now = recorded_configuration(args) | files
    then = record.configuration | {name: record.inputs.get(name) for name in files}
    for name in sorted(now.keys() | then.keys()):
        if now.get(name) != then.get(name):
            yield f"{name} was {then.get(name)}, and is {now.get(name)} now"
    if recorded_code(args) != record.code:
        yield "its code has changed"


def _other_data(
    args: argparse.Namespace, record: Record, classes: tuple[str, ...]
) -> Iterator[str]:
    for name, digest in record.data.items():
        keys = ("kind", "root", "split", "every")
        places = (getattr(args, f"{name}_{key}", None) for key in keys)
        if _data_digest(*places, classes) != digest:
            yield f"the data set {name} is another one"


@cache
def _data_digest(kind: str, root: str, split: str, every: int, classes: tuple[str, ...]) -> str:
    dataset = create_dataset(kind, Path(root), split, classes).thinned(every)
    return set_digest(dataset.root, dataset.paths)
