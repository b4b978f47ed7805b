"""Benchmarks: speed and memory compared with other engines, on the same machine in the same run. No test uses them."""
