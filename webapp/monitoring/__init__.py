"""Monitoring for operators: health, readiness and metrics."""
