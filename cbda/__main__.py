"""``python -m cbda``."""

import sys

from cbda.cli import main

sys.exit(main())
