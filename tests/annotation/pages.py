"""Rounds of small pools, served on this machine."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from cbda.annotation.app import App
from cbda.annotation.claims import Claims
from cbda.annotation.crops import Crops
from cbda.annotation.server import Server
from cbda.annotation.session import Session
from cbda.datasets.images import open_images
from cbda.files.answers import AnswerFile
from cbda.files.queries import QuerySet, load_queries, save_queries
from tests.datasets.layouts import save
from tests.queries import make_queries

SIZE = (40, 60)


def make_round(folder: Path, centres, num_images=3, size=SIZE, **changes) -> QuerySet:
    """A pool of noise, and queries of it."""
    rng, ids = np.random.default_rng(0), [f"{index:04}" for index in range(num_images)]
    for image_id in ids:
        save(folder / f"pool/images/{image_id}.png", rng.integers(0, 256, (*size, 3), np.uint8))
    queries = make_queries(centres, ids, size, **changes)
    save_queries(folder / "queries.h5", queries)
    return queries


def random_centres(num, num_images=3, size=SIZE):
    rng = np.random.default_rng(0)
    return np.stack([rng.integers(0, side, num) for side in (num_images, *size)], axis=1)


@dataclass
class Page:
    """A page being served, for requests by hand."""

    address: str
    answers_path: Path

    def request(self, method, path, content=None, token=None, **headers):
        """Status and content of a request as the page makes it, unless told otherwise."""
        parts = urlsplit(self.address)
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=10)
        token = parts.path.strip("/") if token is None else token
        own = {"Host": parts.netloc, **({"Origin": f"http://{parts.netloc}"} if content else {})}
        sent = {name: value for name, value in {**own, **headers}.items() if value is not None}
        body = json.dumps(content).encode() if content else None
        connection.putrequest(method, f"/{token}/{path}", skip_host=True)
        for name, value in sent.items():
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        found = response.status, response.read()
        connection.close()
        return found

    def post(self, path, body):
        """Status and content of a request of any bytes."""
        head = f"POST {{}}{path} HTTP/1.1\nContent-Length: {len(body)}"
        head, _, content = self.say(head, body).partition(b"\r\n\r\n")
        return int(head.split()[1]), content

    def say(self, head, body=b""):
        """The reply to a request whose first lines are given, up to its end, {} as the token."""
        parts = urlsplit(self.address)
        first, *lines = head.format(parts.path).split("\n")
        own = [f"Host: {parts.netloc}", f"Origin: http://{parts.netloc}", "Connection: close"]
        with socket.create_connection(("127.0.0.1", parts.port), timeout=10) as connection:
            with suppress(OSError):  # it may have heard enough
                connection.sendall("\r\n".join([first, *own, *lines, "", ""]).encode() + body)
            reply = b""
            with suppress(ConnectionResetError):
                while part := connection.recv(1 << 16):
                    reply += part
        return reply

    def next(self, client="me", without=()):
        """The next query of a client, or None."""
        status, content = self.request("POST", "next", {"client": client, "without": list(without)})
        assert status == 200, content
        return json.loads(content)["query"]

    def answer(self, query, *pixels, client="me", **changes):
        """Status of an answer of one class, or of one per pixel."""
        num_px = query["window"]["height"] * query["window"]["width"]
        given = list(pixels) * num_px if len(pixels) == 1 else list(pixels)
        said = {"state": "answered", "pixels": given, "seconds": 1.0, "who": "", "proposal": ""}
        said |= {"client": client, "again": False, "answer_id": "", **changes}
        return self.request("POST", f"answer/{query['index']}", said)[0]


@contextmanager
def serving(folder: Path, host="127.0.0.1", lapse_s=600.0) -> Iterator[Page]:
    """Serve the round of a folder; several may at a time."""
    queries, path = load_queries(folder / "queries.h5"), folder / "answers.jsonl"
    session = Session(queries, AnswerFile(path), Claims(path, queries.digest, lapse_s))
    app = App(session, Crops(queries, open_images("folder", folder / "pool")))
    with Server(app, host, 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Page(server.address, path)
        finally:
            server.shutdown()
            thread.join()
