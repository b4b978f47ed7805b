"""gunicorn as this site runs it: slow clients cost no thread, and broken requests are answered in JSON."""
