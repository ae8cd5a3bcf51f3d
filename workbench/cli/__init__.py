"""The command line: the journey's verbs over study files.

Takes arguments, gives text and exit codes (0 done, 1 not as hoped, 2 wrong input), never computes: a command
hands a study to `Bench` and prints what comes back.
"""

from workbench.cli.main import main

__all__ = ["main"]
