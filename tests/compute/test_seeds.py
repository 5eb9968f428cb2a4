from cbda.compute.seeds import Stream, derive_seed


def test_derived_seeds_are_apart():
    """Within a stream, paths are of one length."""
    paths = [(0, 0), (0, 1), (1, 0), (1, 1)]
    seeds = {derive_seed(s, stream, *path) for s in (0, 1) for stream in Stream for path in paths}
    assert len(seeds) == 2 * len(Stream) * len(paths)
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derive_seed(3, Stream.DROPOUT, 4) == derive_seed(3, Stream.DROPOUT, 4)
