"""What the vendors log: without secrets in message, arguments and traceback."""

from __future__ import annotations

import io
import logging

import pytest

from workbench.client.endpoint import Endpoint
from workbench.client.logs import WITHOUT_SECRETS, keep_secrets_out
from workbench.client.transport import http_options

SECRET = "sk-" + "proj-" + "Ab3" * 16


def test_a_record_loses_its_secrets() -> None:
    """Message, arguments and traceback are mended; the record itself passes."""
    out = io.StringIO()
    logger = logging.Logger("here")
    logger.addHandler(logging.StreamHandler(out))
    logger.addFilter(WITHOUT_SECRETS)
    try:
        raise ValueError(SECRET)
    except ValueError:
        logger.exception("sent %s with %d headers", {"authorization": SECRET}, 3)
    assert SECRET not in out.getvalue()
    assert "with 3 headers" in out.getvalue()
    assert "ValueError: [redacted]" in out.getvalue()


@pytest.mark.parametrize("name", ["openai._base_client", "httpx2", "httpcore2.http11"])
def test_the_vendors_loggers_have_the_filter(name: str) -> None:
    """Whoever makes a client has it, once, however often one is made."""
    endpoint = Endpoint.parse("http://localhost:1/v1")
    for _ in range(2):
        http_options(endpoint, None, own=False, timeout_s=1, connections=None)
    keep_secrets_out()
    assert logging.getLogger(name).filters.count(WITHOUT_SECRETS) == 1
