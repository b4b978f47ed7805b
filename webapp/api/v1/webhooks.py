"""The webhook that a job may be sent with: no option of the processing, so it comes beside the options."""

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
    "description": "Told of the job's end by a signed POST; http or https.",
}
PARAMETER = {"in": "query", "name": FIELD, "schema": SCHEMA, "required": False}


def webhook_url(given: Mapping[str, Any]) -> str | None:
    """The address that a request names, if any; a Problem where nothing can be sent there."""
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
    """What else the request names."""
    return {name: value for name, value in given.items() if name != FIELD}
