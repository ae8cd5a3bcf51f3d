"""`workbench doctor`: what was found, and what to do about what was not."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click

from workbench.bench.home import Home
from workbench.cli.echo import echo
from workbench.errors import WorkbenchError

__all__ = ["Check", "doctor", "examine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at.

    Parameters
    ----------
    name, found
        What was looked at, and what was found.
    ok
        True, False, or None where it is not needed for the offline demo.
    remedy
        What to do; empty where nothing needs doing.
    """

    name: str
    found: str
    ok: bool | None
    remedy: str = ""


def _guarded(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name=name, found=look(), ok=True)
    except WorkbenchError as error:
        return Check(name=name, found=error.problem, ok=False, remedy=error.remedy)
    except Exception as error:  # whatever is broken, doctor goes on and says so
        return Check(
            name=name, found=f"{type(error).__name__}: {error}", ok=False, remedy="Run `make install` again."
        )


def _key() -> Check:
    if os.environ.get("OPENAI_API_KEY"):
        return Check(name="OpenAI key", found="OPENAI_API_KEY is set", ok=True)
    return Check(
        name="OpenAI key",
        found="OPENAI_API_KEY is not set",
        ok=None,
        remedy="Not needed offline. For openai/… models: export OPENAI_API_KEY=…",
    )


def _embedding() -> str:
    from workbench.semantic.embed import SentenceEmbedder

    rows = SentenceEmbedder().embed(["hello"])
    return f"all-MiniLM-L6-v2, checksum verified, {rows.shape[1]} dimensions"


def _endpoint(base_url: str | None) -> str:
    from workbench.client.openai import OpenAI

    names = OpenAI("probe", base_url=base_url).list_models()
    return f"{base_url or 'https://api.openai.com/v1'} answers, {len(names)} models: {', '.join(names[:5])}"


def examine(home: Home, base_url: str | None = None) -> Iterator[Check]:
    """Yield the checks, one after the other as they are made.

    Parameters
    ----------
    home
        Where things are kept.
    base_url
        An endpoint to reach as well; None: OpenAI's where its key is set, else none.
    """
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check(
        name="Python",
        found=version,
        ok=sys.version_info >= (3, 11),
        remedy="" if sys.version_info >= (3, 11) else "Use Python 3.11 or newer.",
    )
    yield Check(name="project folder", found=str(home.root), ok=True)
    key = _key()
    yield key
    if base_url or key.ok:
        yield _guarded("endpoint", lambda: _endpoint(base_url))

    def journal() -> str:
        from workbench.store.journal import Journal

        opened = Journal(home.journal)
        doubts = len(opened.in_doubt())
        opened.close()
        told = f"; {doubts:,} calls in doubt: sent and never answered, possibly billed" if doubts else ""
        return f"{home.journal} opens{told}"

    def store() -> str:
        from workbench.record.store import open_store

        open_store(home.tracking_uri, home.artifacts)
        return f"{home.tracking_uri} opens"

    def embedded() -> str:
        from workbench.offline.process import OfflineProcess

        with OfflineProcess() as process:
            return f"serves {', '.join(process.models())} on loopback"

    yield _guarded("journal", journal)
    yield _guarded("MLflow store", store)
    yield _guarded("embedding model", _embedding)
    yield _guarded("embedded endpoint", embedded)


@click.command()
@click.option("--base-url", help="An OpenAI-compatible endpoint to reach as well.")
def doctor(base_url: str | None) -> None:
    """Say what is there (key, endpoint, MLflow store, embedding model) and what to do."""
    broken = 0
    for check in examine(Home.find(), base_url):
        mark = {True: "ok  ", False: "FAIL", None: "–   "}[check.ok]
        echo(f"{mark} {check.name}: {check.found}")
        if check.remedy:
            echo(f"       {check.remedy}")
        broken += check.ok is False
    echo("everything needed is there" if not broken else f"{broken} to mend")
    raise SystemExit(1 if broken else 0)
