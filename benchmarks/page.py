"""The page of queries as its server sees it: a round that opens, answers until they are saved."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from benchmarks.tables import Table
from cbda.annotation.app import App
from cbda.annotation.claims import Claims
from cbda.annotation.crops import Crops
from cbda.annotation.server import Server
from cbda.annotation.session import Session
from cbda.datasets.images import open_images
from cbda.files.answers import AnswerFile
from cbda.files.queries import QuerySet, load_queries, save_queries

NUM_QUERIES, NUM_IMAGES, SIZE, RADIUS = 10_000, 1_000, (120, 160), 1
CLASSES = tuple(f"class {index}" for index in range(11))
NUM_ANSWERS = 500
Times = dict[str, list[float]]  # in ms, by what took them


def page() -> Table:
    """Milliseconds of what a person waits for, and how much of it is the disk's."""
    title = f"The page at {NUM_QUERIES:,} queries over {NUM_IMAGES:,} images, no browser; ms"
    table = Table(title, ("", "median", "90th of 100", "99th of 100"))
    with TemporaryDirectory() as folder:
        _write_round(Path(folder))
        for what, times in _measure(Path(folder)).items():
            table.add(what, *(f"{np.quantile(times, part):.1f}" for part in (0.5, 0.9, 0.99)))
    return table


def _write_round(folder: Path) -> None:
    """Images of noise, and queries of them."""
    rng, ids = np.random.default_rng(0), tuple(f"{index:05}" for index in range(NUM_IMAGES))
    (folder / "images").mkdir()
    for image_id in ids:
        pixels = rng.integers(0, 256, (*SIZE, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"images/{image_id}.png", compress_level=1)
    centres = [rng.integers(0, side, NUM_QUERIES) for side in (NUM_IMAGES, *SIZE)]
    proposals = np.zeros((NUM_QUERIES, (2 * RADIUS + 1) ** 2), np.uint8)
    queries = np.stack(centres, axis=1).astype(np.int32)
    asked = QuerySet(1, RADIUS, CLASSES, ids, *SIZE, queries, proposals, np.ones(len(CLASSES)))
    save_queries(folder / "queries.h5", asked)


def _measure(folder: Path) -> Times:
    times: Times = {"opening": [], "an answer": [], "of it fsync": [], "the next query": []}
    started = time.perf_counter()
    with _serving(folder) as ask:
        ask("round")
        query = _next(ask)
        times["opening"].append(1000 * (time.perf_counter() - started))
        with patch.object(os, "fsync", _timed_call(os.fsync, times["of it fsync"])):
            for number in range(NUM_ANSWERS):
                with _timed(times["an answer"]):
                    ask(f"answer/{query['index']}", _said(query, number))
                with _timed(times["the next query"]):
                    query = _next(ask)
    return times


def _said(query: Any, number: int) -> dict[str, Any]:
    """A window of one class."""
    num_px = query["window"]["height"] * query["window"]["width"]
    pixels = [number % len(CLASSES)] * num_px
    facts = {"state": "answered", "seconds": 1.0, "again": False, "answer_id": str(number)}
    return {**facts, "pixels": pixels}


def _next(ask: Callable[..., bytes]) -> Any:
    """The next query with its pictures."""
    query = json.loads(ask("next", {"client": "one", "without": []}))["query"]
    for picture in ("around", "image"):
        ask(f"{picture}/{query['index']}")
    return query


@contextmanager
def _serving(folder: Path) -> Iterator[Callable[..., bytes]]:
    """What asks a server of the round for something, over one connection."""
    queries, path = load_queries(folder / "queries.h5"), folder / "answers.jsonl"
    session = Session(queries, AnswerFile(path), Claims(path, queries.digest))
    app = App(session, Crops(queries, open_images("images", folder / "images")))
    with Server(app, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        parts = urlsplit(server.address)
        connection = HTTPConnection(parts.netloc)

        def ask(path: str, content: Any = None) -> bytes:
            method, body = ("GET", None) if content is None else ("POST", json.dumps(content))
            origin = {"Origin": f"http://{parts.netloc}"}
            connection.request(method, f"{parts.path}{path}", body, origin)
            response = connection.getresponse()
            assert response.status == 200, response.read()
            return response.read()

        yield ask
        server.shutdown()


@contextmanager
def _timed(times: list[float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    times.append(1000 * (time.perf_counter() - started))


def _timed_call(function: Callable[..., Any], times: list[float]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        with _timed(times):
            return function(*arguments)

    return call
