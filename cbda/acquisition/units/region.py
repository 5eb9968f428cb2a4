"""A window of (2k+1) x (2k+1) pixels; windows never overlap."""


def query_px(radius: int, size: tuple[int, int]) -> int:
    """Pixels of a window away from the border."""
    return (2 * radius + 1) ** 2


def label_radius(radius: int) -> int:
    """What a query labels around its centre, in px."""
    return radius


def suppression_radius(radius: int) -> int:
    """What a query suppresses around its centre, in px."""
    return 2 * radius
