"""Synthetic street scenes with labels, in a source and a target domain."""

from cbda.scenes.classes import CLASSES, VOID
from cbda.scenes.domains import DOMAINS
from cbda.scenes.rendering import render_scene

__all__ = ["CLASSES", "DOMAINS", "VOID", "render_scene"]
