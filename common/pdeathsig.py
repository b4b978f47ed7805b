"""PR_SET_PDEATHSIG: make a process die with its parent, even one that gets SIGKILL (Linux only)."""

from __future__ import annotations

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork, so that the child need not load anything


def die_with_parent(parent: int) -> None:
    """Have the kernel send SIGKILL when the parent ends; call this in the child, with the parent's process id.

    The kernel watches the thread that forked, so fork in a thread that lives as long as its process.
    """
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent ended before the call
        os._exit(1)
