"""URLs with fields of a document: the host is the settings', whatever stands in the document."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.url_template import NoValue, UrlTemplate


def filled(text: str, values: object) -> str:
    return UrlTemplate.parse(text).fill({"number": values}, reference="r1", kind="purchase_order")


def test_fields_are_filled_and_encoded() -> None:
    template = UrlTemplate.parse("https://erp.example/{kind}/{reference}/{ship_to.code}?n={number}")
    values = {"number": "4500/1?x#y", "ship_to": {"code": "ü "}}
    wanted = "https://erp.example/purchase_order/r1/%C3%BC%20?n=4500%2F1%3Fx%23y"
    assert template.fill(values, reference="r1", kind="purchase_order") == wanted


@given(st.text(min_size=1))
def test_no_value_can_lead_elsewhere(value: str) -> None:
    try:
        url = filled("https://erp.example/a/{number}/b", value)
    except NoValue:
        assert value in (".", "..")
        return
    except UnicodeEncodeError:
        assert any("\ud800" <= character <= "\udfff" for character in value)
        return
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "erp.example", "", "")
    assert parts.path.count("/") == 3


@pytest.mark.parametrize("value", [".", "..", "", None, True, ["x"], {"a": "b"}])
def test_a_value_that_cannot_stand_there_names_its_field(value: object) -> None:
    with pytest.raises(NoValue) as caught:
        filled("https://erp.example/{number}", value)
    assert caught.value.name == "number"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ftp://erp.example/", "begins with https"),
        ("/orders", "begins with https"),
        ("https:///orders", "names a host"),
        ("https://user:pass@erp.example/", "no user"),
        ("https://{number}.example/", "want a host as it is"),
        ("https://erp.example:0/", "port from 1"),
        ("https://erp.example/#x", "want a host as it is"),
        ("https://erp.example/a b", "printable ASCII"),
        ("https://erp.example\\@evil.example/", "backslash"),
        ("https://erp.example/{Number}", "want fields as"),
        ("https://erp.example/{a..b}", "want fields as"),
        ("https://erp.example/{number", "without the other"),
        ("https://erp.example:99999/", "Port out of range"),
        ("https://erp.example/" + "x" * 2048, "at most 2048"),
    ],
)
def test_a_url_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        UrlTemplate.parse(text)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://127.0.0.1:8/", False),
        ("http://[::1]/", False),
        ("http://localhost/", False),
        ("https://erp.example/", False),
        ("http://erp.example/", True),
        ("http://10.0.0.7/", True),
    ],
)
def test_plain_http_is_only_safe_within_this_machine(url: str, plain: bool) -> None:
    assert UrlTemplate.parse(url).is_plain is plain
