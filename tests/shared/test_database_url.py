"""A database URL protects its connections whole, or not at all where it says nothing."""

import ssl
from pathlib import Path

import pytest
from sqlalchemy import make_url

from shared.db import make_engine, tls_of
from tests.support.certificates import Authority

URL = "postgresql://demo:pw@db.example/demo"


def test_the_name_and_the_authority_of_the_server_are_checked(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = tls_of(make_url(f"{URL}?sslmode=verify-full&sslrootcert={authority.ca_file}"))
    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize("query", ["", "?sslmode=disable"])
def test_a_url_that_says_nothing_means_no_tls_and_not_perhaps(query: str) -> None:
    assert tls_of(make_url(URL + query)) is False


@pytest.mark.parametrize(
    "query",
    [
        "sslmode=require",
        "sslmode=verify-ca",
        "sslmode=prefer",
        "ssl=true",
        "sslrootcert=ca.pem",
        "sslmode=verify-full&sslrootcert=no-such.pem",
        "sslmode=verify-full&sslcert=no-such.pem",
    ],
)
def test_what_protects_by_half_is_refused_before_anything_connects(query: str) -> None:
    with pytest.raises(ValueError, match="database URL") as caught:
        make_engine(f"{URL}?{query}")
    assert "pw" not in str(caught.value)
