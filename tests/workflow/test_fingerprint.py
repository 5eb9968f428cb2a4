import shutil

import pytest

from cbda.acquisition.methods import SCORE_NAMES
from cbda.cli import COMMANDS
from cbda.workflow import fingerprint as module
from cbda.workflow.fingerprint import fingerprint, part_fingerprint

PHASES = ("train", "acquire")
NETWORKS = {"pretrain", "score", "finetune", "evaluate", "report"}
COMPUTING = NETWORKS | {"encode"}
READERS = COMPUTING | {"data_check", "data_count", "acquire", "diagnose"}
MODULES = {
    "commands/__init__.py": "",
    "commands/train.py": (
        '"""Train."""\n\nimport os\n\nimport toy.commands.common\nfrom toy.loop import run\n\n\n'
        "def main():\n    run(os)\n"
    ),
    "commands/acquire.py": (
        "def main():\n    import toy.choice\n\n    from toy.scores import exact\n\n"
        "    return toy.choice.pick(exact)\n"
    ),
    "commands/common.py": "",
    "loop.py": (
        "# A remark.\nfrom toy.shared import limit\n\n\n"
        'def run(x):\n    """Run."""\n    return limit(x)\n'
    ),
    "shared.py": "def limit(x):\n    return min(x, 3)\n",
    "choice.py": "from toy import shared\n\n\ndef pick(x):\n    return shared.limit(x)\n",
    "scores/__init__.py": "from toy.scores.exact import score\n",
    "scores/exact.py": "def score():\n    pass\n",
    "unit.py": 'class Unit:\n    size: int = 3\n    """Px."""\n',
    "unused.py": "def nothing():\n    return 1\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    root = tmp_path / "toy"
    for name, text in MODULES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(module, "PACKAGE", root)
    return root


def fingerprints():
    return {phase: fingerprint(phase) for phase in PHASES}


def stale_phases(package, name, old, new):
    """The phases whose fingerprint changes with a replacement of text in a module."""
    before = fingerprints()
    path = package / name
    text = path.read_text()
    assert text.count(old)
    path.write_text(text.replace(old, new, 1))
    after = fingerprints()
    return {phase for phase in PHASES if before[phase] != after[phase]}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("loop.py", "# A remark.\n", ""),
        ("loop.py", "# A remark.\n", "# Another.\n\n# And one more.\n"),
        ("loop.py", '"""Run."""', '"""Run until the end.\n\n    Twice.\n    """'),
        ("loop.py", '    """Run."""\n', ""),
        ("shared.py", "def limit", '"""Limits."""\n\ndef limit'),
        (
            "shared.py",
            "    return min(x, 3)",
            '    """Limit."""\n    return (\n        min(x, 3)\n    )',
        ),
        ("commands/train.py", '"""Train."""\n\n', ""),
        ("commands/__init__.py", "", '"""Commands."""\n'),
        ("scores/exact.py", "    pass\n", '    """Score."""\n'),
        ("scores/exact.py", "    pass\n", '    """Score."""\n    pass  # for now\n'),
        ("unit.py", '    """Px."""\n', '    """What it is measured in."""\n'),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(package, name, old, new):
    assert stale_phases(package, name, old, new) == set()


@pytest.mark.parametrize(
    ("name", "old", "new", "stale"),
    [
        ("commands/train.py", "run(os)", "run(os.name)", {"train"}),
        ("commands/acquire.py", "pick(exact)", "pick(None)", {"acquire"}),
        ("loop.py", "limit(x)", "limit(x) + 1", {"train"}),
        ("shared.py", "3", "4", {"train", "acquire"}),
        ("choice.py", "limit(x)", "limit(x) + 1", {"acquire"}),  # imported inside a function
        ("scores/exact.py", "pass", "return 1", {"acquire"}),  # named in its package only
        ("scores/__init__.py", "import score", "import score as best", {"acquire"}),
        ("commands/__init__.py", "", "VALUE = 1\n", {"train"}),  # the package of a module
        ("unused.py", "1", "2", set()),
    ],
)
def test_code_makes_the_phases_that_use_it_stale(package, name, old, new, stale):
    assert stale_phases(package, name, old, new) == stale


def test_string_that_is_no_docstring_counts(package):
    (package / "shared.py").write_text('LIMIT = "a"\n')
    assert stale_phases(package, "shared.py", '"a"', '"b"') == {"train", "acquire"}


def test_change_back_gives_the_first_fingerprint(package):
    before = fingerprints()
    stale_phases(package, "shared.py", "3", "4")
    assert fingerprints() != before
    stale_phases(package, "shared.py", "4", "3")
    assert fingerprints() == before


def test_place_of_the_package_does_not_matter(package, tmp_path, monkeypatch):
    before = fingerprints()
    moved = package.rename(tmp_path / "moved")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setattr(module, "PACKAGE", moved.rename(tmp_path / "elsewhere" / "toy"))
    assert fingerprints() == before


def test_new_module_that_is_not_imported_changes_nothing(package):
    before = fingerprints()
    (package / "new.py").write_text("VALUE = 1\n")
    assert fingerprints() == before


def reached_by(phase):
    found = module._reachable(module.PACKAGE / "commands" / f"{phase}.py")
    return {path.relative_to(module.PACKAGE).as_posix() for path in found}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_fingerprint(command):
    phase = command.replace(" ", "_")
    assert len(fingerprint(phase)) == 16
    assert f"commands/{phase}.py" in reached_by(phase)


def test_making_data_reaches_no_settings_but_its_own():
    found = {path for path in reached_by("data_make") if path.startswith("settings/")}
    names = ("__init__", "mistakes", "options", "paths", "section")
    shared = {f"settings/{name}.py" for name in names}
    assert found == {"settings/generation.py", *shared}


# Phases that compare runs with what their method is.
TABLES = {"tabulate", "analyse", "collect", "report", "verify"}


@pytest.mark.parametrize(
    ("name", "phases"),
    [
        ("models/small.py", NETWORKS | {"plan"}),
        ("models/frozen.py", {"encode", "plan"}),
        ("models/decoders.py", NETWORKS | {"plan"}),
        ("training/sparse.py", {"pretrain", "finetune"}),
        ("acquisition/methods.py", {"score", "acquire", "diagnose", "plan", *TABLES}),
        ("acquisition/catalogue.py", TABLES),  # a new name makes no result stale
        ("selection/greedy.py", {"acquire"}),
        ("training/trainer.py", {"pretrain", "finetune"}),
        ("compute/gpus.py", COMPUTING),
        ("datasets/cityscapes.py", READERS),
        ("datasets/pictures.py", READERS),
        ("results/tabulate.py", {"tabulate", "analyse", "report"}),
        ("results/windows.py", {"analyse", "report"}),
        ("scenes/scene.py", {"data_make"}),
        ("settings/generation.py", {"data_make"}),
        ("settings/datasets.py", READERS),
        ("settings/training.py", {"pretrain", "finetune", "plan"}),
        ("settings/evaluation.py", {"evaluate"}),
        ("settings/compute.py", COMPUTING),
        ("workflow/config.py", set()),
        ("cli.py", set()),
    ],
)
def test_module_reaches_its_phases_only(name, phases):
    """Phases of rules of a benchmark, which has no people in it."""
    rules = (module.PACKAGE.parent / "workflow/rules").glob("*.smk")
    commands = {path.stem for path in rules} - {"common", "ask", "queries_count", "predict"}
    assert (module.PACKAGE / name).is_file()
    assert {phase for phase in commands if name in reached_by(phase)} == phases


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """A memory of its own; to call it is to start a process that knows what is kept."""

    def forget():
        module._memory.cache_clear()
        module._program.cache_clear()

    monkeypatch.setattr(module, "MEMORY", tmp_path / "digests.json")
    forget()
    yield forget
    forget()


def test_program_is_read_once(memory, monkeypatch):
    expected = fingerprint("runs")
    module._keep(module.MEMORY, module._memory(), 0)
    memory()
    monkeypatch.setattr(module, "_read_program", None)
    assert fingerprint("runs") == expected


def test_damaged_memory_is_forgotten(memory):
    expected = fingerprint("runs")
    module._keep(module.MEMORY, module._memory(), 0)
    kept = module.MEMORY.read_text()
    (digest, *_), *_ = module._memory().values()
    for text in ("", "{}", kept[:-9], kept.replace(digest, digest[::-1], 1)):
        module.MEMORY.write_text(text)
        memory()
        assert fingerprint("runs") == expected


@pytest.fixture
def scores(tmp_path, monkeypatch):
    """The folder of the built-in scores, in a copy of the package."""
    package = tmp_path / module.PACKAGE.name
    shutil.copytree(module.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "PACKAGE", package)
    return package / "acquisition/scores"


def all_fingerprints():
    phases = {command: fingerprint(command.replace(" ", "_")) for command in COMMANDS}
    return phases, {name: part_fingerprint("score", name) for name in SCORE_NAMES}


def test_new_score_makes_nothing_stale(scores):
    before = all_fingerprints()
    (scores / "new.py").write_text((scores / "entropy.py").read_text())
    assert all_fingerprints() == before
    assert len(set(before[1].values())) == len(SCORE_NAMES)


def test_changed_score_makes_its_own_rows_stale_alone(scores):
    phases, before = all_fingerprints()
    with (scores / "entropy.py").open("a") as file:
        file.write("ADDED = 1\n")
    found, after = all_fingerprints()
    assert found == phases
    assert {name for name in SCORE_NAMES if after[name] != before[name]} == {"entropy"}


def test_code_that_all_scores_share_makes_them_stale(scores):
    before = all_fingerprints()[1]
    with (scores.parent / "maps.py").open("a") as file:
        file.write("ADDED = 1\n")
    after = all_fingerprints()[1]
    assert {name for name in SCORE_NAMES if after[name] != before[name]} == set(SCORE_NAMES)
