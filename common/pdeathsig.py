"""A process that dies with its parent, even where the parent is killed with -9 (Linux only)."""

from __future__ import annotations

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork: nothing is looked up in the child


def die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGKILL when the parent ends; call it in the child, with the parent's process id.

    The kernel watches the thread that forked, so fork in a thread that lives as long as its process.
    """
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel was asked
        os._exit(1)
