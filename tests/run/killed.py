"""Runs the small plan and dies without a word at the given call: ``python -m tests.run.killed FOLDER N``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.plan.world import plan
from tests.run.world import Counting, journal, run
from workbench.core.records import Request


def main() -> None:
    """Run and die."""
    folder, fatal = Path(sys.argv[1]), int(sys.argv[2])

    def note(request: Request, n: int) -> None:
        if n == fatal:
            os._exit(9)

    run(plan(), Counting(note), journal(folder), concurrency=1)


if __name__ == "__main__":
    main()
