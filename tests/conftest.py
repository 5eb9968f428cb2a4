"""One thread for every test, and for every process that a test starts."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported
