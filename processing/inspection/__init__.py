"""Which dialect a file is written in, found in its first MiB."""
