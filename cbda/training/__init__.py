"""The training loop, its losses and what it is fed."""
