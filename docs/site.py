"""What the site has beside the pages in docs/: pages of other folders, and the library's reference.

A hook of MkDocs, see mkdocs.yml. Links to files that are no pages become plain text.
"""

import posixpath
import re
from functools import partial
from pathlib import Path
from typing import Any

import cbda

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "start.md",
    "workflow/README.md": "files.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
NOTEBOOK = "evidence"  # a folder whose pages and figures keep their places
SHOWN = (".md", ".png", ".svg", ".csv")  # other files are no part of the site
SOURCES = {page: source for source, page in PAGES.items()}
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]*)(#[^)\s]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that lie elsewhere."""
    from mkdocs.structure.files import File

    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    for path in shown_files(ROOT / NOTEBOOK):
        place = path.relative_to(ROOT).as_posix()
        files.append(File.generated(config, place, abs_src_path=str(path)))
    files.append(File.generated(config, "reference.md", content=reference()))
    return files


def shown_files(folder: Path) -> list[Path]:
    """Pages and figures of a folder."""
    return sorted(path for path in folder.rglob("*") if path.suffix in SHOWN)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead links to where the pages are in the site."""
    place = page.file.src_uri
    return LINK.sub(partial(relink, source_of(place), place), markdown)


def source_of(place: str) -> str:
    """The file of the project that a page of the site is."""
    is_kept = place.startswith(f"{NOTEBOOK}/")
    return SOURCES.get(place, place if is_kept else f"docs/{place}")


def reference() -> str:
    """What `import cbda` offers, from the docstrings."""
    objects = "\n\n".join(f"::: {module}.{name}" for name, module in cbda.PUBLIC.items())
    return f"# Reference\n\n`import cbda` offers these names.\n\n{objects}\n"


def relink(source: str, place: str, link: re.Match[str]) -> str:
    """A link of a file of the project, whose place in the site is another."""
    mark, text, target, anchor = link[1], link[2], link[3], link[4] or ""
    if not target or ":" in target:
        return link[0]
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    found = place_of(path)
    if found is None:
        return text
    return f"{mark}[{text}]({posixpath.relpath(found, posixpath.dirname(place) or '.')}{anchor})"


def place_of(path: str) -> str | None:
    """Where a file of the project is in the site; None for nowhere."""
    if path in ("docs", "docs/README.md"):
        return "README.md"
    if path in PAGES:
        return PAGES[path]
    is_shown = path.startswith(("docs/", f"{NOTEBOOK}/")) and Path(path).suffix in SHOWN
    return path.removeprefix("docs/") if is_shown else None
