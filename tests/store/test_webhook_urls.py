"""Where a webhook may go: addresses as people and attackers write them."""

from __future__ import annotations

import pytest

from store.webhook_urls import LONGEST, Target, TargetError, check, is_public, target_of


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://receiver.example", Target("https", "receiver.example", 443, "receiver.example", "/")),
        ("http://Rec.example:8080/a?b=c#d", Target("http", "rec.example", 8080, "rec.example:8080", "/a?b=c")),
        ("https://receiver.example:443/", Target("https", "receiver.example", 443, "receiver.example", "/")),
        ("https://[2606:4700::1111]:8443/x", Target("https", "2606:4700::1111", 8443, "[2606:4700::1111]:8443", "/x")),
        ("http://93.184.216.34?x", Target("http", "93.184.216.34", 80, "93.184.216.34", "/?x")),
    ],
)
def test_an_address_is_taken_apart(url: str, target: Target) -> None:
    assert check(url, to_private=False) == target == target_of(url)


@pytest.mark.parametrize(
    "url",
    [
        "receiver.example",
        "//receiver.example/",
        "ftp://receiver.example/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://:443/",
        "https://user@receiver.example/",
        "https://user:secret@receiver.example/",
        "https://:@receiver.example/",
        "https://@receiver.example/",
        "https://receiver.example:99999/",
        "https://receiver.example:0/",
        "https://receiver.example:x/",
        "https://[::1/",
        "https://[nonsense]/",
        "https://receiver.example/a b",
        "https://receiver.example/\r\nX: y",
        "https://receiver.example/\x00",
        "https://müller.example/",
        "https://receiver.example\\@evil.example/",
        "https://a..example/",
        "https://%31%32%37.0.0.1/",
        "https://" + "a" * 64 + ".example/",
        " https://receiver.example/",
        "https://receiver.example/" + "a" * LONGEST,
        "",
    ],
)
@pytest.mark.parametrize("to_private", [True, False])
def test_what_is_no_address_of_a_receiver_is_refused(url: str, to_private: bool) -> None:
    with pytest.raises(TargetError):
        check(url, to_private=to_private)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fd00::1]",
    ],
)
def test_a_host_of_this_network_is_refused_unless_that_is_allowed(host: str) -> None:
    with pytest.raises(TargetError, match="public"):
        check(f"http://{host}/", to_private=False)
    if "%" not in host:
        assert check(f"http://{host}/", to_private=True).scheme == "http"


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.251",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_all_other_addresses_are_not(address: str) -> None:
    assert not is_public(address)
