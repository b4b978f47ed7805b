"""What the reconciler does for webhooks: tell the queue of those that are due."""

from __future__ import annotations

import logging

from redis import Redis
from redis.exceptions import RedisError

from store import queues, webhooks
from store.webhooks import Due

MOST_AT_ONCE = 500  # told of in one look; whoever waits longest comes first

_log = logging.getLogger(__name__)


class DueWebhooks:
    """Remembers which tries the queue was told of, so that a look costs Redis nothing while none is new."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._told: set[Due] = set()
        self._is_away = False

    def tell(self) -> None:
        """Enqueue the tries that are due and were not told yet; raises SQLAlchemyError when the database is away."""
        due = webhooks.due(MOST_AT_ONCE)
        self._told &= set(due)
        if self._is_away:
            return
        try:
            for one in due:
                if one not in self._told:
                    queues.enqueue_webhook(self._redis, webhook_id=one.webhook_id, tries=one.tries)
                    self._told.add(one)
        except RedisError as error:
            _log.warning("%d webhooks wait for the queue, which is away: %s", len(due), error)
            self._is_away = True

    def start_anew(self) -> None:
        """Tell of all of them once more, in each turn: the queue may have lost what it was told."""
        self._is_away = False
        try:
            for one in self._told:
                queues.forget_lost_webhook(self._redis, webhook_id=one.webhook_id, tries=one.tries)
        except RedisError:
            pass  # then it is told next time
        else:
            self._told.clear()
