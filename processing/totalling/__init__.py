"""Typed rows into sorted totals: buckets of songs, and adding up each of them."""
