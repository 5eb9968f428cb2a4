"""Generated scenes with labels, each kind in a source and a target domain."""
