"""Is this difference real: what is claimed of it, measured; `make evidence-decide`, QUICK=1 in short."""

from __future__ import annotations

from tests.evidence.decide_gates import gates
from tests.evidence.decide_intervals import intervals
from tests.evidence.decide_plan import planning
from tests.evidence.decide_racing import racing
from tests.evidence.decide_recorded import recorded
from tests.evidence.decide_selection import selection
from tests.evidence.ledger import Ledger

__all__ = ["main"]


def main() -> None:
    """Print the table, and end with 1 where a row that is asserted was missed."""
    ledger = Ledger("decide")
    for part in (gates, planning, intervals, racing, selection, recorded):
        part(ledger)
    ledger.exit()


if __name__ == "__main__":
    main()
