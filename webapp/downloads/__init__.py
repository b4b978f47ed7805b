"""Parts, zips and lists of bad rows on their way to a client."""
