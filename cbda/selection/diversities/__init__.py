"""Choices by what the network makes of queries, so that they differ: a file each, found by name.

Each offers `pick`, which takes, by name, whatever it asks for of `features` (n,D) float32 of the
candidates, best first, `labelled` (m,D) of the queries of earlier rounds, `num_queries`, and a
`generator` of NumPy, to indices of the candidates in pick order, (M,) int64.
"""
