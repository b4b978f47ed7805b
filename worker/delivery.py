"""One try to deliver a webhook: post it and record the outcome."""

from __future__ import annotations

import json
import logging
from typing import Any

from processing import sentences
from store import failures, signing, webhooks
from store.database import now
from store.webhooks import GIVEN_UP, Delivery
from worker.http_post import Poster, PostingError, PostResult

GONE = 410  # the receiver asks for no further webhooks
BUSY = (429, 503)  # may come with Retry-After

_log = logging.getLogger(__name__)


def deliver(delivery: Delivery, poster: Poster) -> None:
    """Post a claimed try to its receiver and record the outcome; needs an application context."""
    body = json.dumps(_in_words(delivery.event)).encode()
    try:
        answer = poster.post(delivery.url, signing.headers(delivery.secret, delivery.webhook_id, body, now()), body)
    except PostingError as error:
        _note_failed(delivery, str(error))
    else:
        _note_answer(delivery, answer)


def _in_words(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with the sentence of its error, if it has one."""
    error = event["data"]["error"]
    if error is None:
        return event
    return event | {"data": event["data"] | {"error": failures.error_json(error, sentences.error_json)}}


def _note_answer(delivery: Delivery, answer: PostResult) -> None:
    if 200 <= answer.status < 300:
        webhooks.record_delivered(delivery)
        _log.info("webhook delivered on try %d", delivery.tries, extra={"job": delivery.job_id})
        return
    words = f"The receiver answered with the code {answer.status}"
    if 300 <= answer.status < 400:
        words += ", and redirects are not followed"
    elif answer.status == GONE:
        words += ", which means that it wants no more"
    wait_seconds = answer.retry_after if answer.status in BUSY else 0
    _note_failed(delivery, f"{words}.", wait_seconds=wait_seconds, is_last=answer.status == GONE)


def _note_failed(delivery: Delivery, problem: str, *, wait_seconds: float = 0, is_last: bool = False) -> None:
    state = webhooks.record_failed(delivery, problem, wait_seconds=wait_seconds, is_last=is_last)
    what_next = "giving up" if state == GIVEN_UP else "retrying later"
    words = "webhook try %d failed, %s: %s"
    _log.warning(words, delivery.tries, what_next, problem, extra={"job": delivery.job_id})
