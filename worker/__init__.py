"""The background processes: workers for the queues, the reconciler, and the webhook deliverer."""
