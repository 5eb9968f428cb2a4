"""Networks, inference and checkpoints."""
