"""The methods that have a name, and the references they are compared with.

Only the workflow reads this module, so that a new name makes no finished job stale.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from cbda.acquisition.choice import Choice, Views
from cbda.acquisition.external import require_defined
from cbda.acquisition.methods import SCORE_NAMES, Method, is_external
from cbda.errors import UserError, require_choice
from cbda.settings.mistakes import require_valid
from cbda.settings.section import Section

METHODS = {
    "ra": Method(),
    "cb": Method(balance="consumed"),
    "da": Method(allocation="dynamic"),
    "cbda": Method(allocation="dynamic", balance="quota"),
    "cb_literal": Method(balance="consumed_literal"),
    "cbda_consumed": Method(allocation="dynamic", balance="consumed"),
    "cbda_literal": Method(allocation="dynamic", balance="consumed_literal"),
    "ra_exact": Method(score="ripu_exact"),
    "cb_exact": Method(score="ripu_exact", balance="consumed"),
    "da_exact": Method(score="ripu_exact", allocation="dynamic"),
    "cbda_exact": Method(score="ripu_exact", allocation="dynamic", balance="quota"),
    "cbda_explore": Method(allocation="dynamic", balance="quota", random_fraction=0.2),
    "random": Method(score="random"),
    "random_class": Method(score="random", balance="consumed"),
    "entropy": Method(score="entropy"),
    "margin": Method(score="margin"),
    "bvsb": Method(score="bvsb"),
    "bvsb_exp": Method(score="bvsb", allocation="dynamic", balance="exp"),
    "bvsb_pixbal": Method(score="bvsb", allocation="dynamic", balance="pixbal"),
    "clasp": Method(score="soft_entropy", allocation="stratified", choice=Choice(sampling="power")),
    "pa": Method(unit="pixel"),
    "cbpa": Method(unit="pixel", balance="consumed"),
    "dpa": Method(unit="pixel", allocation="dynamic"),
    "cbdpa": Method(unit="pixel", allocation="dynamic", balance="quota"),
    "random_pixel": Method(score="random", unit="pixel", radius=0),
    "bald_dropout": Method(score="bald_dropout"),
    "bald_shifted": Method(score="bald_shifted"),
    "mean_entropy_dropout": Method(score="mean_entropy_dropout"),
    "mean_entropy_shifted": Method(score="mean_entropy_shifted"),
    "entropy_pixel": Method(score="entropy", unit="pixel"),
    "margin_pixel": Method(score="margin", unit="pixel"),
    "bvsb_pixel": Method(score="bvsb", unit="pixel"),
    "da_power": Method(allocation="dynamic", choice=Choice(sampling="power")),
    "da_softmax": Method(allocation="dynamic", choice=Choice(sampling="softmax", beta=10.0)),
    "da_softrank": Method(allocation="dynamic", choice=Choice(sampling="softrank")),
    "margin_superpixel": Method(score="margin", unit="superpixel", allocation="dynamic", radius=8),
    "random_superpixel": Method(score="random", unit="superpixel", allocation="dynamic", radius=8),
    "margin_image": Method(score="margin", unit="image", allocation="dynamic"),
    "random_image": Method(score="random", unit="image", allocation="dynamic"),
    "coreset": Method(score="random", allocation="coreset"),
    "coreset_image": Method(score="random", unit="image", allocation="coreset"),
    "typical": Method(score="random", allocation="typical"),
    "typical_image": Method(score="random", unit="image", allocation="typical"),
    "margin_power": Method(score="margin", choice=Choice(sampling="power")),
    "da_margin": Method(score="margin", allocation="dynamic"),
    "da_margin_power": Method(
        score="margin", allocation="dynamic", choice=Choice(sampling="power")
    ),
    "cbda_margin": Method(score="margin", allocation="dynamic", balance="quota"),
    "cbda_margin_consumed": Method(score="margin", allocation="dynamic", balance="consumed"),
    "cbda_margin_power": Method(
        score="margin", allocation="dynamic", balance="quota", choice=Choice(sampling="power")
    ),
    "margin_pixel_power": Method(score="margin", unit="pixel", choice=Choice(sampling="power")),
    "da_margin_pixel": Method(score="margin", unit="pixel", allocation="dynamic"),
    "da_margin_pixel_power": Method(
        score="margin", unit="pixel", allocation="dynamic", choice=Choice(sampling="power")
    ),
    "cbda_margin_pixel": Method(
        score="margin", unit="pixel", allocation="dynamic", balance="quota"
    ),
    "cbda_margin_pixel_consumed": Method(
        score="margin", unit="pixel", allocation="dynamic", balance="consumed"
    ),
    "cbda_margin_pixel_power": Method(
        score="margin",
        unit="pixel",
        allocation="dynamic",
        balance="quota",
        choice=Choice(sampling="power"),
    ),
    "pixelpick": Method(score="margin", unit="pixel", choice=Choice(sampling="top")),
}

REFERENCES = ("source_only", "full")
SHOWN_AS = {  # in figures, on the page and in tables of a paper, where the name doesn't do
    **{name: name.upper() for name in ("ra", "cb", "da", "cbda", "pa", "cbpa", "dpa", "cbdpa")},
    **{f"{name}_exact": f"{name.upper()}, exact" for name in ("ra", "cb", "da", "cbda")},
    **{f"da_{name}": f"DA, {name}" for name in ("power", "softmax", "softrank")},
    "cb_literal": "CB, literal",
    "cbda_consumed": "CBDA, consumed",
    "cbda_literal": "CBDA, literal",
    "cbda_explore": "CBDA, 20 % random",
    "random": "Random",
    "random_class": "Random, balanced",
    "random_pixel": "Random pixels",
    "entropy": "Entropy",
    "entropy_pixel": "Entropy, pixels",
    "margin": "Margin",
    "margin_pixel": "Margin, pixels",
    "bvsb": "BvSB",
    "bvsb_exp": "BvSB, balanced",
    "bvsb_pixbal": "BvSB + PixBal",
    "bvsb_pixel": "BvSB, pixels",
    "clasp": "ClaSP PE",
    "bald_dropout": "BALD, dropout",
    "bald_shifted": "BALD, shifted views",
    "mean_entropy_dropout": "Mean entropy, dropout",
    "mean_entropy_shifted": "Mean entropy, shifted views",
    "pixelpick": "PixelPick",
    "margin_superpixel": "Margin, superpixels",
    "random_superpixel": "Random superpixels",
    "margin_image": "Margin, images",
    "random_image": "Random images",
    "coreset": "Core-set",
    "coreset_image": "Core-set, images",
    "typical": "TypiClust",
    "typical_image": "TypiClust, images",
    "margin_power": "Margin, power",
    "margin_pixel_power": "Margin, pixels, power",
    "da_margin": "DA, margin",
    "da_margin_power": "DA, margin, power",
    "da_margin_pixel": "DA, margin, pixels",
    "da_margin_pixel_power": "DA, margin, pixels, power",
    "cbda_margin": "CBDA, margin",
    "cbda_margin_consumed": "CBDA, margin, consumed",
    "cbda_margin_power": "CBDA, margin, power",
    "cbda_margin_pixel": "CBDA, margin, pixels",
    "cbda_margin_pixel_consumed": "CBDA, margin, pixels, consumed",
    "cbda_margin_pixel_power": "CBDA, margin, pixels, power",
    "source_only": "Source only",
    "full": "Full supervision",
}
NAMES_TAKEN = (*METHODS, *REFERENCES, "pretrain", "data")
SECTIONS: dict[str, type[Section]] = {
    "choice": Choice,
    "views": Views,
}  # of a method, whose keys are parts of it
ALIASES = {"explore": "random_fraction"}  # what 0.1.0 called a part of a method


def require_new_name(name: str, others: Iterable[str] = ()) -> None:
    """Raise a `UserError` unless a method of the user's own may have this name."""
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        raise UserError(f"{name!r} is no name: lower case letters, digits and underscores only")
    if name in NAMES_TAKEN or name in others:
        raise UserError(f"{name!r} is taken by a method of that name")


def require_one_name(parts: Iterable[str]) -> None:
    """Raise a `UserError` if a part is given by two of its names."""
    for old, new in ALIASES.items():
        if {old, new} <= set(parts):
            raise UserError(f"{old!r} is another name of {new!r}: give one of them")


def compose(parts: Mapping[str, Any]) -> Method:
    """A method from its parts, those left out as in `ra`; a `UserError` for an unknown one."""
    parts_alone = [item.name for item in fields(Method) if item.name not in SECTIONS]
    allowed = [*parts_alone, *(key for kind in SECTIONS.values() for key in kind.model_fields)]
    unknown = ", ".join(map(repr, sorted(set(parts) - {*allowed, *ALIASES})))
    if unknown:
        raise UserError(f"unknown part {unknown}; allowed: {', '.join(allowed)}")
    require_one_name(parts)
    values: dict[str, Any] = {
        ALIASES.get(name, name): tuple(v) if isinstance(v, list) else v for name, v in parts.items()
    }
    for name, kind in SECTIONS.items():
        own = {key: values.pop(key) for key in kind.model_fields if key in values}
        values[name] = require_valid(kind, own)
    method = Method(**values)
    if is_external(method.score):
        require_defined(method.score)
    else:
        require_choice("method score", method.score, SCORE_NAMES)
    return method


def balance_settings(method: Method, experiment: Mapping[str, Any]) -> dict[str, Any]:
    """The section `acquire` of the configuration, with what a method has of its own."""
    own = {name: getattr(method, name) for name in experiment}
    return {**experiment, **{name: value for name, value in own.items() if value is not None}}
