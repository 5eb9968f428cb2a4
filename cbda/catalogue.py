"""The methods that have a name, and the references they are compared with.

Only the workflow reads this module, so that a new name makes no finished job stale.
"""

from collections.abc import Mapping

from cbda.methods import Method, require_choice

METHODS = {
    "ra": Method(),
    "cb": Method(balance="consumed"),
    "da": Method(allocation="dynamic"),
    "cbda": Method(allocation="dynamic", balance="consumed"),
    "ra_exact": Method(score="ripu_exact"),
    "cb_exact": Method(score="ripu_exact", balance="consumed"),
    "da_exact": Method(score="ripu_exact", allocation="dynamic"),
    "cbda_exact": Method(score="ripu_exact", allocation="dynamic", balance="consumed"),
    "random": Method(score="random"),
    "entropy": Method(score="entropy"),
    "margin": Method(score="margin"),
    "pa": Method(unit="pixel"),
    "cbpa": Method(unit="pixel", balance="consumed"),
    "dpa": Method(unit="pixel", allocation="dynamic"),
    "cbdpa": Method(unit="pixel", allocation="dynamic", balance="consumed"),
    "random_pixel": Method(score="random", unit="pixel"),
}

REFERENCES = ("source_only", "full")


def resolve_method(name: str, custom: Mapping[str, Mapping[str, str]]) -> Method:
    """A method by its name.

    Args:
        name: a key of `custom` or of `METHODS`.
        custom: methods that the configuration defines, by name.

    Raises:
        UserError: an unknown name, or an unknown part of a method.
    """
    require_choice("method", name, (*METHODS, *custom))
    return Method(**custom[name]) if name in custom else METHODS[name]
