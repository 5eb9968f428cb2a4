"""``python -m cbda.jobserver LISTENER RUN [ready]``, of two sockets that are open."""

import sys
from importlib import import_module

from cbda.jobserver.server import main

argv = main(int(sys.argv[1]), int(sys.argv[2]), len(sys.argv) > 3)
if argv is not None:  # in the process of a job
    sys.exit(import_module("cbda.cli").main(argv))  # by name, as imports go down only
