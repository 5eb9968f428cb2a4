"""``python -m cbda``."""

import sys

from cbda.jobserver.client import run_remotely

code = run_remotely(sys.argv[1:])
if code is None:
    from cbda.cli import main

    code = main()
sys.exit(code)
