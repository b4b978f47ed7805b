"""Settings: the one module that reads the environment.

Comments name the users of each value. An invalid value raises :class:`SettingsError` with a sentence that
names the variable, its value and what is allowed.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from redis import ConnectionPool
from sqlalchemy import URL

MIB = 1 << 20
GIB = 1 << 30
SHORTEST_SECRET = 16
LOG_FORMATS = ("json", "text")
REDIS_FORM = "redis://user:password@localhost:6379/0"


class SettingsError(ValueError):
    """An invalid setting; the message is for the person who starts Playtally."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of all processes."""

    host: str  # launcher, gunicorn
    port: int  # launcher, gunicorn
    data_dir: Path  # store.paths: uploads, results, scratch; also the default database
    database_url: str  # store.database
    redis_url: str  # store.queues, worker; by default a unix:// address in data_dir
    redis_is_embedded: bool  # launcher: start the embedded server
    secret_key: str  # webapp: signs sessions and form tokens
    admin_username: str  # launcher, `flask create-user`
    admin_password: str | None  # launcher; None: generated once and printed once
    max_single_file_size: int  # processing: bytes of the largest part
    memory_limit: int  # processing: bytes of memory for one job
    workers: int  # launcher: workers for each of the two queues
    max_upload_bytes: int | None  # webapp: bytes; None: limited only by the disk
    quota_bytes: int | None  # webapp: bytes that one account may store; None: no limit
    uploads_per_minute: int  # webapp: requests with files per account; 0: no limit
    keep_days: int  # store.jobs: days from the end of a job to the removal of its files
    lease_seconds: int  # worker, reconciler: seconds without a heartbeat after which a worker counts as dead
    checkpoint_seconds: int  # worker: seconds of work that a crash may lose
    reconcile_seconds: int  # reconciler: seconds between two turns
    webhooks_to_private: bool  # webapp, worker: webhooks may go to private addresses
    public_https: bool  # webapp: served over HTTPS, so cookies are Secure
    trusted_proxies: int  # webapp: proxies in front of it that set X-Forwarded-For
    metrics_token: str | None  # webapp: bearer token for /metrics; None: local requests only
    log_format: str  # all processes: json or text

    @property
    def redis_socket(self) -> Path:
        """The socket on which the embedded server listens."""
        return _redis_socket(self.data_dir)


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; create DATA_DIR and the secret key if they are missing.

    Raises:
        SettingsError: a value is invalid, or DATA_DIR is not writable.
    """
    data_dir = _data_dir(environ)
    redis_url = _redis_url(environ)
    host, port = read_address(environ)
    return Settings(
        host=host,
        port=port,
        data_dir=data_dir,
        database_url=_database_url(environ, data_dir),
        redis_url=redis_url or f"unix://{quote(str(_redis_socket(data_dir)))}",
        redis_is_embedded=not redis_url,
        secret_key=_secret_key(environ, data_dir),
        admin_username=environ.get("ADMIN_USERNAME") or "admin",
        admin_password=environ.get("ADMIN_PASSWORD") or None,
        max_single_file_size=_whole(environ, "MAX_SINGLE_FILE_SIZE", 500_000_000, low=200),
        memory_limit=_whole(environ, "MEMORY_LIMIT", GIB, low=256 * MIB),
        workers=_whole(environ, "WORKERS", 1, low=1, high=64),
        max_upload_bytes=_whole(environ, "MAX_UPLOAD_BYTES", 0, low=0) or None,
        quota_bytes=_whole(environ, "QUOTA_BYTES", 0, low=0) or None,
        uploads_per_minute=_whole(environ, "UPLOADS_PER_MINUTE", 300, low=0),
        keep_days=_whole(environ, "KEEP_DAYS", 30, low=1, high=36500),
        lease_seconds=_whole(environ, "LEASE_SECONDS", 30, low=2),
        checkpoint_seconds=_whole(environ, "CHECKPOINT_SECONDS", 60, low=0),
        reconcile_seconds=_whole(environ, "RECONCILE_SECONDS", 15, low=1),
        webhooks_to_private=_yes_or_no(environ, "WEBHOOKS_TO_PRIVATE"),
        public_https=_yes_or_no(environ, "PUBLIC_HTTPS"),
        trusted_proxies=_whole(environ, "TRUSTED_PROXIES", 0, low=0, high=9),
        metrics_token=_metrics_token(environ),
        log_format=read_log_format(environ),
    )


def read_address(environ: Mapping[str, str] = os.environ) -> tuple[str, int]:
    """Return host and port of the site, for gunicorn.conf.py; raise SettingsError."""
    return environ.get("HOST") or "127.0.0.1", _whole(environ, "PORT", 8000, low=1, high=65535)


def read_log_format(environ: Mapping[str, str] = os.environ) -> str:
    """Return the log format, which is needed before the other settings; raise SettingsError."""
    text = environ.get("LOG_FORMAT") or LOG_FORMATS[0]
    if text not in LOG_FORMATS:
        raise SettingsError(f"LOG_FORMAT should be {' or '.join(LOG_FORMATS)}, but is {text!r}.")
    return text


def _data_dir(environ: Mapping[str, str]) -> Path:
    path = Path(environ.get("DATA_DIR") or "data").absolute()
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)  # uploads are private
    except OSError as error:
        raise SettingsError(
            f"DATA_DIR is {path}, but that folder cannot be made ({error.strerror}). Name a folder you may write to."
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise SettingsError(f"DATA_DIR is {path}, but nothing can be written there. Name a folder you may write to.")
    return path


def _database_url(environ: Mapping[str, str], data_dir: Path) -> str:
    url = environ.get("DATABASE_URL") or _sqlite_url(data_dir / "playtally.db")
    # Hosting services hand out these two forms; SQLAlchemy wants the driver named.
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            return "postgresql+psycopg://" + url.removeprefix(short)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise SettingsError("DATABASE_URL should start with postgresql:// or sqlite:///, but it does not.")
    return url


def _sqlite_url(path: Path) -> str:
    return URL.create("sqlite", database=str(path)).render_as_string()  # quotes special characters


def _redis_socket(data_dir: Path) -> Path:
    return data_dir / "redis.sock"


def _redis_url(environ: Mapping[str, str]) -> str:
    url = environ.get("REDIS_URL", "")
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise SettingsError("REDIS_URL should start with redis://, rediss:// or unix://, but it does not.")
    try:
        ConnectionPool.from_url(url or "redis://")
    except ValueError:  # its message may contain parts of the password
        raise SettingsError(f"REDIS_URL cannot be read. Write it like {REDIS_FORM}.") from None
    return url


def _secret_key(environ: Mapping[str, str], data_dir: Path) -> str:
    secret = environ.get("SECRET_KEY")
    if secret is not None and 0 < len(secret) < SHORTEST_SECRET:
        raise SettingsError(f"SECRET_KEY should have at least {SHORTEST_SECRET} characters, but has {len(secret)}.")
    return secret or _kept_secret(data_dir / "secret_key")


def _metrics_token(environ: Mapping[str, str]) -> str | None:
    token = environ.get("METRICS_TOKEN") or None
    if token is not None and len(token) < SHORTEST_SECRET:
        raise SettingsError(f"METRICS_TOKEN should have at least {SHORTEST_SECRET} characters, but has {len(token)}.")
    return token


def _whole(environ: Mapping[str, str], name: str, default: int, *, low: int, high: int | None = None) -> int:
    text = environ.get(name) or str(default)
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise SettingsError(f"{name} should be a whole number, but is {text!r}.")
    value = int(text)
    if value < low or (high is not None and value > high):
        bounds = f"at least {low}" if high is None else f"from {low} to {high}"
        raise SettingsError(f"{name} should be {bounds}, but is {value}.")
    return value


def _yes_or_no(environ: Mapping[str, str], name: str) -> bool:
    text = (environ.get(name) or "0").lower()
    if text not in ("0", "1", "yes", "no", "true", "false"):
        raise SettingsError(f"{name} should be yes or no, but is {text!r}.")
    return text in ("1", "yes", "true")


def _kept_secret(path: Path) -> str:
    """Return the secret in the file, creating it on the first call; safe if several processes start at once."""
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # other processes wait until the first one has written it
        secret = file.read().strip()
        if not secret:
            secret = secrets.token_hex(32)
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
    if len(secret) < 32:
        raise SettingsError(f"The secret key in {path} is too short. Delete that file, and a new one is made.")
    return secret
