"""A person drives the real page through rounds of the toy workflow, while everything is killed.

python -m tests.asking [NUM_KILLS] [SEED]

SIGKILL to the server, the browser or the workflow, at random moments; after each, no answer that
the page acknowledged may be lost or doubled. Runs that come to their end have the labels that were
typed, pixel for pixel, models, and masks. Needs a Chromium; 0 kills show two rounds undisturbed.
"""

import json
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import yaml
from playwright.sync_api import Browser, Error, Page, sync_playwright

from cbda.datasets.ids import VOID
from cbda.files.answers import AnswerFile
from cbda.files.queries import load_queries
from tests.annotation.conftest import BROWSERS
from tests.annotation.people import KEYS, paint, press, settle
from tests.asked import CHANGE, require_truth, truth_of, typed_answer
from tests.kills import LIMIT_S, Project, _kill
from tests.projects import RESULTS

RUN = f"{RESULTS}/seed0/da/budget0.05"
ROUNDS = 2
PAGE = (
    "annotate --queries answers/round{}.h5 --answers answers/answers.jsonl --target-kind images"
    " --target-root data/tiny/target_train/images"
)
Place = tuple[str, int, int]


class Asking:
    """A project in which people answer, and what the page has acknowledged."""

    def __init__(self, folder: Path) -> None:
        self.project = Project.create(folder, yaml.safe_load(CHANGE))
        self.project.targets = ("all",)
        self.folder = folder
        self.acknowledged: dict[Place, tuple[int, ...]] = {}
        self.num_runs = 0

    @property
    def answers_path(self) -> Path:
        """The file of all answers."""
        return self.folder / "answers/answers.jsonl"

    def open_round(self) -> int:
        """The last round of which queries were chosen, if some are open; else 0."""
        found = sorted(self.folder.glob("answers/round*.h5"))
        if not found:
            return 0
        queries, answers = load_queries(found[-1]), AnswerFile(self.answers_path)
        is_open = [answers.state(queries.place(n)) == "open" for n in range(len(queries))]
        return len(found) if any(is_open) else 0

    def require_nothing_lost(self) -> None:
        """Fail if an acknowledged answer is not there, or a query has more than one."""
        latest = {
            at[:3]: given.answer.pixels
            for at, given in AnswerFile(self.answers_path).latest.items()
        }
        for place, pixels in self.acknowledged.items():
            assert latest.get(place) == pixels, f"lost: {place}"
        doubled = [place for place, n in self._lines().items() if n > 1]
        assert not doubled, f"doubled: {doubled}"

    def _lines(self) -> Counter[Place]:
        lines = self.answers_path.read_bytes().splitlines() if self.answers_path.exists() else []
        found = []
        for line in lines:
            with suppress(ValueError):
                found.append(json.loads(line))
        return Counter((a["image"], a["row"], a["column"]) for a in found if "row" in a)

    def work(self, kill_after_s: float | None = None) -> str:
        """Run the workflow: killed, waits, or done."""
        process = self.project.start()
        try:
            code = process.wait(LIMIT_S if kill_after_s is None else kill_after_s)
        except subprocess.TimeoutExpired:
            _kill(process)
            return "killed"
        last = self.project.output().splitlines()[-1]
        if code and not re.match(r"round \d: \d+ of \d+ queries wait", last):
            raise RuntimeError(self.project.output()[-5000:])
        return "waits" if code else "done"

    def require_finished(self) -> None:
        """Fail unless labels are what was typed, and models and masks are there; begin again."""
        for number in range(1, ROUNDS + 1):
            require_truth(self.folder, self.folder / RUN / f"round{number}/labels.h5", number)
            assert (self.folder / RUN / f"round{number}/model.pt").is_file()
        assert any((self.folder / RUN / "predictions/masks").glob("*.png"))
        self.num_runs += 1
        self.acknowledged.clear()
        for path in (self.folder / "answers", self.folder / RUN):
            shutil.rmtree(path)

    @contextmanager
    def server(self) -> "Iterator[tuple[str, subprocess.Popen[str]]]":
        """The page of the open round, by the command that the workflow names: its address."""
        command = [sys.executable, "-m", "cbda", *shlex.split(PAGE.format(self.open_round()))]
        with subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.PIPE, text=True
        ) as server:
            try:
                assert server.stdout is not None
                text = server.stdout.readline() + server.stdout.readline()
                yield re.findall(r"http\S+", text)[0], server
            finally:
                server.kill()

    def answer(self, tab: Page) -> None:
        """Type the truth until nothing is open, noting each answer that the page acknowledged."""
        queries = load_queries(self.folder / f"answers/round{self.open_round()}.h5")
        indices = {queries.place(n)[:3]: n for n in range(len(queries))}
        while tab.locator("body.done").count() == 0:
            found = re.findall(r" px of (.+), row (\d+), column (\d+)$", tab.inner_text("#where"))[
                0
            ]
            place = found[0], int(found[1]), int(found[2])
            index = indices[place]
            window = truth_of(self.folder, place[0])[queries.window(index).area]
            if (window == window[0, 0]).all():
                press(tab, "v" if window[0, 0] == VOID else KEYS[window[0, 0]])
            else:
                paint(tab, queries, index, window)
            self.acknowledged[place] = typed_answer(self.folder, queries, index).pixels


@contextmanager
def chromium() -> Iterator[tuple[Browser, psutil.Process]]:
    """A browser, and its process."""
    path = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        family = psutil.Process().children(recursive=True)
        own = [process for process in family if "--headless" in " ".join(process.cmdline())]
        try:
            yield browser, own[0]
        finally:
            with suppress(Error):
                browser.close()


def page_session(asking: Asking, victim: str, after_s: float | None) -> bool:
    """Answer until the round is done, or the victim is killed; whether it was."""
    with asking.server() as (address, server), chromium() as (browser, process):
        killed: Any = {"server": server, "browser": process}.get(victim)
        timer = threading.Timer(after_s or 0, killed.kill) if after_s else None
        try:
            tab = browser.new_page(viewport={"width": 1280, "height": 800})
            tab.set_default_timeout(10_000)
            tab.goto(address)
            settle(tab)
            if timer:
                timer.start()
            asking.answer(tab)
        except (Error, AssertionError, IndexError) as error:
            if after_s is None:
                raise
            print(f"  {type(error).__name__}", flush=True)
            return True
        finally:
            if timer:
                timer.cancel()
    return False


def step(asking: Asking, rng: random.Random, durations_s: dict[str, float]) -> str:
    """One start of something, killed at a random moment or not; the victim, if it was."""
    if asking.open_round() and rng.random() < 0.8:
        victim = rng.choice(("server", "browser"))
        is_killed = page_session(asking, victim, rng.uniform(0.1, durations_s["page"]))
        return victim if is_killed else ""
    started, kill_after_s = time.monotonic(), rng.uniform(0, durations_s["workflow"])
    outcome = asking.work(kill_after_s)
    if outcome == "done":
        asking.require_finished()
    if outcome != "killed":
        durations_s["workflow"] = max(time.monotonic() - started, 1)
    return "workflow" if outcome == "killed" else ""


def undisturbed(asking: Asking) -> float:
    """Two rounds without kills; how long a start of the workflow takes."""
    started = time.monotonic()
    for number in range(1, ROUNDS + 1):
        assert asking.work() == "waits"
        assert asking.open_round() == number
        assert f"`cbda {PAGE.format(number)}`" in asking.project.output().splitlines()[-1]
        duration_s = time.monotonic() - started
        page_session(asking, "", None)
        started = time.monotonic()
    assert asking.work() == "done"
    asking.require_nothing_lost()
    print(f"two rounds: {len(asking.acknowledged)} answers, labels are what was typed", flush=True)
    asking.require_finished()
    return duration_s


def main() -> int:
    """Print every kill, and the count."""
    words = [int(word) for word in sys.argv[1:]]
    num_kills, seed = (words + [50, 0][len(words) :])[:2]
    rng, kills = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        asking = Asking(Path(name, "project"))
        durations_s = {"page": 6.0, "workflow": undisturbed(asking)}
        while kills.total() < num_kills:
            victim = step(asking, rng, durations_s)
            asking.require_nothing_lost()
            if victim:
                kills[victim] += 1
                number = f"{time.strftime('%H:%M:%S')} kill {kills.total()}"
                print(f"{number}: {victim}, {len(asking.acknowledged)} answers", flush=True)
    print(f"{dict(kills)}; {asking.num_runs} runs came to their end; no answer lost or doubled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
