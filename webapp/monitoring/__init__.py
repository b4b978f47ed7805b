"""What tells operators how the site is: health, readiness, metrics."""
