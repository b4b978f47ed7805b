"""gunicorn as this site runs it: slow clients occupy no thread, and malformed requests are answered in JSON."""
