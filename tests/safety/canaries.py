"""Fake keys of every known format, assembled here so that no file of the project holds the shape of one."""

from __future__ import annotations

import base64
import re
import zlib
from pathlib import Path

__all__ = ["BODIES", "CANARIES", "OWN_KEY", "folder_texts", "found"]


def _body(index: int) -> str:
    """Return the secret part of a key, another for each, so that a leak names its format."""
    return f"CanaryZ{index:02}" + "Ab3" * 12


CANARIES: dict[str, str] = {
    "anthropic": "sk-" + "ant-" + _body(0),
    "openrouter": "sk-" + "or-v1-" + _body(1),
    "openai": "sk-" + "proj-" + _body(2),
    "stripe": "sk_" + "live_" + _body(3),
    "google": "AI" + "za" + _body(4),
    "google-oauth": "ya" + "29." + _body(5),
    "github": "gh" + "p_" + _body(6),
    "gitlab": "gl" + "pat-" + _body(7),
    "hugging-face": "hf" + "_" + _body(8),
    "slack": "xo" + "xb-" + _body(9),
    "groq": "gs" + "k_" + _body(10),
    "xai": "xa" + "i-" + _body(11),
    "pypi": "py" + "pi-" + _body(12),
    "npm": "np" + "m_" + _body(13),
    "aws": "AKIA" + "CANARYZ150ABCDEF",
    "databricks": "da" + "pi" + "ca4a7216" * 4,
    "jwt": ".".join(["ey" + "J" + _body(17), "ey" + "J" + "Ab3" * 8, "Ab3" * 8]),
    "bearer": "Authorization: Bearer " + _body(18),
    "url": "https://someone:" + _body(19) + "@models.example/v1",
    "named": 'api_key="' + _body(20) + '"',
    "private key": "-----BEGIN RSA "
    + "PRIVATE KEY-----\n"
    + _body(21)
    + "\n-----END RSA "
    + "PRIVATE KEY-----",
}
"""By format: a text with a fake key in it."""

OWN_KEY = "no known shape " + "CanaryZ99 at all"
"""The key a client is given: of no known format, so that only the value itself can be recognized."""

BODIES = (
    *(f"CanaryZ{index:02}" for index in (*range(14), 17, 18, 19, 20, 21, 99)),
    "CANARYZ150ABCDEF",
    "ca4a7216ca4a7216",
)
"""What every sink is searched for: the secret part of each, one entry a format."""

_DATA_URI = re.compile(r"data:[\w/+.;=-]*?base64,([A-Za-z0-9+/=]+)")


def found(content: bytes | str) -> list[str]:
    """Return the bodies that stand in a content, also within pictures that it carries."""
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    inside = [base64.b64decode(code).decode("utf-8", "replace") for code in _DATA_URI.findall(text)]
    whole = "\n".join([text, *inside])
    # Pieces that a writer may have broken over lines count as well.
    joined = re.sub(r"[\s│]+", "", whole)
    return [body for body in BODIES if body in whole or body.replace(" ", "") in joined]


def folder_texts(folder: Path) -> str:
    """Return all that a folder's files hold: Parquet as its cells, what is compressed inflated."""
    import pyarrow.parquet as pq

    parts: list[str] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        raw = path.read_bytes()
        parts += [str(path), raw.decode("utf-8", "replace")]
        if path.suffix == ".parquet":
            parts.append(str(pq.read_table(path).to_pylist()))
        if raw[:2] == b"\x1f\x8b":
            parts.append(zlib.decompress(raw, 31).decode("utf-8", "replace"))
    return "\n".join(parts)
