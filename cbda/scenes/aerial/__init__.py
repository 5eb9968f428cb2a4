"""Views of a landscape from above, with labels, in a source and a target domain."""
