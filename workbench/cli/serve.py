"""`workbench ui | lab | offline`: servers for a person, all on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

from workbench.bench.home import Home
from workbench.cli.echo import echo

__all__ = ["lab", "lab_command", "offline", "ui", "ui_command", "ui_environment"]


def ui_command(home: Home, port: int) -> list[str]:
    """Return the command that serves MLflow's UI on the store of a project, on loopback."""
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", home.tracking_uri, "--default-artifact-root", home.artifacts.as_uri()]
    return [*command, "--workers", "1"]


def ui_environment() -> dict[str, str]:
    """Return the environment of that command: this one, with MLflow's telemetry and downloads off."""
    return {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_MODEL_CATALOG_URI": ""}


def lab_command(home: Home, port: int, *, browser: bool = True) -> list[str]:
    """Return the command that opens JupyterLab on loopback, at a project's quickstart if it has one.

    It asks nobody for news or newer versions: a lab on this machine needs no network.
    """
    command = [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"]
    notebook = home.root / "notebooks" / "01_quickstart.ipynb"
    if notebook.exists():
        command.append(f"--LabApp.default_url=/lab/tree/{notebook.relative_to(home.root).as_posix()}")
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    command += ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    return [*command, f"--ServerApp.root_dir={home.root}"]


@click.command()
@click.option("--port", default=5000, show_default=True, help="Port on loopback.")
def ui(port: int) -> None:
    """Open the MLflow UI on the workbench's store."""
    from workbench.record.store import open_store

    home = Home.find()
    open_store(home.tracking_uri, home.artifacts)
    echo(f"MLflow UI on http://127.0.0.1:{port}  (store: {home.tracking_uri}; Ctrl-C ends it)")
    done = subprocess.run(ui_command(home, port), env=ui_environment(), check=False)
    raise SystemExit(done.returncode)


@click.command()
@click.option("--port", default=8888, show_default=True, help="Port on loopback.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def lab(port: int, no_browser: bool) -> None:
    """Open JupyterLab at the quickstart."""
    command = lab_command(Home.find(), port, browser=not no_browser)
    raise SystemExit(subprocess.run(command, check=False).returncode)


@click.command()
@click.option("--port", default=8765, show_default=True, help="Port on loopback; 0 takes a free one.")
@click.option(
    "--replay",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Serve the recorded answers of this JSON Lines file (rows: model, messages, output) instead.",
)
@click.option(
    "--faults",
    help="Go wrong on purpose: a share of the requests (40%), or the share of each fault "
    "(server=10%, drop=5%); limits a minute may be added (rpm=600, tpm=90000).",
)
@click.option("--seed", default=1, show_default=True, help="Of the faults: another seed, other faults.")
def offline(port: int, replay: Path | None, faults: str | None, seed: int) -> None:
    """Start the embedded OpenAI-compatible endpoint: small classifiers, not language models.

    With faults it keeps a ledger of what it billed, at /ledger.
    """
    from workbench.offline.faults import Faults
    from workbench.offline.process import serve_forever

    broken = None if faults is None else Faults.parse(faults, seed=seed)
    serve_forever(port=port, replay=replay, faults=broken)
