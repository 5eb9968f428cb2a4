"""As `consumed`, with scores of either sign multiplied by the weights."""

from cbda.selection.balances.consumed import weights

__all__ = ["AIMS", "LITERAL", "weights"]
AIMS, LITERAL = True, True
