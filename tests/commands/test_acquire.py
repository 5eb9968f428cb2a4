"""What `cbda acquire` tells of a round."""

from cbda.commands.acquire import describe
from tests.pools import summarise


def test_round_is_told_by_its_pixels_and_classes():
    counts = [[10, 0, 0, 0], [20, 60, 10, 0]]
    labels = summarise(counts, void_counts=[0, 10], num_pool_px=1000)
    assert describe(labels, ["road", "car", "pole", "bus"]) == (
        "100 px, 10.00% of the pool, 11.00% so far; most: car 60.0%, road 20.0%, pole 10.0%;"
        " void 10.0%; no pixel yet of: bus"
    )


def test_round_of_nothing_but_void_is_told():
    labels = summarise([[0, 0]], void_counts=[5], num_pool_px=100)
    assert describe(labels, ["road", "car"]).startswith(
        "5 px, 5.00% of the pool, 5.00% so far; most: no class; void 100.0%"
    )
