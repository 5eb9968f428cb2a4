"""What the page asks its server for, and what it gets."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

from cbda.annotation.crops import Crops
from cbda.annotation.session import Session, TakenError
from cbda.datasets.colours import class_palette
from cbda.errors import UserError
from cbda.files.answer_lines import Asked, parse_answer

# Of the letters, those that do something else are left out: b, f, p, s, v, x, z.
CLASS_KEYS = "1234567890qwertyuioadghjklcnm"
KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
PAGE = "page.html"
NUMBER = r"(\d{1,9})"
OK, NOT_FOUND, BAD_REQUEST, CONFLICT = 200, 404, 400, 409


@dataclass(frozen=True)
class Response:
    """An answer to a request."""

    status: int
    content: bytes = b""
    kind: str = "text/plain"


class App:
    """Answers the requests of the page. Nothing but queries is looked up by what they say."""

    def __init__(self, session: Session, crops: Crops) -> None:
        self._session, self._crops = session, crops
        folder = files("cbda.annotation").joinpath("page")
        self._assets = {
            "" if file.name == PAGE else file.name: Response(
                OK, file.read_bytes(), KINDS[file.name.rpartition(".")[2]]
            )
            for file in folder.iterdir()
        }
        self._get: dict[str, Callable[..., Response]] = {
            "round": self._round,
            f"query/{NUMBER}": self._at,
            f"around/{NUMBER}": self._around,
            f"image/{NUMBER}": self._image,
        }
        self._post: dict[str, Callable[..., Response]] = {
            "next": self._next,
            f"answer/{NUMBER}": self._answer,
            "finish": self._finish,
            "hold": self._hold,
            "leave": self._leave,
        }

    def respond(self, method: str, path: str, body: bytes = b"") -> Response:
        """Answer a request whose path is what follows the token."""
        if method == "GET" and path in self._assets:
            return self._assets[path]
        routes, given = (self._get, []) if method == "GET" else (self._post, [body])
        for pattern, answer in routes.items():
            if found := re.fullmatch(pattern, path):
                return self._guarded(answer, [*map(int, found.groups()), *map(_parse, given)])
        return Response(NOT_FOUND)

    def _guarded(self, answer: Callable[..., Response], arguments: list[Any]) -> Response:
        try:
            return answer(*arguments)
        except TakenError:
            return Response(CONFLICT)
        except (UserError, OSError) as error:
            return Response(BAD_REQUEST, str(error).encode())
        except (IndexError, KeyError, TypeError, ValueError):
            return Response(BAD_REQUEST, b"not what the page asks")

    def _round(self) -> Response:
        queries = self._session.queries
        colours = class_palette(len(queries.classes))[: len(queries.classes)].tolist()
        keys = CLASS_KEYS.ljust(len(queries.classes))
        described = zip(queries.classes, colours, keys, strict=False)
        classes = [
            {"name": name, "colour": "#{:02x}{:02x}{:02x}".format(*colour), "key": key.strip()}
            for name, colour, key in described
        ]
        facts = {"round": queries.round, "height": queries.height, "width": queries.width}
        return _json({**facts, "classes": classes, "progress": self._session.progress()})

    def _at(self, position: int) -> Response:
        return self._query(self._session.at(position))

    def _around(self, index: int) -> Response:
        return Response(OK, self._crops.around(index), "image/png")

    def _image(self, index: int) -> Response:
        image_id = self._session.queries.place(index)[0]
        return Response(OK, self._crops.overview(image_id), "image/jpeg")

    def _next(self, body: dict[str, Any]) -> Response:
        return self._query(self._session.next(str(body["client"]), frozenset(body["without"])))

    def _answer(self, index: int, body: dict[str, Any]) -> Response:
        image, row, column, _ = self._session.queries.place(index)
        place = {"image": image, "row": row, "column": column}
        answer = parse_answer({**body, **place}, Asked.of(self._session.queries))
        self._session.answer(index, answer, bool(body["again"]))
        return _json({"progress": self._session.progress()})

    def _finish(self, body: dict[str, Any]) -> Response:
        self._session.finish(str(body["who"]))
        return _json({"progress": self._session.progress()})

    def _hold(self, body: dict[str, Any]) -> Response:
        self._session.hold(str(body["client"]))
        return _json({})

    def _leave(self, body: dict[str, Any]) -> Response:
        self._session.leave(str(body["client"]))
        return _json({})

    def _query(self, query: dict[str, Any] | None) -> Response:
        if query is None:
            return _json({"query": None})
        around = asdict(self._crops.surroundings(query["index"]))
        return _json({"query": {**query, "around": around}})


def _parse(body: bytes) -> dict[str, Any]:
    content = json.loads(body)
    if not isinstance(content, dict):
        raise TypeError
    return content


def _json(content: Any) -> Response:
    return Response(OK, json.dumps(content).encode(), "application/json")
