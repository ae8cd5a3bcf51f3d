"""`python -m workbench.offline`: the embedded endpoint as a child of another process."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.offline.process import serve_child

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--replay", type=Path, default=None)
    parser.add_argument("--vectors", type=Path, default=None)
    options = parser.parse_args()
    serve_child(options.port, options.replay, options.vectors)
