"""What a vendor has not any more: said by its API, and not by a page that stands before it."""

from __future__ import annotations

import pytest

from polyreel.vendors.errors import Facts, NotFound, Unanswered, suppress_gone


def make_missing(body: str) -> NotFound:
    return NotFound("404", facts=Facts(vendor="acme", address="https://acme.example/thing/7", status=404, body=body))


@pytest.mark.parametrize("body", ["", '{"detail": "Not found."}', "not found", "[]"])
def test_an_apis_404_is_believed(body: str) -> None:
    make_missing(body).require_word_of_api()
    with suppress_gone():
        raise make_missing(body)


@pytest.mark.parametrize("body", ["<!DOCTYPE html><title>404</title>", "\r\n  <html>", "<?xml version='1.0'?><Error/>"])
def test_a_page_is_no_word_of_the_api(body: str) -> None:
    """A proxy that is set wrongly for an hour must not cost a second dub, nor count as a deletion."""
    with pytest.raises(Unanswered, match=r"https://acme\.example/thing/7 answered 404 with a web page") as raised:
        make_missing(body).require_word_of_api()
    assert raised.value.transient
    assert not raised.value.made_nothing
    with pytest.raises(Unanswered), suppress_gone():
        raise make_missing(body)
