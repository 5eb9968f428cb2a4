"""Samplings: a file each, which offers a function `utility` of scores, or of their ranks.

A pixel competes by `u + G / beta`, u its utility and G a Gumbel number of its own, so that the one
that is taken first is drawn with a probability proportional to `exp(beta u)` (Kirsch et al., TMLR
2023, arXiv 2106.12059).
"""
