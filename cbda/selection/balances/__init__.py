"""Class balances: a file each, found by its name, which offers `weights` of `Statistics`.

Those are of every class in the next round, (C,) float64 within [0, 1]. A file may say more:
``AIMS = True`` of one that goes by the target distribution, ``BY_PREDICTION = True`` of one that
goes by the predictions of the whole pool, and ``LITERAL = True`` of one whose weights multiply
scores of either sign, where all others hold back and raise nothing.
"""
