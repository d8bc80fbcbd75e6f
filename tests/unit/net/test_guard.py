import logging
from ipaddress import ip_address

import pytest

from polyreel.errors import ForbiddenAddress, InvalidJob
from polyreel.net.guard import is_public, judge_host
from polyreel.redaction import redact, redact_logs, strip_address

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "172.32.0.1",
    "192.88.98.1",
    "2606:4700::1111",
    "2a00:1450:4001::200e",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(monkeypatch, address):
    monkeypatch.delenv("POLYREEL_ALLOW_NETWORKS", raising=False)
    assert not is_public(ip_address(address))
    with pytest.raises(ForbiddenAddress, match="not a public one") as caught:
        judge_host("host.example", [ip_address(address)])
    assert "POLYREEL_ALLOW_NETWORKS" in caught.value.remedy


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_talked_to(monkeypatch, address):
    monkeypatch.delenv("POLYREEL_ALLOW_NETWORKS", raising=False)
    assert is_public(ip_address(address))
    judge_host("host.example", [ip_address(address)])


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    monkeypatch.setenv("POLYREEL_ALLOW_NETWORKS", "127.0.0.0/8")
    with pytest.raises(ForbiddenAddress, match=r"10\.0\.0\.1"):
        judge_host("host.example", [ip_address(a) for a in ("8.8.8.8", "127.0.0.1", "10.0.0.1")])


def test_a_listed_network_is_talked_to_and_its_neighbour_is_not(monkeypatch):
    monkeypatch.setenv("POLYREEL_ALLOW_NETWORKS", " 10.1.0.0/16 , fd00::/8,")
    judge_host("host.example", [ip_address("10.1.2.3"), ip_address("fd00::1")])
    with pytest.raises(ForbiddenAddress):
        judge_host("host.example", [ip_address("10.2.0.1")])
    with pytest.raises(ForbiddenAddress):
        judge_host("host.example", [ip_address("::ffff:10.1.2.3")])


@pytest.mark.parametrize("listed", ["localhost", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/8;127.0.0.0/8"])
def test_a_list_that_is_none_is_named(monkeypatch, listed):
    monkeypatch.setenv("POLYREEL_ALLOW_NETWORKS", listed)
    with pytest.raises(InvalidJob) as caught:
        judge_host("host.example", [ip_address("8.8.8.8")])
    assert caught.value.where == "POLYREEL_ALLOW_NETWORKS"


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("https://user:pw@host.example:8443/a/b.mp4?sig=s3cret#frag", "https://host.example:8443/a/b.mp4"),
        ("http://[::1]/x?y", "http://[::1]/x"),
        ("http://[broken?sig=s3cret", "http:"),
        ("file:///films/a.mp4", "file:///films/a.mp4"),
        ("nomad:8a41-b2", "nomad:8a41-b2"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address, seen):
    assert strip_address(address) == seen


def test_a_text_loses_the_queries_and_users_of_its_addresses():
    text = "GET https://me:pw@h/x.mp4?X-Sig=s3cret&b=1 -> (b'location', b'/y?token=s3cret')"
    assert redact(text) == "GET https://h/x.mp4?... -> (b'location', b'/y?...')"


@pytest.mark.parametrize("name", ["httpx", "httpcore.http11"])
def test_the_http_librarys_own_log_lines_are_redacted(caplog, name):
    redact_logs()
    redact_logs()
    with caplog.at_level(logging.DEBUG, logger=name):
        logging.getLogger(name).info("HTTP Request: %s %s", "GET", "https://h/x?sig=s3cret")
    assert caplog.messages == ["HTTP Request: GET https://h/x?..."]
    assert len(logging.getLogger(name).filters) == 1
