"""Entry point of `python -m extract`."""

import gc
import os
import sys
from importlib import import_module

# A short run is mostly loading, which allocates much and leaves no garbage.
gc.set_threshold(100_000)
# pyarrow brings numpy, and numpy's algebra would start a thread per core that nobody uses.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Looking for plugins reads the metadata of every package that is installed.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

status = import_module("extract.cli").main()
# What is left needs no last look either.
gc.freeze()
sys.exit(status)
