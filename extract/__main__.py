"""Entry point of `python -m extract`."""

import os
import sys

# pyarrow brings numpy, and numpy's algebra would start a thread per core that nobody uses.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from extract.cli import main

sys.exit(main())
