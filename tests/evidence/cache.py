"""The semantic cache: what is claimed of it, measured; `make evidence-cache`, or with QUICK=1 in short."""

from __future__ import annotations

from tests.evidence.cache_guard import guard
from tests.evidence.cache_live import live
from tests.evidence.cache_replay import replays
from tests.evidence.cache_truth import truth
from tests.evidence.ledger import Ledger

__all__ = ["main"]


def main() -> None:
    """Print the table, and end with 1 where a row that is asserted was missed."""
    ledger = Ledger("cache")
    for part in (replays, truth, guard, live):
        part(ledger)
    ledger.exit()


if __name__ == "__main__":
    main()
