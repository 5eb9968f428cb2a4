"""Sections of the configuration for tests."""

from typing import Any, TypeVar

from cbda.settings.section import Section

S = TypeVar("S", bound=Section)


def replace(section: S, **changes: Any) -> S:
    """A copy with some keys changed, which may be smaller than a configuration allows."""
    return section.model_copy(update=changes)
