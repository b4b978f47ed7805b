"""Inspection: detecting the dialect of a file from its first MiB."""
