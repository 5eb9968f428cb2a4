"""Machines, instruction sets and versions that results were made with."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cbda.files.records import Record
from cbda.results.lineage import Ledger
from cbda.results.sheet import Row, evaluated

Facts = dict[str, set[str]]  # such as "torch" or "processor" to all its values


def gather_facts(records: Iterable[Record]) -> Facts:
    """All values of what records say of machine and versions."""
    facts: Facts = {}
    for record in records:
        for name, value in {**record.machine, **record.versions}.items():
            facts.setdefault(name, set()).add(value)
    return facts


def mixtures(rows: Iterable[Row], ledger: Ledger) -> dict[tuple[str, str], str]:
    """Method and budget to what they were made with, as far as it differs within a table."""
    records: dict[tuple[str, str], list[Record]] = {}
    for row in evaluated(rows):
        of_run = (ledger.records[path] for path in run_files(row, ledger))
        records.setdefault((row.method, row.budget), []).extend(of_run)
    facts = {name: gather_facts(of) for name, of in records.items()}
    together = gather_facts(record for of in records.values() for record in of)
    mixed = sorted(name for name, values in together.items() if len(values) > 1)
    return {name: _in_words(of, mixed) for name, of in facts.items()} if mixed else {}


def describe_making(rows: Iterable[Row], ledger: Ledger) -> dict[str, str]:
    """Commits, machines and versions that the runs of a sheet were made with, in words."""
    paths = {path: None for row in evaluated(rows) for path in run_files(row, ledger)}
    records = [ledger.records[path] for path in paths]
    if not records:
        return {}
    commits = {record.commit or "not in a git repository" for record in records}
    facts = {"commit": commits, **dict(sorted(gather_facts(records).items()))}
    return {name: ", ".join(sorted(values)) for name, values in facts.items()}


def run_files(row: Row, ledger: Ledger) -> Iterator[Path]:
    """All recorded results behind an evaluation that is there."""
    evaluation = Path(row.evaluation)
    return ledger.trace(evaluation) if evaluation in ledger.records else iter(())


def _in_words(facts: Mapping[str, set[str]], names: Iterable[str]) -> str:
    words = (f"{name} {' and '.join(sorted(facts[name]))}" for name in names if name in facts)
    return "; ".join(words)
