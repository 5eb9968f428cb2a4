"""The page's server: who gets something, and what becomes of answers."""

import errno
import gzip
import http.client
import json
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from cbda.annotation.guard import require_address
from cbda.annotation.server import _Handler
from cbda.cli import main
from cbda.errors import UserError
from cbda.files.answers import AnswerFile
from cbda.files.queries import save_queries, with_images
from tests.annotation.pages import Page, make_round, random_centres, serving
from tests.datasets.layouts import save

PATHS = ("", "page.js", "round", "query/0", "around/0", "image/0")


@pytest.fixture
def page(tmp_path):
    make_round(tmp_path, random_centres(5))
    with serving(tmp_path) as served:
        yield served


def states(page):
    return json.loads(page.request("GET", "round")[1])["progress"]["states"]


@pytest.mark.parametrize("path", PATHS)
def test_page_gets_what_it_asks_for(page, path):
    status, content = page.request("GET", path)
    assert (status, bool(content)) == (200, True)


REFUSED: dict[str, dict[str, Any]] = {
    "no token": {"token": ""},
    "wrong token": {"token": "x" * 32},
    "wrong host": {"Host": "example.org"},
    "wrong host with the port": {"Host": "example.org:80"},
    "host that ends like ours": {"Host": "127.0.0.1.example.org"},
    "no host": {"Host": None},
    "foreign origin": {"Origin": "http://example.org"},
    "origin of another port": {"Origin": "http://127.0.0.1:1"},
    "origin of a file": {"Origin": "null"},
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("path", PATHS)
def test_request_of_someone_else_gets_nothing(page, path, case):
    assert page.request("GET", path, **REFUSED[case]) == (404, b"")


@pytest.mark.parametrize("case", [*REFUSED, "no origin"])
def test_answer_of_someone_else_is_not_taken(page, case):
    query = page.next()
    said = {"client": "x", "state": "skipped", "pixels": [], "again": False}
    changes = REFUSED.get(case, {"Origin": None})
    assert page.request("POST", f"answer/{query['index']}", said, **changes) == (404, b"")
    assert not page.answers_path.exists()


@pytest.mark.parametrize(
    "path",
    [
        "../queries.h5",
        "..%2fqueries.h5",
        "%2e%2e/queries.h5",
        "image/../../queries.h5",
        "image/0/../../../etc/passwd",
        "//etc/passwd",
        "page.js/../../../../../etc/passwd",
        "..\\queries.h5",
        "app.py",
        "__init__.py",
        "image/-1",
        "image/0?path=/etc/passwd",
    ],
)
def test_path_to_a_file_gets_nothing(page, path):
    assert page.request("GET", path) == (404, b"")


@pytest.mark.parametrize("what", ["image", "around"])
def test_query_that_is_none_is_refused(page, what):
    assert page.request("GET", f"{what}/999") == (
        400,
        b"there is no query 999: there are 5, from 0",
    )
    assert json.loads(page.request("GET", "query/999")[1]) == {"query": None}


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_get_nothing(page, method):
    assert page.request(method, "round")[1] == b""


def test_server_listens_on_loopback_alone(page):
    port = urlsplit(page.address).port
    others = {
        str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    }
    for other in sorted(others - {"127.0.0.1", "127.0.1.1"}):
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((other, port), timeout=2)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.org", ""])
def test_host_must_be_one_address(host):
    with pytest.raises(UserError, match="allowed is one address of this machine"):
        require_address(host)


def test_port_in_use_is_named(page, tmp_path, capsys):
    words = ["annotate", "--queries", str(tmp_path / "queries.h5"), "--answers", "a.jsonl"]
    port = str(urlsplit(page.address).port)
    code = main([*words, "--target-root", str(tmp_path / "pool"), "--port", port])
    assert code == 2
    assert f"--port {port}: Address already in use" in capsys.readouterr().err


def test_no_header_lets_other_pages_in(page):
    with socket.create_connection(("127.0.0.1", urlsplit(page.address).port)) as connection:
        host = urlsplit(page.address).netloc
        path = urlsplit(page.address).path
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        head = connection.recv(1 << 16).decode().partition("\r\n\r\n")[0]
    assert "default-src 'none'" in head
    assert "Referrer-Policy: no-referrer" in head
    assert "Access-Control" not in head


def test_browser_that_goes_away_leaves_no_trace(page, capfd):
    parts = urlsplit(page.address)
    for _ in range(3):
        connection = socket.create_connection(("127.0.0.1", parts.port))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(f"GET {parts.path}image/0 HTTP/1.1\r\nHost: {parts.netloc}\r\n".encode())
        connection.close()  # is reset
    assert page.request("GET", "round")[0] == 200
    time.sleep(0.1)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "change",
    [
        {"pixels": [0]},
        {"pixels": [7] * 9},
        {"pixels": [0.0] * 9},
        {"pixels": "0"},
        {"state": "perhaps"},
        {"seconds": -1},
        {"seconds": "1"},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"seconds": 1e300},
        {"seconds": 10**400},
        {"pixels": [1e400] * 9},
        {"pixels": [[]] * 9},
        {"who": "\ud800"},
        {"again": "false"},
        {"again": None},
        {"who": 3},
        {"who": "x" * 201},
        {"answer_id": "x" * 201},
    ],
)
def test_answer_that_does_not_fit_is_not_written(page, change):
    query = page.next()
    assert page.answer(query, 0, **change) == 400
    assert not page.answers_path.exists()


BODIES = {
    "a list": b"[]",
    "a number": b"7",
    "nothing": b"",
    "no JSON": b"{client: me}",
    "half of it": b'{"client": "me", "wi',
    "no UTF-8": b'{"client": "\xff"}',
    "UTF-16": '{"client": "me", "without": []}'.encode("utf-16"),
    "packed": gzip.compress(b'{"client": "me", "without": []}'),
    "a key twice": b'{"client": "me", "client": "you", "without": []}',
    "without end": b"[" * 100_000,
    "a large number": b'{"client": "me", "without": [' + b"9" * 10_000 + b"]}",
    "no client": b'{"without": []}',
    "a client that is a number": b'{"client": 7, "without": []}',
    "a long client": b'{"client": "' + b"x" * 1000 + b'", "without": []}',
    "a query that is none": b'{"client": "me", "without": [99]}',
    "a query that is a list": b'{"client": "me", "without": [[0]]}',
    "queries that are none": b'{"client": "me", "without": 0}',
}


@pytest.mark.parametrize("case", BODIES)
def test_body_that_is_none_gets_a_line(page, case, capfd):
    status, said = page.post("next", BODIES[case])
    assert status == 400
    assert said.count(b"\n") == 0 < len(said) < 1000
    assert page.next()["index"] >= 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("path", ["hold", "leave", "finish", "answer/0", "answer/99"])
@pytest.mark.parametrize("body", [b"[]", b"{}", b"null"])
def test_body_of_any_request_is_looked_at(page, path, body, capfd):
    status, said = page.post(path, body)
    assert (status, bool(said)) == (400, True)
    assert capfd.readouterr() == ("", "")
    assert not page.answers_path.exists()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("POST {}next HTTP/1.1", 411),
        ("POST {}next HTTP/1.1\nContent-Length: x", 411),
        ("POST {}next HTTP/1.1\nContent-Length: -1", 411),
        ("POST {}next HTTP/1.1\nContent-Length: " + "9" * 5000, 411),
        ("POST {}next HTTP/1.1\nTransfer-Encoding: chunked", 411),
        ("POST {}next HTTP/1.1\nContent-Length: 99999999", 413),
        ("PUT {}next HTTP/1.1", 501),
        ("GET {}next HTTP/9.9", 505),
        ("GET {}next HTTP/x", 400),
        ("GET {} next HTTP/1.1", 400),
        ("nonsense", 400),
        ("GET {}" + "x" * 70_000 + " HTTP/1.1", 414),
        ("GET {}next HTTP/1.1\nX: " + "x" * 70_000, 431),
        ("GET {}next HTTP/1.1" + "\nX: x" * 200, 431),
    ],
)
def test_malformed_request_gets_a_status_and_a_line(page, head, status, capfd):
    reply = page.say(head)
    assert int(reply.split()[1]) == status
    body = reply.partition(b"\r\n\r\n")[2]
    assert body.count(b"\n") == 0 < len(body)
    assert page.next()["index"] >= 0
    assert capfd.readouterr() == ("", "")


def test_request_that_does_not_come_to_its_end_gets_a_line(page, monkeypatch):
    monkeypatch.setattr(_Handler, "timeout", 0.05)
    assert page.say("POST {}next HTTP/1.1\nContent-Length: 9").split()[1] == b"408"


def test_two_people_get_different_queries(page):
    one, other = page.next("one"), page.next("other")
    assert one["index"] != other["index"]
    assert page.next("one")["index"] == one["index"]


def test_two_servers_share_a_round(tmp_path):
    make_round(tmp_path, random_centres(20))
    with serving(tmp_path) as one, serving(tmp_path) as other:
        seen = []
        for _ in range(10):
            for page, client in ((one, "one"), (other, "other")):
                query = page.next(client)
                seen.append(query["index"])
                assert page.answer(query, 1, client=client) == 200
        assert sorted(seen) == list(range(20))
        assert (one.next("one"), other.next("other")) == (None, None)
        assert states(one) == {"answered": 20}


def test_round_that_asks_for_nothing_is_done(tmp_path):
    make_round(tmp_path, [])
    with serving(tmp_path) as page:
        assert page.next() is None
        assert json.loads(page.request("GET", "round")[1])["progress"]["total"] == 0


def test_claim_lapses(tmp_path):
    make_round(tmp_path, random_centres(1))
    with serving(tmp_path, lapse_s=0) as page:
        assert page.next("gone")["index"] == page.next("here")["index"]


def test_answer_to_what_someone_else_answered_is_refused(tmp_path):
    make_round(tmp_path, random_centres(1))
    with serving(tmp_path, lapse_s=0) as page:
        slow, fast = page.next("slow"), page.next("fast")
        assert page.answer(fast, 1, client="fast") == 200
        assert page.answer(slow, 2, client="slow") == 409
        assert page.answer(slow, 2, client="slow", again=True) == 200


def test_answer_sent_twice_is_taken_once(page):
    query = page.next()
    for _ in range(2):
        assert page.answer(query, 1, answer_id="same") == 200
    assert len(page.answers_path.read_text().splitlines()) == 2


def test_undone_answer_is_asked_again(page):
    query = page.next()
    page.answer(query, 1)
    assert page.answer(query, again=True, state="undone", pixels=[]) == 200
    assert page.next()["index"] == query["index"]


def test_queries_are_asked_image_by_image(page):
    images = []
    for _ in range(5):
        query = page.next()
        images.append(query["image"])
        page.answer(query, 1)
    assert len(set(images)) == sum(a != b for a, b in zip(images, [None, *images], strict=False))


def test_picture_of_another_size_is_named(tmp_path):
    make_round(tmp_path, [(0, 3, 3)])
    save(tmp_path / "pool/images/0000.png", np.zeros((30, 20, 3), np.uint8))
    with serving(tmp_path) as page:
        status, content = page.request("GET", "around/0")
    assert status == 400
    assert b"0000.png: is 30 high 20 wide, the queries are of 40 high 60 wide" in content


def test_picture_that_is_exchanged_while_people_answer_is_named(tmp_path):
    queries, image = make_round(tmp_path, [(0, 3, 3)]), tmp_path / "pool/images/0000.png"
    (tmp_path / "queries.h5").unlink()
    save_queries(tmp_path / "queries.h5", with_images(queries, {"0000": image}))
    with serving(tmp_path) as page:
        image.write_bytes((tmp_path / "pool/images/0001.png").read_bytes())
        status, content = page.request("GET", "around/0")
    assert status == 400
    assert b"0000.png: has changed since the queries were chosen: restore it" in content


def start(folder, *options):
    """A server in a process of its own."""
    words = [sys.executable, "-m", "cbda", "annotate", "--queries", folder / "queries.h5"]
    words += ["--answers", folder / "answers.jsonl", "--target-root", folder / "pool", *options]
    process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    address = re.findall(r"http\S+", process.stdout.readline())[0]
    return process, Page(address, folder / "answers.jsonl")


def test_killed_server_loses_no_answer_that_it_acknowledged(tmp_path):
    make_round(tmp_path, random_centres(2000))
    acknowledged = {}
    for attempt in range(4):
        process, page = start(tmp_path)
        threading.Timer(0.1 + 0.07 * attempt, process.kill).start()
        with suppress(OSError, http.client.HTTPException):
            while query := page.next():
                value, name = query["index"] % 3, f"{attempt} {query['index']}"
                if page.answer(query, value, answer_id=name) == 200:
                    acknowledged[query["image"], query["row"], query["column"], 1] = value
        assert process.wait() == -signal.SIGKILL
    answers = AnswerFile(page.answers_path)
    found = {place: given.answer.pixels[0] for place, given in answers.latest.items()}
    assert len(acknowledged) > 10
    assert acknowledged.items() <= found.items()
    whole = [line for line in page.answers_path.read_text().splitlines() if line.endswith("}")]
    assert sum('"image"' in line for line in whole) == len(found)


def test_page_is_told_at_once_that_the_answers_are_gone(page):
    assert page.answer(page.next(), 0) == 200
    query = page.next()
    kept = page.answers_path.rename(page.answers_path.with_suffix(".old"))
    for path, body in (("hold", {"client": "me"}), ("next", {"client": "me", "without": []})):
        status, said = page.request("POST", path, body)
        assert (status, b"is gone, and the answers in it: put it back" in said) == (400, True)
    assert page.answer(query, 1) == 400
    assert not page.answers_path.exists()
    kept.rename(page.answers_path)
    assert page.answer(query, 1) == 200
    assert states(page) == {"answered": 2, "open": 3}


def test_trouble_with_claims_names_the_answers(page, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, "Read-only file system", "hidden")

    monkeypatch.setattr("cbda.annotation.claims.os.open", refuse)
    status, said = page.request("POST", "next", {"client": "me", "without": []})
    assert (status, said.decode()) == (
        400,
        f"{page.answers_path}: cannot be written: Read-only file system",
    )
