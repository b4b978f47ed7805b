"""Settings: a wrong value stops the start with a sentence that names it."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis import Redis

from common.settings import GIB, Settings, SettingsError, read_settings

NO_REDIS = "REDIS_URL should start with redis://, rediss:// or unix://, but it does not."
BROKEN_REDIS = "REDIS_URL cannot be read. Write it like redis://user:password@localhost:6379/0."


def read(folder: Path, **values: str) -> Settings:
    return read_settings({"DATA_DIR": str(folder / "data"), **values})


def test_without_any_value_everything_is_on_this_machine_and_in_the_data_folder(tmp_path: Path) -> None:
    settings = read(tmp_path)
    data = tmp_path / "data"
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8000, data)
    assert settings.database_url == f"sqlite:///{data}/playtally.db"
    assert (settings.redis_url, settings.redis_is_embedded) == (f"unix://{data}/redis.sock", True)
    assert (settings.admin_username, settings.admin_password) == ("admin", None)
    assert (settings.max_single_file_size, settings.memory_limit) == (500_000_000, GIB)
    assert (settings.max_upload_bytes, settings.public_https) == (None, False)
    assert (settings.metrics_token, settings.log_format) == (None, "json")
    assert (settings.uploads_per_minute, settings.trusted_proxies) == (300, 0)


def test_an_empty_value_is_the_default(tmp_path: Path) -> None:
    names = ("HOST", "PORT", "DATABASE_URL", "REDIS_URL", "MEMORY_LIMIT", "ADMIN_PASSWORD", "PUBLIC_HTTPS", "WORKERS")
    assert read(tmp_path, **dict.fromkeys(names, "")) == read(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "http", "PORT should be a whole number, but is 'http'."),
        ("PORT", "0", "PORT should be from 1 to 65535, but is 0."),
        ("PORT", "65536", "PORT should be from 1 to 65535, but is 65536."),
        ("PORT", "8_2_04", "PORT should be a whole number, but is '8_2_04'."),
        ("PORT", "８２０４", "PORT should be a whole number, but is '８２０４'."),
        ("PORT", "+8204", "PORT should be a whole number, but is '+8204'."),
        ("MAX_SINGLE_FILE_SIZE", "199", "MAX_SINGLE_FILE_SIZE should be at least 200, but is 199."),
        ("MAX_SINGLE_FILE_SIZE", "500MB", "MAX_SINGLE_FILE_SIZE should be a whole number, but is '500MB'."),
        ("MEMORY_LIMIT", "1000000", "MEMORY_LIMIT should be at least 268435456, but is 1000000."),
        ("WORKERS", "0", "WORKERS should be from 1 to 64, but is 0."),
        ("MAX_UPLOAD_BYTES", "-1", "MAX_UPLOAD_BYTES should be at least 0, but is -1."),
        ("KEEP_DAYS", "0", "KEEP_DAYS should be from 1 to 36500, but is 0."),
        ("LEASE_SECONDS", "1", "LEASE_SECONDS should be at least 2, but is 1."),
        ("RECONCILE_SECONDS", "0", "RECONCILE_SECONDS should be at least 1, but is 0."),
        ("PUBLIC_HTTPS", "maybe", "PUBLIC_HTTPS should be yes or no, but is 'maybe'."),
        ("UPLOADS_PER_MINUTE", "-1", "UPLOADS_PER_MINUTE should be at least 0, but is -1."),
        ("TRUSTED_PROXIES", "10", "TRUSTED_PROXIES should be from 0 to 9, but is 10."),
        ("SECRET_KEY", "x" * 15, "SECRET_KEY should have at least 16 characters, but has 15."),
        ("METRICS_TOKEN", "x" * 15, "METRICS_TOKEN should have at least 16 characters, but has 15."),
        ("LOG_FORMAT", "xml", "LOG_FORMAT should be json or text, but is 'xml'."),
        ("REDIS_URL", "localhost:6379", NO_REDIS),
        ("REDIS_URL", "http://localhost", NO_REDIS),
        ("REDIS_URL", "redis://localhost:many/0", BROKEN_REDIS),
        ("REDIS_URL", "redis://[::1", BROKEN_REDIS),
        (
            "DATABASE_URL",
            "mysql://somewhere",
            "DATABASE_URL should start with postgresql:// or sqlite:///, but it does not.",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_would_do(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read(tmp_path, **{name: value})
    assert str(refusal.value) == sentence


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file is in the way")
    with pytest.raises(SettingsError) as refusal:
        read(tmp_path)
    assert str(refusal.value) == (
        f"DATA_DIR is {tmp_path}/data, but that folder cannot be made (File exists). Name a folder you may write to."
    )


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("sqlite:////var/lib/playtally.db", "sqlite:////var/lib/playtally.db"),
    ],
)
def test_a_database_may_be_named_as_hosting_services_do(tmp_path: Path, given: str, used: str) -> None:
    assert read(tmp_path, DATABASE_URL=given).database_url == used


@pytest.mark.parametrize("url", ["redis://u:p@h:1/2", "rediss://h", "unix:///run/r.sock?db=1", "redis://[::1]:6379"])
def test_a_redis_may_be_named_in_every_form_that_redis_knows(tmp_path: Path, url: str) -> None:
    assert read(tmp_path, REDIS_URL=url).redis_url == url


def test_a_redis_of_ones_own_is_used_instead_of_the_embedded_one(tmp_path: Path) -> None:
    settings = read(tmp_path, REDIS_URL="redis://elsewhere:6379")
    assert (settings.redis_url, settings.redis_is_embedded) == ("redis://elsewhere:6379", False)


@pytest.mark.parametrize(("word", "meant"), [("yes", True), ("TRUE", True), ("1", True), ("no", False), ("0", False)])
def test_yes_and_no_have_several_forms(tmp_path: Path, word: str, meant: bool) -> None:
    assert read(tmp_path, PUBLIC_HTTPS=word).public_https is meant
    assert read(tmp_path, WEBHOOKS_TO_PRIVATE=word).webhooks_to_private is meant


def test_the_secret_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    first = read(tmp_path).secret_key
    kept = tmp_path / "data" / "secret_key"
    assert len(first) == 64
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert read(tmp_path).secret_key == first
    assert [path.name for path in kept.parent.iterdir()] == ["secret_key"]


def test_two_sites_have_different_secret_keys(tmp_path: Path) -> None:
    assert read(tmp_path / "one").secret_key != read(tmp_path / "other").secret_key


def test_processes_that_start_at_once_agree_on_the_secret_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as threads:
        for site in range(20):
            keys = list(threads.map(lambda _: read(tmp_path / str(site)).secret_key, range(16)))  # noqa: B023
            assert len(set(keys)) == 1


def test_a_secret_key_that_is_given_is_not_kept(tmp_path: Path) -> None:
    assert read(tmp_path, SECRET_KEY="given by someone").secret_key == "given by someone"
    assert not (tmp_path / "data" / "secret_key").exists()


def test_a_secret_key_that_lost_its_end_is_refused_with_the_way_out(tmp_path: Path) -> None:
    read(tmp_path)
    kept = tmp_path / "data" / "secret_key"
    kept.write_text("abc")
    with pytest.raises(SettingsError) as refusal:
        read(tmp_path)
    assert str(refusal.value) == f"The secret key in {kept} is too short. Delete that file, and a new one is made."


def test_a_data_folder_that_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    settings = read_settings({"DATA_DIR": str(tmp_path / "new")})
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["my plays", "a=b", "100%20", "what?", "one#two", "Töne", "a&b;c", "50%"])
def test_the_embedded_queue_is_reached_in_a_data_folder_of_any_name(tmp_path: Path, name: str) -> None:
    settings = read_settings({"DATA_DIR": str(tmp_path / name)})
    with Redis.from_url(settings.redis_url) as connection:
        assert connection.connection_pool.connection_kwargs["path"] == str(settings.redis_socket)
    assert settings.redis_socket == tmp_path / name / "redis.sock"
