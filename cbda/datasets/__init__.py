"""Data sets: one module per layout on disk."""
