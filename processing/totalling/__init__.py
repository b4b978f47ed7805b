"""Typed rows into sorted totals: buckets of songs, and the totals of each."""
