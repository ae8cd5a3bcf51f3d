"""Structured output: what `make evidence-calls` shows of it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import fastjsonschema

from tests.client.server import Seen, answer, chat, serve
from tests.conformance.model import request
from tests.conformance.scorer import a_trial
from tests.evidence.ledger import QUICK, Ledger
from tests.score.corpus import tickets
from tests.score.test_corpus import CORPUS, second
from workbench.client.fakes import fake_reply
from workbench.client.openai import OpenAI
from workbench.client.reask import Reask
from workbench.core.records import Reply, Request, Trial
from workbench.define.answer import SCHEMA_MODES, SchemaMode, answer_params
from workbench.errors import ModelError
from workbench.score.repair import repair
from workbench.score.structured import OUTCOMES, fault, first_outcome, outcome, outcome_of, parse
from workbench.score.validity import outcomes

__all__ = ["structured"]


def structured(ledger: Ledger) -> None:
    """Add the rows about structured output."""
    _corpus(ledger)
    _validators(ledger)
    _cuts(ledger)
    _reasks(ledger)
    _wire(ledger)


def _corpus(ledger: Ledger) -> None:
    right = sum(outcome_of(written.call, written.schema) == written.expected for written in CORPUS)
    ledger.exact(
        "written replies with the one outcome that a person gave them",
        f"{right} of {len(CORPUS)}",
        "all, at least 200",
        right == len(CORPUS) >= 200,
    )
    ledger.exact("outcomes that occur", len({each.expected for each in CORPUS}), len(OUTCOMES))
    mendable = [each for each in CORPUS if each.expected == "not JSON"]
    agreed = 0
    for written in mendable:
        call = written.call
        text = repair(call.answer) if isinstance(call, Reply) else None
        valid = text is not None and outcome(text, schema=written.schema) == "valid"
        agreed += valid == written.mends
    ledger.exact("replies that are not JSON: repaired where wrapped, else left alone", agreed, len(mendable))


def _validators(ledger: Ledger) -> None:
    asked = agreed = 0
    for written in CORPUS:
        call = written.call
        if not isinstance(call, Reply) or written.schema is None:
            continue
        if written.expected not in ("valid", "schema violation"):
            continue
        asked += 1
        try:
            second(written.schema)(parse(call.answer))
            agreed += written.expected == "valid"
        except fastjsonschema.JsonSchemaValueException:
            agreed += written.expected == "schema violation"
    ledger.exact("two validators agree (jsonschema, fastjsonschema)", agreed, asked)


def _cuts(ledger: Ledger) -> None:
    cuts = [text[:end] for text in (each.text.strip() for each in tickets.VALID) for end in range(len(text))]
    wrong = sum(outcome(cut, "length") != "truncated" for cut in cuts)
    wrong += sum(outcome(cut) not in ("not JSON", "empty") or repair(cut) is not None for cut in cuts)
    ledger.exact(f"{len(cuts):,} replies cut in every place: taken as whole, or repaired", wrong, 0)


class _Moody:
    """Answers a ticket from the corpus, at random; keeps its own account of what it was asked and said."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.tokens = 0
        self.said: list[tuple[bool, str]] = []  # (asked again, outcome)

    async def ask(self, asked: Request) -> Reply:
        """Answer, right or wrong."""
        written = self.rng.choice(tickets.REPLIES)
        reply = fake_reply(
            written.text,
            finish_reason=written.finish,
            refusal=written.refusal,
            tokens_in=100 * len(asked.messages),
            tokens_out=len(written.text),
        )
        assert reply.usage is not None
        self.tokens += reply.usage.tokens_in + reply.usage.tokens_out
        self.said.append((len(asked.messages) > 2, written.expected))
        return reply


def _reasks(ledger: Ledger) -> None:
    count = 200 if QUICK else 2_000
    params = answer_params(tickets.SCHEMA, reask=2)
    model = _Moody(seed=3)
    asker = Reask(fault)(model)
    trials: list[Trial] = []

    async def run() -> None:
        for index in range(count):
            reply = await asker.ask(request(**params))
            row = a_trial(
                reply.answer,
                trial_id=str(index),
                params=params,
                attempts=reply.attempts,
                status=reply.status,
                finish_reason=reply.finish_reason,
            )
            trials.append(row)

    asyncio.run(run())
    paid = [attempt for trial in trials for attempt in trial.attempts]
    tokens = sum(each.usage.tokens_in + each.usage.tokens_out for each in paid if each.usage is not None)
    ledger.exact(
        f"{count:,} calls with re-asks: attempts and tokens on the rows, against the endpoint's own account",
        f"{len(paid):,} / {tokens:,}",
        f"{len(model.said):,} / {model.tokens:,}",
    )
    true_first = Counter(ended for again, ended in model.said if not again)
    found_first = Counter(first_outcome(trial)[0] for trial in trials)
    ledger.exact(
        "outcomes of first replies, known apart from what came of re-asks", found_first == true_first, True
    )
    row = outcomes(trials).frame.iloc[0]
    share = true_first["valid"] / count
    ledger.exact(
        "valid at first, after re-asks, after repair",
        f"{row['valid_first']:.3f}, {row['valid_final']:.3f}, {row['valid_repaired']:.3f}",
        f"{share:.3f} and rising",
        row["valid_first"] == share < row["valid_final"] < row["valid_repaired"],
    )
    again = Counter(trial.status for trial in trials if trial.status in ("refused", "truncated"))
    kinds = {attempt.error_kind for attempt in paid} - {None}
    ledger.exact(
        f"asked again after a refusal or a truncated reply ({again.total():,} of them)",
        sorted(kinds - {"empty", "not_json", "schema_violation"}),
        [],
    )


def _asked(mode: SchemaMode, *said: bytes) -> tuple[Reply | ModelError, list[Seen]]:
    async def run() -> tuple[Reply | ModelError, list[Seen]]:
        async with serve(*said) as server:
            model = OpenAI("fake", base_url=server.base_url)
            try:
                reply: Reply | ModelError = await model.ask(request(**answer_params(tickets.SCHEMA, mode)))
            except ModelError as error:
                reply = error
            finally:
                await model.aclose()
            return reply, server.seen

    return asyncio.run(run())


def _wire(ledger: Ledger) -> None:
    text = tickets.VALID[0].text
    call = {"id": "c1", "type": "function", "function": {"name": "answer", "arguments": text}}
    shapes: dict[SchemaMode, tuple[set[str], dict[str, Any]]] = {
        "json_schema": ({"response_format"}, {"role": "assistant", "content": text}),
        "json_object": ({"response_format"}, {"role": "assistant", "content": text}),
        "tool": ({"tools", "tool_choice"}, {"role": "assistant", "content": None, "tool_calls": [call]}),
    }
    right = 0
    for mode, (fields, message) in shapes.items():
        reply, seen = _asked(mode, answer(chat(choices=[{"message": message, "finish_reason": "stop"}])))
        sent = set(seen[0].body) - {"model", "messages", "temperature", "stop"}
        right += sent == fields and outcome_of(reply, tickets.SCHEMA) == "valid"
    ledger.exact(
        "schema modes that ask in the protocol's own fields, and read the answer", right, len(SCHEMA_MODES)
    )
    error = {"error": {"message": "no", "type": "invalid_request_error", "param": "response_format"}}
    rejected, _ = _asked("json_schema", answer(error, 400))
    ledger.exact("an endpoint that refuses the schema", outcome_of(rejected), "schema rejected")


if __name__ == "__main__":
    shown = Ledger("Structured output")
    structured(shown)
    shown.exit()
