"""Label ids that are no class."""

from collections.abc import Sequence

from cbda.errors import UserError

VOID = 255  # what belongs to no class, or was not acquired
UNKNOWN = -1
MAX_CLASSES = VOID  # train ids 0..254


class OtherIdsError(UserError):
    """A label holds ids that mean nothing, or colours in their place.

    Attributes:
        others: these, as a list of a configuration has them.
    """

    def __init__(self, message: str, others: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.others = others
