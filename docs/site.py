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
SHOWN = (".md", ".png", ".svg", ".csv")  # other files are no part of the site
SOURCES = {page: source for source, page in PAGES.items()}
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]*)(#[^)\s]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that lie elsewhere."""
    from mkdocs.structure.files import File

    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    files.append(File.generated(config, "reference.md", content=reference()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead links to where the pages are in the site."""
    source = SOURCES.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    return LINK.sub(partial(relink, posixpath.dirname(source)), markdown)


def reference() -> str:
    """What `import cbda` offers, from the docstrings."""
    objects = "\n\n".join(f"::: {module}.{name}" for name, module in cbda.PUBLIC.items())
    return f"# Reference\n\n`import cbda` offers these names.\n\n{objects}\n"


def relink(folder: str, link: re.Match[str]) -> str:
    """A link of a page that lies in a folder of the project."""
    mark, text, target, anchor = link[1], link[2], link[3], link[4] or ""
    if not target or ":" in target:
        return link[0]
    path = posixpath.normpath(posixpath.join(folder, target))
    if path in ("docs", "docs/README.md"):
        return f"{mark}[{text}](README.md{anchor})"
    if path in PAGES:
        return f"{mark}[{text}]({PAGES[path]}{anchor})"
    is_shown = path.startswith("docs/") and Path(path).suffix in SHOWN
    return f"{mark}[{text}]({path.removeprefix('docs/')}{anchor})" if is_shown else text
