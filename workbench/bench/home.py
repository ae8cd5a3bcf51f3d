"""Where things are kept: one folder for the journal, the MLflow store and its artifacts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import InputError

__all__ = ["Home", "find_study"]

FOLDER = ".workbench"


def _root(start: Path) -> Path:
    for place in (start, *start.parents):
        if (place / FOLDER).is_dir() or (place / "experiments").is_dir():
            return place
    return start


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The places of one project.

    Parameters
    ----------
    root
        The project's folder; the studies lie in ``root/experiments``.
    folder
        The folder of everything the workbench writes.
    tracking_uri
        The MLflow store.
    """

    root: Path
    folder: Path
    tracking_uri: str

    @classmethod
    def find(
        cls,
        root: str | Path | None = None,
        *,
        tracking_uri: str | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> Home:
        """Find the project from a folder, so that a notebook and the command line see the same store.

        Parameters
        ----------
        root
            The project's folder. None: ``WORKBENCH_HOME``, else the nearest folder above the current one
            that holds ``experiments`` or ``.workbench``, else the current one.
        tracking_uri
            The MLflow store. None: ``MLFLOW_TRACKING_URI``, else SQLite in the project's folder.
        environ
            The environment.

        Raises
        ------
        InputError
            Where the folder does not exist or cannot be written.
        """
        asked = root if root is not None else environ.get("WORKBENCH_HOME")
        place = Path(asked).resolve() if asked else _root(Path.cwd())
        folder = place / FOLDER
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                str(folder),
                f"cannot be made ({error.strerror})",
                "Give a writable folder, or WORKBENCH_HOME.",
            ) from error
        uri = tracking_uri or environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{folder / 'mlflow.db'}"
        return cls(root=place, folder=folder, tracking_uri=uri)

    @property
    def journal(self) -> Path:
        """The local truth: one SQLite file."""
        return self.folder / "journal.sqlite"

    @property
    def vectors(self) -> Path:
        """Where the embedded endpoint keeps the vectors of texts it has seen: one SQLite file."""
        return self.folder / "vectors.sqlite"

    @property
    def artifacts(self) -> Path:
        """Where MLflow keeps artifacts when its store is local."""
        return self.folder / "artifacts"

    @property
    def reports(self) -> Path:
        """Where reports are written."""
        return self.folder / "reports"


def find_study(home: Home, name: str) -> Path | None:
    """Return a study file, by path or as ``experiments/<name>/study.yaml``; None where there is none."""
    for place in (Path(name), Path(name) / "study.yaml", home.root / "experiments" / name / "study.yaml"):
        if place.is_file() and place.suffix in (".yaml", ".yml"):
            return place.resolve()
    return None
