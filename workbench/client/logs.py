"""What the SDK and its transport log, without secrets: at DEBUG they log requests and responses whole."""

from __future__ import annotations

import logging

from workbench.core.redact import redact

__all__ = ["WITHOUT_SECRETS", "WithoutSecrets", "keep_secrets_out"]


class WithoutSecrets(logging.Filter):
    """Takes secrets out of a record: out of its message, its arguments and its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True: every record passes, mended."""
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info:
            record.exc_text = str(redact(logging.Formatter().formatException(record.exc_info)))
            record.exc_info = None
        return True


WITHOUT_SECRETS = WithoutSecrets()

_LOGGERS = (
    "openai",
    "openai._base_client",
    "openai._response",
    "openai._legacy_response",
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
)


def keep_secrets_out() -> None:
    """Put the filter on the loggers that see a request; again changes nothing.

    On each of them, since a logger's filter does not hold for those below it.
    """
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(WITHOUT_SECRETS)
