"""The examples of the guide to new methods, run as they are printed."""

import re
import shlex
from collections import Counter
from pathlib import Path

import pytest

from cbda.cli import build_parser
from tests.projects import RESULTS, ROOT, TABLE, append, count_jobs, run, run_snakemake

pytestmark = pytest.mark.workflow

GUIDE = (ROOT / "docs/adding-a-method.md").read_text()
EXAMPLES = {
    "By composition": "mine",
    "By a function": "least_confident",
    "By a rule": "eager",
}


def write_example(title: str, project: Path) -> str:
    """Write the files that a section of the guide prints; the command that it prints."""
    section = GUIDE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    for language, text in blocks:
        if language != "sh":
            path = project / text.splitlines()[0].removeprefix("# ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    (command,) = [str(text).strip() for language, text in blocks if language == "sh"]
    return command


def run_example(project: Path, command: str, *options: str, target: str = TABLE) -> str:
    """Run the command of an example, with more options or for another target."""
    words = command.replace(" --", " ".join(["", *options, "--"]), 1).replace(TABLE, target)
    if "--dry-run" in options:
        return run_snakemake(project, shlex.split(words)[1:])
    return run(project, ["bash", "-c", words])


def require_understood(output: str) -> None:
    """Fail unless every command of a plan takes the words that it is given."""
    lines = re.findall(r"^Shell command: env .+? -m cbda (.+?) > ", output, re.MULTILINE)
    assert len(lines) == 9
    for words in lines:
        build_parser().parse_args(shlex.split(words))


@pytest.mark.parametrize("title", EXAMPLES)
def test_example_of_the_guide_adds_its_own_jobs(editable: Path, title: str) -> None:
    command, acquire = write_example(title, editable), "acquire"
    if title == "By a rule":
        acquire = "acquire_eager"
    runs = {"score": 2, acquire: 2, "finetune": 2, "evaluate": 1}
    output = run_example(editable, command, "--dry-run", "-p")
    assert count_jobs(output) == Counter({**runs, "runs": 1, "tabulate": 1})
    if title == "By composition":  # of parts that are run elsewhere
        require_understood(output)
        return
    first_round = f"{RESULTS}/seed0/{EXAMPLES[title]}/budget0.05/round1/labels.h5"
    run_example(editable, command, target=first_round)
    assert (editable / first_round).is_file()
    if title == "By a function":
        append(editable / "least_confident.py", "\n# A remark.\n")
        output = run_example(editable, command, "--dry-run", target=first_round)
        assert "Nothing to be done" in output
        append(editable / "least_confident.py", "\nADDED = 1\n")
        output = run_example(editable, command, "--dry-run", target=first_round)
        assert count_jobs(output) == {"score": 1, "acquire": 1}
