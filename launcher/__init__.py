"""Starts all processes of a site on one machine, keeps them running, and leaves none behind."""
