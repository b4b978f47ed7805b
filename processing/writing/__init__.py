"""Sorted totals into parts of a bounded size, published whole."""
