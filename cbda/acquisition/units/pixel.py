"""A single pixel, which suppresses a window of k px around it."""


def query_px(radius: int, size: tuple[int, int]) -> int:
    """One."""
    return 1


def label_radius(radius: int) -> int:
    """A query labels its centre alone."""
    return 0


def suppression_radius(radius: int) -> int:
    """What a query suppresses around its centre, in px."""
    return radius
