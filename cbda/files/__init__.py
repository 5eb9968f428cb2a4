"""What files hold: the only package that knows HDF5, checkpoints and JSON by key."""
