"""Calls you can trust: what is claimed of them, measured; `make evidence-calls`, or with QUICK=1 in short."""

from __future__ import annotations

from tests.evidence.calls_journal import journal
from tests.evidence.calls_layers import layers
from tests.evidence.calls_money import money
from tests.evidence.calls_safe import safe
from tests.evidence.calls_structured import structured
from tests.evidence.ledger import Ledger

__all__ = ["main"]


def main() -> None:
    """Print the table, and end with 1 where a row that is asserted was missed."""
    ledger = Ledger("calls")
    for part in (layers, journal, money, structured, safe):
        part(ledger)
    ledger.exit()


if __name__ == "__main__":
    main()
