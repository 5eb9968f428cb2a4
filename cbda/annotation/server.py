"""The page's server, of the standard library."""

import sys
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
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self.send_error(NOT_FOUND)
        else:
            self._send(self.server.app.respond("POST", path, self.rfile.read(int(length))))

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
        self.wfile.write(response.content)

    def send_error(self, *_: Any) -> None:
        """Say nothing, and read no more."""
        self.close_connection = True
        self._send(Response(NOT_FOUND))

    def log_message(self, *_: Any) -> None:
        """Say nothing: the address of every request holds the token."""
