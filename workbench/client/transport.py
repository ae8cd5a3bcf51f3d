"""A safe HTTP client: no redirects, no proxy on this machine, to each origin only what is meant for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.client.endpoint import Endpoint
from workbench.client.logs import keep_secrets_out

if TYPE_CHECKING:
    import httpx2

__all__ = ["http_options"]

# All that a request to another origin than OpenAI carries. The SDK adds whatever OPENAI_ORG_ID,
# OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS hold, and what machine this is.
_PLAIN_HEADERS = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"}
)


def http_options(
    endpoint: Endpoint, key: str | None, *, own: bool, timeout_s: float, connections: int | None
) -> dict[str, Any]:
    """Return the arguments of an httpx2 client, sync or async, for the SDK to send through.

    Parameters
    ----------
    key
        The endpoint's; None: requests carry none.
    own
        Whether it is OpenAI's endpoint, which may have every header that the SDK adds.
    timeout_s
        Of each step of a request; connecting takes 10 s at most.
    connections
        At once; None: as many as are asked.
    """
    import httpx2

    keep_secrets_out()

    def only_ours(request: httpx2.Request) -> httpx2.Request:
        for name in [name for name in request.headers if name.lower() not in _PLAIN_HEADERS]:
            del request.headers[name]
        if key is not None:
            request.headers["authorization"] = f"Bearer {key}"
        return request

    options: dict[str, Any] = {
        "follow_redirects": False,
        "trust_env": not endpoint.loopback,  # a proxy has no business between a machine and itself
        "timeout": httpx2.Timeout(timeout_s, connect=min(timeout_s, 10.0), pool=None),
        "limits": httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
    }
    return options if own else options | {"auth": only_ours}
