"""A person drives the real page through rounds of the toy workflow, while everything is killed.

python -m tests.asking [NUM_KILLS] [SEED]

SIGKILL to the server, the browser and the workflow, each a third of the times, at random moments
of their work; after each, no answer that the page acknowledged may be lost or doubled. Runs that
come to their end have the labels that were typed, pixel for pixel, models, and masks. Needs a
Chromium; 0 kills show two rounds undisturbed.
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
VICTIMS = ("server", "browser", "workflow")
Place = tuple[str, int, int]
Durations = dict[str, float]


class Asking:
    """A project in which people answer, and what the page has acknowledged."""

    def __init__(self, folder: Path) -> None:
        self.project = Project.create(folder, yaml.safe_load(CHANGE))
        self.project.targets = ("all",)
        self.folder = folder
        self.acknowledged: dict[Place, tuple[int, ...]] = {}
        self.num_runs = self.num_finished = 0  # runs that came to their end, and answers in them

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
        self.num_finished += len(self.acknowledged)
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
        timer = threading.Timer(after_s, killed.kill) if after_s else None
        try:
            tab = browser.new_page(viewport={"width": 1280, "height": 800})
            tab.set_default_timeout(10_000)
            if timer:  # not before: a page of a browser that is gone is waited for without end
                timer.start()
            tab.goto(address)
            settle(tab)
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


def strike(asking: Asking, victim: str, rng: random.Random, lasts_s: Durations) -> bool:
    """Kill something at a random moment of its work; whether it was at work still."""
    if victim == "workflow":
        if asking.open_round():  # else there is next to nothing for it to do
            page_session(asking, "", None)
        return run_workflow(asking, lasts_s, rng.uniform(0, lasts_s["workflow"])) == "killed"
    while not asking.open_round():
        run_workflow(asking, lasts_s)
    return page_session(asking, victim, rng.uniform(0.1, lasts_s["page"]))


def run_workflow(asking: Asking, lasts_s: Durations, kill_after_s: float | None = None) -> str:
    """Have the workflow go on, and note how long a start of it takes; how it ended."""
    started, outcome = time.monotonic(), asking.work(kill_after_s)
    if outcome == "done":
        asking.require_finished()
    if outcome != "killed":
        lasts_s["workflow"] = max(time.monotonic() - started, 1)
    return outcome


def draw_victims(num_kills: int, rng: random.Random) -> list[str]:
    """Who is killed, in a random order, each as often as the others."""
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(num_kills)]
    rng.shuffle(victims)
    return victims


def undisturbed(asking: Asking) -> Durations:
    """Two rounds without kills; how long a start of the workflow and a round on the page take."""
    lasts_s = {"workflow": 0.0, "page": 0.0}
    for number in range(1, ROUNDS + 1):
        assert run_workflow(asking, lasts_s) == "waits"
        assert asking.open_round() == number
        assert f"`cbda {PAGE.format(number)}`" in asking.project.output().splitlines()[-1]
        started = time.monotonic()
        page_session(asking, "", None)
        lasts_s["page"] = time.monotonic() - started
    asking.require_nothing_lost()
    print(f"two rounds: {len(asking.acknowledged)} answers", flush=True)
    assert run_workflow(asking, lasts_s) == "done"
    print(f"labels are what was typed; seconds: {lasts_s}", flush=True)
    return lasts_s


def main() -> int:
    """Print every kill, and the count."""
    words = [int(word) for word in sys.argv[1:]]
    num_kills, seed = (words + [50, 0][len(words) :])[:2]
    rng, kills = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        asking = Asking(Path(name, "project"))
        lasts_s = undisturbed(asking)
        for victim in draw_victims(num_kills, rng):
            while not strike(asking, victim, rng, lasts_s):
                asking.require_nothing_lost()
            asking.require_nothing_lost()
            kills[victim] += 1
            number = f"{time.strftime('%H:%M:%S')} kill {kills.total()}"
            print(f"{number}: {victim}, {len(asking.acknowledged)} answers", flush=True)
    total = asking.num_finished + len(asking.acknowledged)
    print(f"{dict(kills)}; {asking.num_runs} runs came to their end")
    print(f"{total} answers were acknowledged; none is lost or doubled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
