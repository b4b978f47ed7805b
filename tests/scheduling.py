"""How pytest's processes share the tests: a file each, but what shares a site stays together, and long files are cut.

pytest-xdist has groups for this, which change the name of a test; pytest 9 computes names and takes no notice of them.
"""

from __future__ import annotations

import zlib

from xdist.scheduler import LoadScopeScheduling

SHARE_A_SITE = ("tests/end_to_end/", "tests/static/")
SHARE_NOTHING = ("tests/processing/test_case_files.py", "tests/processing/test_corpus.py")
SHARE_NOTHING += ("tests/processing/test_resuming.py", "tests/webapp/server/test_gunicorn_worker.py")
PIECES = 6  # into which the tests of such a file fall


class ByPlace(LoadScopeScheduling):
    """Tests of one scope run in one process, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        for folder in SHARE_A_SITE:
            if file.startswith(folder):
                return folder
        if file in SHARE_NOTHING:
            return f"{file} {zlib.crc32(nodeid.encode()) % PIECES}"
        return file
