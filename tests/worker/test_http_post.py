"""One request to a receiver: to the very address that was looked at, within its time, and nowhere else."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.receiver import Receiver, dripping, receiving, saying, seconds_of
from worker import http_post
from worker.http_post import Poster, PostingError, PostResult

HEADERS = {"webhook-id": "one"}
PUBLIC = "93.184.216.34"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def poster() -> Poster:
    return Poster(to_private=True)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for receiver.example and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "certificate.pem", folder / "key.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=receiver.example"
    more = ["-addext", "subjectAltName=DNS:receiver.example", "-keyout", key, "-out", made]
    subprocess.run(["openssl", *words.split(), *more], check=True, capture_output=True)
    return made, key


@pytest.fixture
def tls_receiver(certificate: tuple[Path, Path]) -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with receiving(tls=context, host="receiver.example") as one:
        yield one


def here(_host: str, _port: int) -> list[str]:
    """Every name leads to this machine."""
    return ["127.0.0.1"]


def test_a_receiver_gets_the_body_with_our_headers_and_its_own_name(receiver: Receiver, poster: Poster) -> None:
    assert poster.post(f"{receiver.url}?a=%20b#c", HEADERS, b'{"a": 1}') == PostResult(204, 0)
    (got,) = receiver.got
    assert (got.path, got.body) == ("/hook?a=%20b", b'{"a": 1}')
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert got.headers["webhook-id"] == "one"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["content-length"] == "8"
    assert got.headers["user-agent"] == "Playtally"


def test_a_redirect_is_an_answer_like_others_and_is_not_followed(receiver: Receiver, poster: Poster) -> None:
    receiver.statuses, receiver.headers = [302], {"Location": "/elsewhere"}
    assert poster.post(receiver.url, HEADERS, b"").status == 302
    assert len(receiver.got) == 1


@pytest.mark.parametrize(("said", "heard"), [("120", 120), ("", 0), ("soon", 0), ("-5", 0), ("9" * 30, 0)])
def test_a_receiver_may_say_when_to_come_again(receiver: Receiver, poster: Poster, said: str, heard: int) -> None:
    receiver.statuses, receiver.headers = [503], {"Retry-After": said}
    assert poster.post(receiver.url, HEADERS, b"") == PostResult(503, heard)


def test_of_a_long_answer_only_the_beginning_is_read(receiver: Receiver, poster: Poster) -> None:
    receiver.statuses, receiver.body = [200], b"x" * 50_000_000
    assert poster.post(receiver.url, HEADERS, b"").status == 200
    receiver.statuses, receiver.headers = [200], {f"X-{number}": "x" * 1000 for number in range(50)}
    assert poster.post(receiver.url, HEADERS, b"").status == 200


def test_nobody_there_is_said_in_words(poster: Poster) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        with pytest.raises(PostingError, match=r"^Nobody listens at 127\.0\.0\.1:\d+\.$"):
            poster.post(url, HEADERS, b"")


def test_a_name_that_leads_nowhere_is_said_in_words(poster: Poster) -> None:
    with pytest.raises(PostingError, match=r"^The name nobody\.invalid leads to no public address\.$"):
        poster.post("http://nobody.invalid/", HEADERS, b"")


@pytest.mark.parametrize("sent", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_an_answer_that_is_none_is_said_in_words(poster: Poster, sent: bytes) -> None:
    with saying(sent) as port, pytest.raises(PostingError, match=r"closed the connection|is not HTTP"):
        poster.post(f"http://127.0.0.1:{port}/", HEADERS, b"{}")


def test_a_receiver_gets_so_much_time_and_no_more(monkeypatch: pytest.MonkeyPatch, poster: Poster) -> None:
    monkeypatch.setattr(http_post, "SECONDS_IN_ALL", 0.5)
    with receiving(seconds=60) as slow, pytest.raises(PostingError, match="took longer than"):
        poster.post(slow.url, HEADERS, b"")


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX: "])
def test_an_answer_that_comes_in_drops_is_cut_short(
    monkeypatch: pytest.MonkeyPatch, poster: Poster, head: bytes
) -> None:
    monkeypatch.setattr(http_post, "SECONDS_IN_ALL", 1)
    with dripping(head, 0.01) as port, pytest.raises(PostingError, match="took longer than"):
        poster.post(f"http://127.0.0.1:{port}/", HEADERS, b"")


def test_a_body_that_comes_in_drops_does_not_spoil_a_good_answer(
    monkeypatch: pytest.MonkeyPatch, poster: Poster
) -> None:
    monkeypatch.setattr(http_post, "SECONDS_IN_ALL", 1)
    with dripping(b"HTTP/1.1 200 OK\r\n\r\n", 0.001) as port:
        assert seconds_of(lambda: poster.post(f"http://127.0.0.1:{port}/", HEADERS, b"")) < 30


@pytest.mark.parametrize("found", [["127.0.0.1"], [PUBLIC, "127.0.0.1"], ["::1"], ["::ffff:10.0.0.1"], ["fe80::1%2"]])
def test_a_name_that_leads_into_our_network_is_refused_by_any_of_its_addresses(
    receiver: Receiver, found: list[str]
) -> None:
    careful = Poster(to_private=False, resolve=lambda _host, _port: found)
    with pytest.raises(PostingError, match="leads to no public address") as refused:
        careful.post(f"http://inside.example:{receiver.port}/", HEADERS, b"")
    assert receiver.got == []
    assert found[0] not in str(refused.value)  # nobody learns our addresses by asking


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "localhost", "[::1]"])
def test_an_address_that_was_let_in_before_is_refused_here(receiver: Receiver, host: str) -> None:
    with pytest.raises(PostingError, match="public"):
        Poster(to_private=False).post(f"http://{host}:{receiver.port}/", HEADERS, b"")
    assert receiver.got == []


def test_a_name_is_asked_for_once_and_what_was_found_is_what_is_called(receiver: Receiver) -> None:
    asked = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    answer = Poster(to_private=True, resolve=resolve).post(f"http://a.invalid:{receiver.port}/", HEADERS, b"")
    assert (answer.status, asked) == (204, ["a.invalid"])
    assert receiver.got[0].headers["host"] == f"a.invalid:{receiver.port}"


def test_an_address_of_the_newer_kind_is_called_like_others(receiver: Receiver) -> None:
    url = f"http://[2606:4700::abcd]:{receiver.port}/"
    assert Poster(to_private=True, resolve=here).post(url, HEADERS, b"").status == 204
    assert receiver.got[0].headers["host"] == f"[2606:4700::abcd]:{receiver.port}"


def test_the_next_address_is_tried_where_nobody_listens_at_the_first(receiver: Receiver) -> None:
    poster = Poster(to_private=True, resolve=lambda _host, _port: ["127.0.0.2", "127.0.0.1"])
    assert poster.post(f"http://a.invalid:{receiver.port}/", HEADERS, b"").status == 204


def test_proxies_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, poster: Poster
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert poster.post(receiver.url, HEADERS, b"").status == 204


def test_the_certificate_is_checked_by_the_name_and_not_by_the_address(
    tls_receiver: Receiver, certificate: tuple[Path, Path]
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    poster = Poster(to_private=True, tls=trusting, resolve=here)
    assert poster.post(tls_receiver.url, HEADERS, b"{}").status == 204
    assert tls_receiver.got[0].body == b"{}"
    with pytest.raises(PostingError, match=r"certificate of other\.example is not accepted"):
        poster.post(f"https://other.example:{tls_receiver.port}/", HEADERS, b"{}")
    assert len(tls_receiver.got) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_receiver: Receiver) -> None:
    with pytest.raises(PostingError, match=r"certificate of receiver\.example is not accepted"):
        Poster(to_private=True, resolve=here).post(tls_receiver.url, HEADERS, b"{}")
    assert tls_receiver.got == []


def test_a_receiver_without_tls_is_no_https(receiver: Receiver) -> None:
    with pytest.raises(PostingError, match="No secure connection"):
        Poster(to_private=True).post(receiver.url.replace("http:", "https:"), HEADERS, b"")
