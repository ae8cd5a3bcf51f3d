"""The notebook contract: the one text that README, notebook 01 and the tests share."""

from __future__ import annotations

CONTRACT = """\
import workbench as wb
bench = wb.Bench("support-triage", models=["offline/minilm", "offline/tfidf"])
examples, cases = wb.Dataset.from_csv("tickets.csv", expected="label").split(16, seed=1)
terse = wb.Variant("terse", "Answer with one of {{labels}}.\\n\\n{{text}}", labels=cases.labels)
shots = terse.replace(name="few-shot", examples=examples)
plan = bench.plan([terse, shots], cases, scorers=[wb.exact()], incumbent=terse, margin=0.02, budget_usd=1)
plan                                  # calls, tokens, USD, minutes, the smallest difference it can show
run = bench.run(plan)                 # returns at once; live monitor; Stop, resume
result = bench.compare(run)           # waits; paired differences, denominators, front
result                                # quality against cost, drawn; result.frame is the table
decision = bench.decide(result)       # promote / keep / not enough evidence, rule by rule
bench.promote(decision)               # recorded, alias moved, can be rolled back
"""
