"""Safe by default: canaries through every sink, attacks on templates, addresses, YAML, and in a browser."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import shutil
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

from tests.browser.conftest import ARGUMENTS, NAMES
from tests.client.server import answer, chat, serve
from tests.conformance.model import fails, request
from tests.define.test_study_yaml import BOMB
from tests.define.test_template import AS_TEXT, REFUSED
from tests.evidence.ledger import QUICK, Ledger
from tests.safety.canaries import CANARIES, OWN_KEY, found
from tests.safety.echoing import echoing
from tests.safety.payloads import PAYLOADS
from tests.safety.sinks import VERBS, notebook_output, sinks
from tests.safety.views import control, opened, pages
from tests.test_safety_laws import SOURCES, offences
from workbench.client.endpoint import Endpoint
from workbench.client.openai import OpenAI
from workbench.define.study import slug
from workbench.define.study_yaml import parse
from workbench.define.template import render, variables
from workbench.errors import InputError, StudyError, TemplateError

__all__ = ["browser", "safe"]

NAMES_TO_SLUG = (
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "C:\\windows",
    "a/../../b",
    "\x00",
    "~root",
    "…",
    "nul\n",
    "a" * 500,
)
REFUSED_URLS = (
    "http://models.example/v1",
    "http://10.0.0.5/v1",
    "http://169.254.169.254/latest",
    "https://169.254.169.254/v1",
    "https://[fe80::1]/v1",
    "https://[::ffff:169.254.169.254]/v1",
    "https://2852039166/v1",
    "https://0xa9fea9fe/v1",
    "https://[64:ff9b::a9fe:a9fe]/v1",
    "https://100.100.100.200/v1",
    "https://metadata.google.internal./v1",
    "https://me:secret@models.example/v1",
    "file:///etc/passwd",
)
HARMFUL_YAML = (
    BOMB,
    "a: &a [*a]",
    "[" * 100_000,
    "x" * 1_000_001,
    "a: !!python/object/apply:os.system [x]",
    "a: !!python/name:os.system",
    "a: !!python/tuple x",
    "a: 1\n---\nb: 2\n",
)


def safe(ledger: Ledger) -> None:
    """Add the rows on secrets, addresses, templates and files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # vendors' deprecations, not ours
        _canaries(ledger)
        _keys(ledger)
        _texts(ledger)


def _canaries(ledger: Ledger) -> None:
    with echoing() as base_url, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        filled = sinks(Path(folder) / "journey", base_url, VERBS[:1] if QUICK else VERBS)
        if not QUICK:  # a kernel of its own takes as long as all the rest
            filled["executed notebook"] = notebook_output(Path(folder) / "notebook", base_url)
    ledger.exact("key formats among the canaries", len(CANARIES), "at least 12", len(CANARIES) >= 12)
    ledger.exact("sinks searched", len(filled), "at least 10", len(filled) >= 10)
    marked = sum("[redacted]" in content for content in filled.values())
    ledger.exact("sinks in which the mark shows that the canaries got there", marked, len(filled))
    for name, content in filled.items():
        ledger.exact(f"canaries found in: {name}", len(found(content)), 0)
    whole = " ".join((*CANARIES.values(), OWN_KEY))
    ledger.exact("canaries that the search finds in a plain text", len(found(whole)), len(CANARIES) + 1)


def _keys(ledger: Ledger) -> None:
    refused = 0
    for url in REFUSED_URLS:
        try:
            Endpoint.parse(url)
        except InputError:
            refused += 1
    ledger.exact("endpoints refused: plain http, link-local, metadata, passwords", refused, len(REFUSED_URLS))
    ledger.exact("requests that followed a redirect", asyncio.run(_redirected()), 0)


async def _redirected() -> int:
    async with serve(answer(chat())) as target:
        async with serve(answer("", 307, location=f"{target.base_url}/chat/completions")) as server:
            model = OpenAI("fake", base_url=server.base_url, api_key=OWN_KEY)
            await fails(model, request(), "bad_request")
            await model.aclose()
        return len(target.seen)


def _texts(ledger: Ledger) -> None:
    attacks = (*AS_TEXT, *REFUSED, *PAYLOADS)
    kept = sum(render("Answer: {{text}}", {"text": attack}) == f"Answer: {attack}" for attack in attacks)
    ledger.exact("attacks in a value that stay text", kept, len(attacks))
    right = sum(
        render(text, dict.fromkeys(variables(text), "V")) == result for text, result in AS_TEXT.items()
    )
    ledger.exact("other template languages in a template that stay text", right, len(AS_TEXT))
    ledger.exact("malformed variables refused", _refused(REFUSED, variables, TemplateError), len(REFUSED))
    harmful = _refused(HARMFUL_YAML, lambda text: parse(text, "s"), StudyError)
    ledger.exact("YAML bombs, cycles, tags and sizes refused", harmful, len(HARMFUL_YAML))
    inside = sum(
        Path("base", slug(name)).resolve().parent == Path("base").resolve()
        and slug(name) not in ("", ".", "..")
        for name in NAMES_TO_SLUG
    )
    ledger.exact("names that stay in their folder", inside, len(NAMES_TO_SLUG))
    wrong = [f"{path.name}: {what}" for path in SOURCES for what in offences(ast.parse(path.read_text()))]
    ledger.exact(
        f"files of {len(SOURCES)} that unpickle, run a text, load YAML unsafely or redirect", len(wrong), 0
    )


def _refused(texts: tuple[str, ...] | list[str], read: Callable[[str], object], kind: type[Exception]) -> int:
    count = 0
    for text in texts:
        try:
            read(text)
        except kind:
            count += 1
    return count


def browser(ledger: Ledger) -> None:
    """Add the rows on what a model wrote, in a real browser."""
    path = next((path for name in NAMES if (path := shutil.which(name))), None)
    api = None
    with contextlib.suppress(ImportError):
        from playwright import sync_api as api
    if path is None or api is None:
        print(
            "  no chromium or playwright here: the rows on hostile text in a browser are left out", flush=True
        )
        return
    shown, least = (PAYLOADS[::7], 4) if QUICK else (PAYLOADS, 40)
    documents = pages(shown)
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        active = control(chromium, shown)
        seen = opened(chromium, documents.items())
        chromium.close()
    ledger.exact("payloads of model output", len(PAYLOADS), "at least 40", len(PAYLOADS) >= 40)
    name = f"of {len(shown)} of them, active where taken for markup"
    ledger.exact(name, active, f"at least {least}", active >= least)
    name = f"  executed in {len(documents)} views ({', '.join(documents)})"
    ledger.exact(name, len(seen.executed), 0)
    ledger.exact("  fetched by them", len(seen.fetched), 0)
