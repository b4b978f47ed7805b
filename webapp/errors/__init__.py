"""Errors as pages, as JSON and as problem objects."""
