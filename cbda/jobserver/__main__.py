"""``python -m cbda.jobserver KIND LISTENER RUN [ready]``, of two sockets that are open."""

import sys
from importlib import import_module

from cbda.jobserver.server import main

argv = main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), is_ready=len(sys.argv) > 4)
if argv is not None:  # in the process of a job
    sys.exit(import_module("cbda.cli").main(argv))  # by name, as imports go down only
