"""The page's server, of the standard library."""

import re
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6
from typing import Any

from cbda.annotation.app import NOT_FOUND, App, Response
from cbda.annotation.guard import HEADERS, Guard
from cbda.errors import UserError

MAX_BODY_BYTES = 1 << 22
IDLE_S = 120


class Server(ThreadingHTTPServer):
    """Serves the page at `address` until it is stopped; whoever lacks the token gets nothing."""

    daemon_threads = True

    def __init__(self, app: App, host: str, port: int) -> None:
        self.app, self.guard = app, Guard(host)
        self.address_family = AF_INET6 if ":" in host else self.address_family
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise UserError(f"--host {host} --port {port}: {error.strerror}") from error

    def handle_error(self, *of: Any) -> None:
        """Say nothing of a browser that went away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(*of)

    @property
    def address(self) -> str:
        """Address of the page."""
        host, port = self.server_address[:2]
        name = f"[{host!s}]" if ":" in str(host) else host
        return f"http://{name!s}:{port}/{self.guard.token}/"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # of a line that is no request, which gets a status too
    timeout = IDLE_S
    disable_nagle_algorithm = True  # else an answer waits for the browser's delayed receipt
    wbufsize = -1
    server_version, sys_version = "cbda", ""

    def do_GET(self) -> None:
        path = self._admit("GET")
        if path is not None:
            self._send(self.server.app.respond("GET", path))

    def do_POST(self) -> None:
        path = self._admit("POST")
        if path is None:
            return
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,9}", length):
            self.send_error(HTTPStatus.LENGTH_REQUIRED, "Content-Length is no number of bytes")
        elif int(length) > MAX_BODY_BYTES:
            allowed = f"allowed are up to {MAX_BODY_BYTES} bytes"
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, allowed)
        else:
            self._answer(path, int(length))

    def _answer(self, path: str, length: int) -> None:
        try:
            body = self.rfile.read(length)
        except TimeoutError:
            self.send_error(HTTPStatus.REQUEST_TIMEOUT, "the request did not come to its end")
        else:
            self._send(self.server.app.respond("POST", path, body))

    def _admit(self, method: str) -> str | None:
        path = self.server.guard.admit(method, self.path, self.headers)
        if path is None:
            self.send_error(NOT_FOUND)
        return path

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        text = "; charset=utf-8" if response.kind.startswith("text/") else ""
        self.send_header("Content-Type", response.kind + text)
        self.send_header("Content-Length", str(len(response.content)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Say why, in a line, and read no more; to whoever lacks the token, say nothing."""
        self.close_connection = True
        headers = getattr(self, "headers", None)
        text = f"{HTTPStatus(code).phrase}: {message}" if message else HTTPStatus(code).phrase
        is_known = headers is None or self.server.guard.admit(self.command, self.path, headers)
        is_silent = is_known is None or code == NOT_FOUND
        self._send(Response(NOT_FOUND) if is_silent else Response(code, text.encode()))

    def log_message(self, *_: Any) -> None:
        """Say nothing: the address of every request holds the token."""
