#!/usr/bin/env python3
"""Send a CSV of plays to a Playtally site and fetch its totals. Needs Python 3.9 or later, and nothing else.

    python3 playtally-client.py --site https://playtally.example --token TOKEN run plays.csv --to totals

run sends the file, waits, downloads all parts, checks each one's sha256 and prints where they are. However it was cut
off or killed, the same command goes on where it was; what it needs for that it keeps in plays.csv.playtally.
upload, wait and download do one of these each; jobs lists what was sent.

PLAYTALLY_SITE, PLAYTALLY_TOKEN and PLAYTALLY_PASSWORD may stand in the environment. HTTPS_PROXY and SSL_CERT_FILE are
heeded, too.

Exit 0: done. 1: the site refused the file, or could not add it up. 2: all else, such as wrong usage, a wrong password
or token, or no site that answers. 130: stopped with Ctrl-C. What went wrong is one sentence on stderr.

Saved as playtally_client.py it is a module: Client.login(site, name, password) or Client(site, token), then upload,
wait, download. These raise Failure.
"""

from __future__ import annotations

import argparse
import base64
import getpass
import hashlib
import http.client
import json
import os
import shutil
import ssl
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

CHUNK = 64 << 20  # bytes of a file in one request, where uploads can be resumed
PIECE = 1 << 20  # bytes in memory at a time
TIMEOUT = 300  # seconds without a byte
PAUSES = (1, 2, 4, 8, 15, 30, 60, 60, 60)  # seconds between tries, as long as nothing gets better
FEW_PAUSES = (1, 2)  # as long as nobody has ever answered: the address may be wrong
PASSING = (408, 423, 425, 429, 500, 502, 503, 504)  # answers that may be others a little later
LOST = (OSError, http.client.HTTPException)  # what a connection may die of
Progress = Callable[[str, float], None]  # what is being done, and how much of it, from 0 to 1


class Failure(Exception):  # noqa: N818 - a sentence for people
    """Something went wrong. ``passes``: it may go well after a pause."""

    def __init__(self, sentence: str, exit_code: int = 1, *, passes: bool = False) -> None:
        super().__init__(sentence)
        self.exit_code, self.passes, self.pause = exit_code, passes, 0


class Refused(Failure):
    """The site said no: a status, and the object in its answer."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        try:
            self.body = dict(json.loads(answer.read()))
        except (ValueError, TypeError, *LOST):
            self.body = {}
        sentence = self.body.get("detail") or self.body.get("message")
        if 300 <= answer.status < 400:  # not followed: the token is for this site alone
            sentence = f"The site has moved: see {answer.headers.get('Location')}"
        exit_code = 2 if answer.status in (401, 403) else 1
        super().__init__(sentence or f"The site answered with the code {answer.status}.", exit_code)
        self.status, self.passes = answer.status, answer.status in PASSING
        asked = answer.headers.get("Retry-After", "")
        self.pause = min(int(asked), 600) if asked.isdigit() else 0


class Patience:
    """Growing pauses between tries, until there have been enough of them."""

    def __init__(self, pauses: tuple[int, ...] = ()) -> None:
        self._left = list(pauses or PAUSES)

    def pause(self, failure: Failure) -> None:
        """Wait a while; raise the failure if it does not pass, or if it was one too many."""
        if not failure.passes or not self._left:
            raise failure
        time.sleep(max(self._left.pop(0), failure.pause))


class Piece:
    """A piece of a file as the body of a request, which may be sent several times."""

    def __init__(self, path: Path, start: int, length: int, progress: Progress) -> None:
        self.path, self.start, self.length, self.progress = path, start, length, progress

    def __iter__(self) -> Iterator[bytes]:
        size = self.path.stat().st_size
        with open(self.path, "rb") as file:
            file.seek(self.start)
            while block := file.read(min(PIECE, self.start + self.length - file.tell())):
                yield block
                self.progress("uploading", file.tell() / size)


class Notes:
    """What it takes to go on with a file after this program was killed: a small file beside it."""

    def __init__(self, path: Path, site: str, options: Mapping[str, str]) -> None:
        self.path, facts = path.with_name(path.name + ".playtally"), path.stat()
        about = {"site": site, "bytes": facts.st_size, "changed": facts.st_mtime_ns, "options": dict(options)}
        try:
            self.kept = json.loads(self.path.read_text())
        except (OSError, ValueError):
            self.kept = {}
        if self.kept.get("about") != about:
            self.kept = {"about": about, "key": uuid.uuid4().hex}

    def keep(self, **more: str) -> None:
        """Write down more; all or nothing."""
        self.kept.update(more)
        aside = self.path.with_name(self.path.name + ".new")
        try:
            aside.write_text(json.dumps(self.kept))
            os.replace(aside, self.path)
        except OSError:
            pass  # nobody may write into this folder: then a killed upload begins again


def forget(path: Path) -> None:
    """The file is through: remove the notes about it."""
    try:
        path.with_name(path.name + ".playtally").unlink()
    except OSError:
        pass  # there are none


class Client:
    """A site and a token for it. No file is ever held in memory."""

    def __init__(self, site: str, token: str = "", *, progress: Progress = lambda _what, _share: None) -> None:
        if urlsplit(site).scheme not in ("http", "https") or not urlsplit(site).netloc:
            raise Failure(f"The site's address should be like https://playtally.example, but is {site!r}.", 2)
        self.site, self.token, self.refresh, self.progress = site.rstrip("/"), token, "", progress
        self._pauses: tuple[int, ...] = FEW_PAUSES

    @classmethod
    def login(cls, site: str, username: str, password: str, **more: Any) -> Client:
        """A client for this account; its tokens are renewed for 30 days."""
        client = cls(site, **more)
        tokens = client.ask("/api/login/", {"username": username, "password": password})
        client.token, client.refresh = tokens["access"], tokens["refresh"]
        return client

    def upload(self, path: Path, options: Mapping[str, str] = {}) -> str:
        """Send a file, or what is missing of it; gives the id of its job. A file sent before has one already."""
        if not path.stat().st_size:
            raise Failure(f"{path} is empty.")
        notes = Notes(path, self.site, options)
        job = notes.kept.get("job")
        if job is None or self._unless_gone("GET", f"/api/v1/jobs/{job}") is None:
            try:
                job = self._send_resumable(path, options, notes) or self._send_whole(path, options, notes)
            except Refused as refusal:
                job = refusal.body.get("job")
                if job is None:
                    raise
            job = self._as_asked(job, options, notes.kept["key"])
            notes.keep(job=job)
        return str(job)

    def wait(self, job_id: str) -> dict[str, Any]:
        """The job once it is done; if it ends otherwise, a Failure with the reason."""
        before = None
        while True:
            began = time.monotonic()
            job = self.ask(f"/api/v1/jobs/{quote(job_id, safe='')}?wait=30")
            if job["is_final"]:
                break
            self.progress(job["step"] or "waiting its turn", job["percent"] / 100)
            now = (job["state"], job["step"], job["percent"])
            if now == before and time.monotonic() - began < 1:
                time.sleep(2)  # so many wait there that the site answers at once
            before = now
        if job["state"] != "done":
            raise Failure(reason_of(job))
        return job

    def download(self, job_id: str, folder: Path) -> list[Path]:
        """All parts of a job, each with the right sha256; what is in the folder already is not fetched again."""
        folder.mkdir(parents=True, exist_ok=True)
        address = f"/api/v1/jobs/{quote(job_id, safe='')}/parts"
        return [self._fetch(f"{address}/{part['number']}", part, folder) for part in self.ask(address)["items"]]

    def _send_resumable(self, path: Path, options: Mapping[str, str], notes: Notes) -> str | None:
        """As tus 1.0 has it. None: this site does not know it."""
        size, so_far, patience = path.stat().st_size, 0, Patience()
        place = notes.kept.get("upload")
        if place is None or self._unless_gone("HEAD", place) is None:
            words = ",".join(f"{name} {_base64(text)}" for name, text in {"filename": path.name, **options}.items())
            made = self._unless_gone("POST", "/api/v1/uploads", {"Upload-Length": str(size), "Upload-Metadata": words})
            if made is None:
                return None
            place = urlsplit(made["Location"]).path
            notes.keep(upload=place)
        while True:
            with self.call("HEAD", place) as answer:
                offset, job = int(answer.headers["Upload-Offset"]), answer.headers.get("Playtally-Job")
            if job:
                return str(job)
            if offset > so_far:
                so_far, patience = offset, Patience()
            try:
                if offset == size:
                    raise Failure("The site has the whole file, but makes no job of it.", passes=True)
                kind = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
                piece = Piece(path, offset, min(CHUNK, size - offset), self.progress)
                self.call("PATCH", place, kind, piece, once=True).close()
            except Failure as failure:
                # 409 without a job: it has more, or less, than it said.
                failure.passes |= isinstance(failure, Refused) and failure.status == 409 and not failure.body.get("job")
                patience.pause(failure)

    def _send_whole(self, path: Path, options: Mapping[str, str], notes: Notes) -> str:
        """In one request, which makes one job however often it is sent."""
        notes.keep()
        kind = {"Idempotency-Key": notes.kept["key"], "Content-Type": "application/octet-stream"}
        address = f"/api/v1/jobs?{urlencode({'file_name': path.name, **options})}"
        return str(self.ask(address, Piece(path, 0, path.stat().st_size, self.progress), kind)["id"])

    def _as_asked(self, job_id: str, options: Mapping[str, str], key: str) -> str:
        """The job; where it is that of the time when the file was sent before, with other options: a run with these.

        It is the same run each time, unless that came to nothing.
        """
        then = self.ask(f"/api/v1/jobs/{job_id}")["options"]
        if all(then.get(name) == value for name, value in options.items()):
            return job_id
        self.wait(job_id)  # only what has ended can be run again
        address, asked = f"/api/v1/jobs/{job_id}/runs", json.dumps([job_id, sorted(options.items())])
        run = self.ask(address, dict(options), {"Idempotency-Key": hashlib.sha256(asked.encode()).hexdigest()})
        if run["state"] in ("failed", "cancelled", "expired"):
            run = self.ask(address, dict(options), {"Idempotency-Key": f"{key}-again"})
        return str(run["id"])

    def _fetch(self, address: str, part: dict[str, Any], folder: Path) -> Path:
        target = folder / Path(part["name"]).name
        if target.exists():
            if sha256_of(target) != part["sha256"]:
                raise Failure(
                    f"{target} is there already, but is not what the site has. Move it away and try again.", 2
                )
            return target
        aside = target.with_name(target.name + ".part")
        for _ in range(2):  # what an earlier try left may be spoilt; then once more from the beginning
            self._fetch_rest(address, part, aside)
            if sha256_of(aside) == part["sha256"]:
                os.replace(aside, target)
                return target
            aside.unlink()
        raise Failure(f"{part['name']} did not arrive as the site has it: its sha256 is another. Try again.", 2)

    def _fetch_rest(self, address: str, part: dict[str, Any], aside: Path) -> None:
        """What is missing of a part, in as many requests as it takes."""
        patience = Patience()
        with open(aside, "ab") as file:
            if file.tell() > part["bytes"]:
                file.truncate(0)
            while (before := file.tell()) < part["bytes"]:
                wanted = {"Range": f"bytes={before}-", "If-Range": f'"{part["sha256"]}"'} if before else {}
                try:
                    with self.call("GET", address, wanted) as answer:
                        if answer.status != 206:
                            file.truncate(0)
                        while block := answer.read1(PIECE):
                            file.write(block)
                            self.progress(f"downloading {part['name']}", file.tell() / part["bytes"])
                except LOST:
                    pass  # as when it just ends early: the rest is asked for
                if file.tell() > before:
                    patience = Patience()
                else:
                    patience.pause(Failure(f"{part['name']} is cut off again and again.", 2, passes=True))

    def ask(self, address: str, body: Any = None, headers: Mapping[str, str] = {}) -> dict[str, Any]:
        """The object at an address, or the answer to what is posted there."""
        if isinstance(body, dict):
            body, headers = json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
        with self.call("GET" if body is None else "POST", address, headers, body) as answer:
            try:
                return dict(json.loads(answer.read()))
            except (ValueError, TypeError):
                raise Failure("What answers at this address is no Playtally.", 2) from None

    def _unless_gone(self, method: str, address: str, headers: Mapping[str, str] = {}) -> Any:
        """The headers of an answer; None if there is nothing at the address."""
        try:
            with self.call(method, address, headers) as answer:
                return answer.headers
        except Refused as refusal:
            if refusal.status in (404, 405, 410):
                return None
            raise

    def call(
        self, method: str, address: str, headers: Mapping[str, str] = {}, body: Any = None, *, once: bool = False
    ) -> http.client.HTTPResponse:
        """The open answer of the site, after as many tries as it takes; raises Failure."""
        patience, may_renew = None, bool(self.refresh)
        while True:
            try:
                answer = self._send(method, address, headers, body)
                self._pauses = PAUSES
                if 200 <= answer.status < 300:
                    return answer
                failure: Failure = Refused(answer)
                answer.close()
                if answer.status == 401 and may_renew:
                    may_renew = False
                    self._renew()
                    continue
            except ssl.SSLCertVerificationError as error:
                raise Failure(f"The certificate of {self.site} is not good: {error.verify_message}.", 2) from None
            except LOST as error:
                words = getattr(error, "strerror", None) or str(error) or type(error).__name__
                failure = Failure(f"{self.site} cannot be reached: {words}.", 2, passes=True)
            if once:
                raise failure
            patience = patience or Patience(self._pauses)
            patience.pause(failure)

    def _send(self, method: str, address: str, headers: Mapping[str, str], body: Any) -> http.client.HTTPResponse:
        """One request on a connection of its own, which ends with its answer."""
        scheme, host, folder = urlsplit(self.site)[:3]
        proxy = "" if proxy_bypass(host) else getproxies().get(scheme, "")
        connection = (
            http.client.HTTPSConnection(urlsplit(proxy).netloc or host, timeout=TIMEOUT)  # checks the certificate
            if scheme == "https"
            else http.client.HTTPConnection(urlsplit(proxy).netloc or host, timeout=TIMEOUT)
        )
        if proxy:
            connection.set_tunnel(host)
        more = {"Tus-Resumable": "1.0.0", "Connection": "close", "User-Agent": "playtally-client"}
        if self.token:
            more["Authorization"] = f"Bearer {self.token}"
        if isinstance(body, Piece):
            more["Content-Length"] = str(body.length)
        try:
            whole = address if address.startswith(folder + "/") else folder + address
            connection.request(method, whole, body, {**more, **headers})
        except (BrokenPipeError, ConnectionResetError):
            if connection.sock is None:
                raise
            # It may have answered before it had read all.
        return connection.getresponse()

    def _renew(self) -> None:
        refresh, self.refresh, self.token = self.refresh, "", ""
        self.token, self.refresh = self.ask("/api/refresh/", {"refresh": refresh})["access"], refresh


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def sha256_of(path: Path) -> str:
    """The digest of a file, in hex digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(PIECE):
            digest.update(block)
    return digest.hexdigest()


def reason_of(job: dict[str, Any]) -> str:
    """Why there are no totals: what, in which line, and which options would help."""
    error = job["error"]
    if not error:
        return "The job was cancelled." if job["state"] == "cancelled" else "The files of the job were removed."
    sentence = str(error["message"])
    if error.get("line") and "line" not in sentence.lower():
        sentence = f"Line {error['line']:,}: {sentence}"
    question = error.get("question")
    if question:
        asked = " ".join(f"--option {name}=..." for name in question["options"])
        sentence += f" Say it with {asked}, one of: {', '.join(one['value'] for one in question['choices'])}."
    return sentence


class Bar:
    """What is being done, on stderr: a bar where that is a terminal, and sentences."""

    def __init__(self) -> None:
        self.width = shutil.get_terminal_size().columns - 1 if sys.stderr.isatty() else 0
        self.drawn = 0.0

    def __call__(self, what: str, share: float) -> None:
        """Draw how far it is, ten times a second at most."""
        if self.width and time.monotonic() - self.drawn > 0.1:
            self.drawn, full = time.monotonic(), int(share * 40)
            line = f"[{'#' * full}{'.' * (40 - full)}] {share:4.0%}  {what}"
            print("\r" + line[: self.width].ljust(self.width), end="", file=sys.stderr, flush=True)

    def say(self, sentence: str) -> None:
        """A sentence in place of the bar."""
        print(("\r" + " " * self.width + "\r" if self.width else "") + sentence, file=sys.stderr, flush=True)


def _do(found: argparse.Namespace, bar: Bar) -> None:
    client = Client(found.site, found.token or "", progress=bar)
    if found.username:
        password = os.environ.get("PLAYTALLY_PASSWORD") or getpass.getpass(f"Password of {found.username}: ")
        client = Client.login(found.site, found.username, password, progress=bar)
    if found.command == "jobs":
        for job in client.ask("/api/v1/jobs?limit=100")["items"]:
            print(job["id"], f"{job['state']:<9} {job['percent']:>3}%", job["created_at"], job["file_name"])
        return
    if "file" in found:
        found.job = client.upload(found.file, dict(found.option))
        bar.say(f"{found.file} is at the site as job {found.job}.")
    if found.command in ("run", "wait"):
        totals = client.wait(found.job)["totals"]
        bar.say("{rows_read:,} rows read, {rows_used:,} used, {bad_rows:,} skipped; {plays:,} plays.".format(**totals))
    if found.command in ("run", "download"):
        parts = client.download(found.job, found.to or Path(f"{getattr(found, 'file', found.job)}.totals"))
        bar.say(f"All parts ({len(parts)}) are there, each with the right sha256.")
        print(*parts, sep="\n", flush=True)
    if found.command == "upload":
        print(found.job, flush=True)


def _option(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark:
        raise argparse.ArgumentTypeError(f"should be like bad_rows=skip, but is {text!r}")
    return name, value


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", default=os.environ.get("PLAYTALLY_SITE"), help="such as https://playtally.example")
    parser.add_argument("--token", default=os.environ.get("PLAYTALLY_TOKEN"), help="an access token")
    parser.add_argument("--username", help="in place of a token; the password is asked for")
    commands = parser.add_subparsers(dest="command", required=True, metavar="run|upload|wait|download|jobs")
    for name in ("run", "upload", "wait", "download", "jobs"):
        command = commands.add_parser(name)
        if name in ("run", "upload"):
            command.add_argument("file", type=Path, metavar="FILE")
            command.add_argument("--option", type=_option, action="append", default=[], metavar="name=value")
        if name in ("wait", "download"):
            command.add_argument("job", metavar="JOB")
        if name in ("run", "download"):
            command.add_argument("--to", type=Path, metavar="FOLDER", help="default: FILE.totals or JOB.totals")
    found = parser.parse_args(words)
    if not found.site or not (found.token or found.username):
        parser.error("name the site with --site, and yourself with --token or --username")
    return found


def main(words: list[str]) -> int:
    """The command; gives its exit code."""
    found, bar = _arguments(words), Bar()
    try:
        _do(found, bar)
        code = 0
    except Failure as failure:
        bar.say(str(failure))
        code = failure.exit_code
    except OSError as error:  # of a file or folder here
        bar.say(f"{error.filename}: {error.strerror}.")
        return 2
    except (KeyboardInterrupt, EOFError):
        bar.say("Stopped. The same command goes on where it was.")
        return 130
    if "file" in found and code < 2:
        forget(found.file)  # it has ended, well or not: the next try is a new one
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
