"""Endpoints: what may be asked, and how."""

from __future__ import annotations

import pytest

from workbench.client.endpoint import Endpoint
from workbench.errors import InputError


@pytest.mark.parametrize(
    ("url", "origin", "loopback"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com", False),
        ("https://Models.Example:8443/v1/", "https://models.example:8443", False),
        ("http://localhost:11434/v1", "http://localhost:11434", True),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000", True),
        ("http://127.8.9.1/v1", "http://127.8.9.1", True),
        ("http://[::1]:8000/v1", "http://[::1]:8000", True),
        ("http://127.1/v1", "http://127.1", True),
        ("http://localhost./v1", "http://localhost.", True),
        ("http://[::ffff:127.0.0.1]:8000/v1", "http://[::ffff:127.0.0.1]:8000", True),
        ("https://10.0.0.5/v1", "https://10.0.0.5", False),
    ],
)
def test_accepted(url: str, origin: str, loopback: bool) -> None:
    """Https anywhere, http on this machine; the origin has no path."""
    endpoint = Endpoint.parse(url)
    assert (endpoint.origin, endpoint.loopback) == (origin, loopback)
    assert not endpoint.base_url.endswith("/")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "no http"),
        ("api.openai.com/v1", "no http"),
        ("file:///etc/passwd", "no http"),
        ("https://", "no http"),
        ("https://host:port/v1", "no URL"),
        ("https://[::1/v1", "no URL"),
        ("http://models.example/v1", "unencrypted"),
        ("http://localhost.example/v1", "unencrypted"),
        ("http://127.0.0.1.example/v1", "unencrypted"),
        ("http://10.0.0.5/v1", "unencrypted"),
        ("https://me:secret@models.example/v1", "password"),
        ("https://models.example/v1?key=x", "query"),
        ("https://169.254.169.254/v1", "link-local"),
        ("http://169.254.169.254/latest", "link-local"),
        ("https://[fe80::1]/v1", "link-local"),
        ("https://[::ffff:169.254.169.254]/v1", "link-local"),
        ("https://metadata.google.internal/v1", "link-local"),
        ("https://metadata.google.internal./v1", "link-local"),
        ("https://instance-data.ec2.internal/v1", "link-local"),
        ("https://2852039166/v1", "link-local"),
        ("https://0xa9fea9fe/v1", "link-local"),
        ("https://169.254.43518/v1", "link-local"),
        ("https://0251.0376.0251.0376/v1", "link-local"),
        ("https://[64:ff9b::a9fe:a9fe]/v1", "link-local"),
        ("https://[2002:a9fe:a9fe::]/v1", "link-local"),
        ("https://[fd00:ec2::254]/v1", "link-local"),
        ("https://100.100.100.200/v1", "link-local"),
        ("http://0.0.0.0/v1", "unencrypted"),
    ],
)
def test_refused(url: str, words: str) -> None:
    """Everything else is refused with the remedy, and without repeating a password."""
    with pytest.raises(InputError, match=words) as caught:
        Endpoint.parse(url)
    assert "secret" not in str(caught.value)
