"""Prints the Python of a page, all blocks one after another.

python docs/examples.py docs/python.md
"""

import re
import sys
from pathlib import Path

BLOCK = re.compile(r"^```python\n(.+?)^```", re.MULTILINE | re.DOTALL)


def examples(page: Path) -> list[str]:
    """The blocks of a page."""
    return BLOCK.findall(page.read_text())


if __name__ == "__main__":
    print("\n".join(examples(Path(sys.argv[1]))))
