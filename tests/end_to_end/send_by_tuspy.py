"""Sends a file with tuspy as its users do, and prints the id of the job that came of it.

Started again, it goes on where it was killed. Its own process: it is killed on purpose.
"""

from __future__ import annotations

import sys
from pathlib import Path

import requests
from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage


def main(endpoint: str, token: str, file: str, chunk: str, storage: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    uploader = TusClient(endpoint, headers=headers).uploader(
        file,
        chunk_size=int(chunk),
        metadata={"filename": Path(file).name, "bad_rows": "skip"},
        retries=20,
        retry_delay=0.1,
        store_url=True,
        url_storage=FileStorage(storage),
        upload_checksum=True,
    )
    uploader.upload()
    standing = requests.head(uploader.url, headers={"Tus-Resumable": "1.0.0", **headers})
    print(standing.headers["Playtally-Job"])


if __name__ == "__main__":
    main(*sys.argv[1:])
