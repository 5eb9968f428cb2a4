"""Paths of the configuration: ~ and variables of the environment mean the same in all of them."""

import os
import re
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from cbda.settings.section import Section, like

VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


def _expand(path: str, info: ValidationInfo) -> str:
    """The shortest form of a path, by which generated data are known, with variables replaced.

    Options of commands, which come without an environment, stay as they are.
    """
    environment = info.context
    if environment is None or not path:
        return path
    expanded = re.sub(r"^~(?=/|$)", "${HOME}", path)
    for variable in ("".join(names) for names in VARIABLE.findall(expanded)):
        if variable not in environment:
            named = f"{path!r} names the environment variable {variable}"
            raise ValueError(f"{named}, which is not set; set it, or give the path itself")
    expanded = VARIABLE.sub(lambda found: str(environment[found[1] or found[2]]), expanded)
    return expanded if expanded.startswith("<") else os.path.normpath(expanded)


Expanded = AfterValidator(_expand)
Folder = Annotated[
    str,
    Expanded,
    like(
        r"^[^-{}<>\x00-\x1f][^{}<>\x00-\x1f]*$",
        'a folder without {, }, < or > that does not start with "-"',
    ),
]
TABLES = like(
    r"^(<results>(?=/|$)|[^-{}<>\x00-\x1f])[^{}<>\x00-\x1f]*$",
    'a folder without {, }, < or > that does not start with "-"; <results> may begin it',
)


class PathSettings(Section):
    """Folders of the workflow."""

    results: Folder = "results"
    """Folder of all results."""
    tables: Annotated[str, Expanded, TABLES] = "<results>"
    """Folder of the tables and the report. Experiments that share runs have the same results and
    tables of their own."""

    answers: Folder = "answers"
    """Folder of the queries and answers of experiment.oracle people, outside of the results. It is
    the user's: nothing in it is ever overwritten or deleted."""

    def resolve(self) -> dict[str, str]:
        """The folders, by name."""
        tables = os.path.normpath(self.tables.replace("<results>", self.results))
        return {"results": self.results, "tables": tables}
