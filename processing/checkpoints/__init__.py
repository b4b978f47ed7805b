"""What survives a kill: the workspace of a run, and the checkpoints in it."""
