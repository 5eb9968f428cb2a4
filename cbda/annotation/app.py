"""What the page asks its server for, and what it gets."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

from cbda.annotation.crops import Crops
from cbda.annotation.session import Session, TakenError
from cbda.datasets.colours import class_palette
from cbda.errors import UserError
from cbda.files.answer_lines import Asked, parse_answer, parse_line

# Of the letters, those that do something else are left out: b, f, p, s, v, x, z.
CLASS_KEYS = "1234567890qwertyuioadghjklcnm"
KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
PAGE = "page.html"
NUMBER = r"(\d{1,9})"
MAX_TEXT, MAX_SAID = 200, 500  # characters of a name, and of what is wrong
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
                return _guarded(answer, [int(number) for number in found.groups()], given)
        return Response(NOT_FOUND)

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
        self._require_query(index)
        return Response(OK, self._crops.around(index), "image/png")

    def _image(self, index: int) -> Response:
        self._require_query(index)
        image_id = self._session.queries.place(index)[0]
        return Response(OK, self._crops.overview(image_id), "image/jpeg")

    def _next(self, body: dict[str, Any]) -> Response:
        without = body.get("without")
        if not isinstance(without, list):
            raise UserError("without is no list of queries")
        for index in without:
            self._require_query(index)
        return self._query(self._session.next(_text(body, "client"), frozenset(without)))

    def _answer(self, index: int, body: dict[str, Any]) -> Response:
        self._require_query(index)
        if not isinstance(body.get("again"), bool):
            raise UserError("again is neither true nor false")
        for name in {"who", "proposal", "answer_id"} & body.keys():
            _text(body, name)
        image, row, column, _ = self._session.queries.place(index)
        place = {"image": image, "row": row, "column": column}
        answer = parse_answer({**body, **place}, Asked.of(self._session.queries))
        self._session.answer(index, answer, body["again"])
        return _json({"progress": self._session.progress()})

    def _finish(self, body: dict[str, Any]) -> Response:
        self._session.finish(_text(body, "who"))
        return _json({"progress": self._session.progress()})

    def _hold(self, body: dict[str, Any]) -> Response:
        self._session.hold(_text(body, "client"))
        return _json({})

    def _leave(self, body: dict[str, Any]) -> Response:
        self._session.leave(_text(body, "client"))
        return _json({})

    def _require_query(self, index: Any) -> None:
        num_queries = len(self._session.queries)
        if type(index) is not int or not 0 <= index < num_queries:
            raise UserError(f"there is no query {str(index)[:20]}: there are {num_queries}, from 0")

    def _query(self, query: dict[str, Any] | None) -> Response:
        if query is None:
            return _json({"query": None})
        around = asdict(self._crops.surroundings(query["index"]))
        return _json({"query": {**query, "around": around}})


def _guarded(
    answer: Callable[..., Response], numbers: Sequence[int], bodies: Sequence[bytes]
) -> Response:
    """The answer to a request, or why there is none: nothing that is asked ends the server."""
    try:
        return answer(*numbers, *map(parse_line, bodies))
    except TakenError:
        return Response(CONFLICT)
    except (UserError, OSError) as error:
        return Response(BAD_REQUEST, " ".join(str(error).split())[:MAX_SAID].encode())
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        return Response(BAD_REQUEST, f"not what the page asks ({type(error).__name__})".encode())


def _text(body: dict[str, Any], name: str) -> str:
    """A text of a request; a `UserError` unless it is a short one."""
    text = body.get(name)
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        raise UserError(f"{name} is no text of up to {MAX_TEXT} characters")
    text.encode()  # which half a character can't be
    return text


def _json(content: Any) -> Response:
    return Response(OK, json.dumps(content).encode(), "application/json")
