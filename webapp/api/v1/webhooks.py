"""The parameter webhook_url, which comes with the options but is not an option of the processing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from store.webhook_urls import LONGEST, TargetError, check
from webapp.app_context import resources
from webapp.errors.problems import Problem

FIELD = "webhook_url"
SCHEMA = {
    "type": "string",
    "format": "uri",
    "maxLength": LONGEST,
    "description": "URL that gets a signed POST when the job has ended; http or https.",
}
PARAMETER = {"in": "query", "name": FIELD, "schema": SCHEMA, "required": False}


def webhook_url(given: Mapping[str, Any]) -> str | None:
    """Return the webhook URL of a request, if any; raise Problem wrong-option if nothing may be sent there."""
    url = given.get(FIELD)
    if url in (None, ""):
        return None
    try:
        if not isinstance(url, str):
            raise TargetError("should be a text.")
        check(url, to_private=resources().settings.webhooks_to_private)
    except TargetError as error:
        words = f"{FIELD} {error}"
        wrong = {"option": FIELD, "value": str(url)[:60], "reason": words}
        raise Problem("wrong-option", words, errors=[wrong]) from None
    return url


def without_webhook(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request's fields without the webhook URL."""
    return {name: value for name, value in given.items() if name != FIELD}
