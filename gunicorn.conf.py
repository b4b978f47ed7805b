"""Configuration of gunicorn, which reads this file from its working directory."""

from __future__ import annotations

import sys

from common.settings import SettingsError, read_address

try:
    _host, _port = read_address()
except SettingsError as error:
    sys.exit(str(error))

bind = f"[{_host}]:{_port}" if ":" in _host and not _host.startswith("[") else f"{_host}:{_port}"
worker_class = "webapp.server.gunicorn_worker.Worker"
workers = 2
threads = 128  # per worker, started on demand
timeout = 120  # seconds without a heartbeat after which a worker is killed; requests have their own limits
graceful_timeout = 5  # seconds for running requests when the site stops
keepalive = 5  # seconds for which an idle connection stays open
loglevel = "warning"
logger_class = "webapp.server.gunicorn_worker.Logger"
control_socket_disable = True  # gunicorn would create one in the home directory
