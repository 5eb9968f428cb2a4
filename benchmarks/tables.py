"""Tables of measurements, as Markdown."""

from dataclasses import dataclass, field


@dataclass
class Table:
    """Rows of text below a title.

    Attributes:
        title: what was measured.
        columns: their heads.
        rows: cells.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Append a row."""
        self.rows.append(cells)

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = [self.columns, tuple("-" * width for width in widths), *self.rows]
        cells = [
            " | ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True))
            for line in lines
        ]
        return "\n".join([f"{self.title}\n", *(f"| {line} |" for line in cells)])
