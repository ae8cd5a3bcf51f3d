"""Calls you can trust: what is claimed of them, measured; `make evidence-calls`, or with QUICK=1 in short."""

from __future__ import annotations

from tests.evidence.beside import beside
from tests.evidence.calls_journal import journal
from tests.evidence.calls_layers import accounts, limits, outage, survives
from tests.evidence.calls_money import money
from tests.evidence.calls_overhead import overhead
from tests.evidence.calls_safe import browser, safe
from tests.evidence.calls_structured import structured
from tests.evidence.examiner import examine
from tests.evidence.ledger import Ledger

__all__ = ["main"]

HEAVY = (
    "openai",
    "httpcore2",
    "scipy.stats",
    "jsonschema",
    "altair",
    "mlflow.store.tracking.sqlalchemy_store",
)
"""What most parts need and takes seconds to import."""


def main() -> None:
    """Print the table, and end with 1 where a row that is asserted was missed."""
    ledger = Ledger("calls")
    beside(
        ledger, survives, accounts, examine, *HEAVY, outage, limits, journal, safe, browser, structured, money
    )
    beside(ledger, overhead)  # while nothing else runs
    ledger.exit()


if __name__ == "__main__":
    main()
