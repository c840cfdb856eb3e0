"""`python -m sandbox.api HOME PORT`: the process that `StubApi.start` begins."""

import sys
from pathlib import Path

from sandbox.api.server import serve

if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
