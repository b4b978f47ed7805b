"""``python -m launcher.demo FILE``: uploads a file to the running site and downloads its totals next to it."""

from __future__ import annotations

import getpass
import sys
import time
import warnings
from pathlib import Path

from common.settings import SettingsError, read_settings
from launcher.client import ApiError, Client
from launcher.site import address

SHOWN_LINES = 5


def main() -> int:
    """Exit 0: the totals are downloaded; 1: the site refused something; 2: it is unreachable, or wrong usage."""
    source = Path(sys.argv[1] if len(sys.argv) == 2 else "")
    if not source.is_file():
        print("Name a file that is there: python -m launcher.demo FILE", file=sys.stderr)
        return 2
    try:
        settings = read_settings()
        base = address(settings)
        password = settings.admin_password or _asked(settings.admin_username)
        take_through(Client.login(base, settings.admin_username, password), source)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except (EOFError, getpass.GetPassWarning):
        print("Name the administrator's password: ADMIN_PASSWORD=... make demo", file=sys.stderr)
        return 2
    except ApiError as error:
        print(error.sentence, file=sys.stderr)
        return 1
    except (ConnectionError, TimeoutError):
        print(f"Nothing answers at {base}. Start it first: make run", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename or base}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


def _asked(username: str) -> str:
    """Prompt for the password; raise GetPassWarning if there is no terminal, EOFError at end of input."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        return getpass.getpass(f"Password of {username}: ")


def take_through(client: Client, source: Path) -> None:
    """Upload, wait, download, and print each step. Raises ApiError and OSError."""
    began = time.monotonic()
    job_id = client.upload(source)
    print(f"uploaded {source} ({source.stat().st_size:,} bytes) as job {job_id}")
    result = client.wait(job_id)
    print(f"done after {time.monotonic() - began:.1f} s")
    folder = source.with_suffix(".totals")
    folder.mkdir(exist_ok=True)
    for number, part in enumerate(result["output_files"], start=1):
        target = folder / f"part-{number:05}.csv"
        with open(target, "wb") as file:
            file.writelines(client.download(part["output_file"]))
        print(f"{target}: {target.stat().st_size:,} bytes, beginning with")
        with open(target, encoding="utf-8") as lines:
            for line in [next(lines, "") for _ in range(SHOWN_LINES)]:
                print(f"    {line.rstrip()}")


if __name__ == "__main__":
    sys.exit(main())
