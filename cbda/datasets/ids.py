"""Label ids that are no class."""

VOID = 255  # what belongs to no class, or was not acquired
UNKNOWN = -1
MAX_CLASSES = VOID  # train ids 0..254
