"""Which requests the page's server answers at all."""

import ipaddress
import secrets
from email.message import Message
from urllib.parse import urlsplit

from cbda.errors import UserError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """Knows the token of the address, and by which names this machine may be asked."""

    def __init__(self, host: str) -> None:
        self.token = secrets.token_urlsafe(24)
        self._hosts = {host, *(LOOPBACK if is_loopback(host) else ())}

    def admit(self, method: str, target: str, headers: Message) -> str | None:
        """The path of a request behind the token, or None if it gets nothing.

        A page of elsewhere can send a browser here: it has another Origin, or another Host if its
        own name was made to lead to this machine.
        """
        host, origin = headers.get("Host", ""), headers.get("Origin")
        if _hostname(f"//{host}") not in self._hosts:
            return None
        if (method != "GET" or origin is not None) and origin != f"http://{host}":
            return None
        _, _, rest = target.partition("/")
        token, slash, path = rest.partition("/")
        is_right = secrets.compare_digest(token.encode(), self.token.encode())
        return path if slash and is_right else None


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    return host == "localhost" or ipaddress.ip_address(host).is_loopback


def require_address(host: str) -> None:
    """Raise a `UserError` unless a host is one address of this machine."""
    try:
        is_one = host == "localhost" or not ipaddress.ip_address(host).is_unspecified
    except ValueError:
        is_one = False
    if not is_one:
        raise UserError(f"--host {host!r}: allowed is one address of this machine, as 127.0.0.1")


def _hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
