"""Hypothesis strategies for the records."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from workbench.core.records import Attempt, Message, ModelRef, Reply, Request, Score, Trial, Usage

# Lone surrogates included: a model's broken escape arrives as one.
words = st.text(st.characters(), max_size=20)
names = st.text(max_size=20)
counts = st.integers(0, 10**9)
seconds = st.floats(0, 1e10, allow_nan=False)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
mappings = st.dictionaries(words, plain, max_size=3)
tool_calls = st.lists(mappings, max_size=2).map(tuple)
usages = st.builds(
    Usage,
    tokens_in_uncached=counts,
    tokens_out=counts,
    tokens_in_cached=counts,
    tokens_in_cache_write=counts,
    tokens_reasoning=counts,
)
messages = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    content=words,
    tool_calls=tool_calls,
    tool_call_id=st.none() | words,
)
chats = st.lists(messages, max_size=4).map(tuple)
attempts = st.builds(
    Attempt,
    model=words,
    started_at=seconds,
    latency_s=seconds,
    purpose=st.sampled_from(["arm", "reask", "fallback", "hedge", "judge", "embedding"]),
    model_served=st.none() | words,
    wait_s=seconds,
    ttft_s=st.none() | seconds,
    error_kind=st.none() | words,
    error=st.none() | words,
    http_status=st.none() | st.integers(100, 599),
    usage=st.none() | usages,
    service_tier=st.none() | words,
    cost_usd=st.none() | seconds,
    price_book=st.none() | words,
)
several = st.lists(attempts, max_size=3).map(tuple)
refs = st.builds(ModelRef, name=words, model=words, origin=words)
requests = st.builds(
    Request,
    messages=chats,
    ref=refs,
    params=mappings,
    repeat=counts,
    sample=words,
    workload=st.sampled_from(["interactive", "batch"]),
    tags=st.dictionaries(words, words, max_size=2),
)
replies = st.builds(
    Reply,
    text=words,
    model_served=words,
    finish_reason=words,
    refusal=st.none() | words,
    tool_calls=tool_calls,
    usage=st.none() | usages,
    attempts=several,
    source=st.sampled_from(["call", "journal", "semantic"]),
    similarity=st.none() | st.floats(-1, 1),
    source_call=st.none() | words,
)
single = st.builds(
    Score,
    trial_id=words,
    scorer=words,
    value=st.floats(allow_nan=False),
    reason=st.none() | words,
    attempts=several,
)
scores = st.builds(replace, single, parts=st.lists(single, max_size=2).map(tuple), rater=st.none() | words)
trials = st.builds(
    Trial,
    trial_id=names,
    execution_id=names,
    study=words,
    arm=words,
    variant=words,
    variant_hash=words,
    model=words,
    params=mappings,
    case_id=words,
    case=mappings,
    repeat=counts,
    call_key=names,
    messages=chats,
    status=st.sampled_from(["ok", "refused", "truncated", "empty", "error"]),
    expected=plain,
    output=st.none() | words,
    usage=st.none() | usages,
    cost_usd=st.none() | seconds,
    attempts=several,
    in_doubt=st.booleans(),
    started_at=st.none() | seconds,
    wait_s=st.none() | seconds,
)
