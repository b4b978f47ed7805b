"""Sessions, CSRF tokens, rate limits and security headers."""
