"""What survives a kill: the working folders of a run, and checkpoints in them."""
