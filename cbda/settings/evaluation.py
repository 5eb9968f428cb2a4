"""Measurement on the validation set."""

from cbda.settings.section import Distinct, Section


class EvaluateSettings(Section):
    """Measurement on the validation set."""

    flip: bool = False
    """Average the probabilities with those of the mirrored image."""
    subset: Distinct[str] = ()
    """Classes over which a second mIoU is taken, such as the 13 of SYNTHIA; empty for none."""
