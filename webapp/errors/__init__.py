"""Errors as pages and as problem objects."""
