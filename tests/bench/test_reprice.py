"""`bench.reprice`: a run that is over, at other prices."""

from __future__ import annotations

from pathlib import Path

import pytest

import workbench as wb
from tests.bench.world import bench, plan


def test_a_run_and_its_table_from_mlflow(tmp_path: Path, url: str, store: str) -> None:
    """The handle and the table loaded back give the same cost by arm, and doubled prices double it."""
    made = bench(tmp_path, url, store=store, study="reprice")
    try:
        run = made.run(plan(made), show=False)
        made.compare(run)
        made.sync()
        same = made.reprice(run).frame.set_index("arm")
        assert list(same["usd_before"]) == pytest.approx(list(same["usd_after"]))
        assert same["usd_before"].min() > 0
        (price,) = [price for name, price in made.book.declared.items() if name == "offline/tfidf"]
        double = wb.Price(in_per_mtok=2 * price.in_per_mtok, out_per_mtok=2 * price.out_per_mtok)
        book = wb.PriceBook(declared={"offline/tfidf": double})
        for source in (run, made.load(run.execution_id)):
            assert list(made.reprice(source, book).frame["change"]) == pytest.approx([1.0, 1.0])
        half = made.reprice(run, scenario=wb.Scenario(semantic_hits=0.5)).frame
        assert list(half["change"]) == pytest.approx([-0.5, -0.5])
        spent = wb.spending(run.ledger)
        assert spent.usd == pytest.approx(run.progress.usd)
        assert list(spent.by_purpose["purpose"]) == ["arm"]
    finally:
        made.close()
