"""As `consumed` when the round starts; see `cbda.selection.quota` for what follows."""

from cbda.selection.balances.consumed import weights

__all__ = ["AIMS", "weights"]
AIMS = True
