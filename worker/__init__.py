"""Takes jobs off the queue: claim, process, publish. Beside it the reconciler, a process of its own."""
