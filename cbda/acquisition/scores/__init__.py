"""Built-in scores: a file each, which offers a function `region`, `pixel`, or both."""
