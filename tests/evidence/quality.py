"""Quality one can believe: what is claimed of it, measured; `make evidence-quality`, QUICK=1 in short."""

from __future__ import annotations

from tests.evidence.ledger import Ledger
from tests.evidence.quality_agreement import agreement
from tests.evidence.quality_guards import guards
from tests.evidence.quality_judge import judges
from tests.evidence.quality_scorers import scorers

__all__ = ["main"]


def main() -> None:
    """Print the table, and end with 1 where a row that is asserted was missed."""
    ledger = Ledger("quality")
    for part in (scorers, judges, agreement, guards):
        part(ledger)
    ledger.exit()


if __name__ == "__main__":
    main()
