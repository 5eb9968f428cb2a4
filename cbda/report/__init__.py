"""The report: figures and one self-contained page.

Figures take the tables of `cbda.results.tabulate` and return a matplotlib figure; nothing here but
`gallery` runs a network.
"""
