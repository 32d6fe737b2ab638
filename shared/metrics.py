"""Every metric of the system, in one list. Names say the unit; labels never hold an id or anything about a person."""

from prometheus_client import Counter, Gauge, Histogram

BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500)

# --- the HTTP edge: how often each route is asked, with what outcome, and how long it takes
HTTP_REQUESTS = Counter("kurslots_http_requests_total", "Answers given", ["service", "route", "method", "status"])
HTTP_SECONDS = Histogram("kurslots_http_seconds", "Time to answer", ["service", "route", "method"])

# --- the outbox and its relay: what waits to be published, and how old the oldest is
OUTBOX_ROWS = Gauge("kurslots_outbox_rows", "Rows waiting to be published", ["service", "shard"])
OUTBOX_OLDEST_SECONDS = Gauge("kurslots_outbox_oldest_seconds", "Age of the oldest waiting row", ["service", "shard"])
RELAY_ACTIVE = Gauge("kurslots_relay_active", "1 where this process publishes the shard", ["service", "shard"])
RELAY_WINDOW_ROWS = Histogram(
    "kurslots_relay_window_rows", "Rows handed to the broker together", ["service"], buckets=BATCH_BUCKETS
)
RELAY_PUBLISHED = Counter("kurslots_relay_published_total", "Rows confirmed by the broker", ["service", "topic"])
RELAY_FAILURES = Counter("kurslots_relay_failures_total", "Sends that were not confirmed", ["service", "cause"])
RELAY_STOPPED_KEYS = Gauge("kurslots_relay_stopped_keys", "Keys that the broker refuses for good", ["service"])

# --- consumers: how far behind they are, what took effect, what had already, what was set aside
CONSUMER_LAG = Gauge("kurslots_consumer_lag_records", "Records not yet taken up", ["service", "topic", "partition"])
CONSUMER_BATCH_RECORDS = Histogram(
    "kurslots_consumer_batch_records", "Records taken up together", ["service"], buckets=BATCH_BUCKETS
)
CONSUMER_HALTED = Gauge(
    "kurslots_consumer_halted", "1 where a consumer stopped because too many messages died", ["service", "group"]
)
CONSUMER_STANDING_STILL = Gauge(
    "kurslots_consumer_standing_still_partitions", "Partitions on which nothing can be read", ["service", "group"]
)
CONSUMER_APPLIED = Counter("kurslots_consumer_applied_total", "Messages that took effect", ["service", "type"])
CONSUMER_REPEATED = Counter("kurslots_consumer_repeated_total", "Messages that had taken effect before", ["service"])
CONSUMER_RETRIES = Counter("kurslots_consumer_retries_total", "Messages or batches tried again", ["service", "cause"])
CONSUMER_UNKNOWN = Counter(
    "kurslots_consumer_unknown_total", "Messages of a type that is not known here", ["service", "topic"]
)
DEAD_LETTERS = Gauge("kurslots_dead_letters", "Messages set aside for an operator", ["service"])
PARKED_KEYS = Gauge("kurslots_parked_keys", "Keys whose messages wait behind a dead letter", ["service"])

# --- timers: what was due, what failed, and what is due and not acted on
TIMERS_RUN = Counter("kurslots_timers_run_total", "Due rows that were acted on", ["service", "timer"])
TIMERS_FAILED = Counter("kurslots_timers_failed_total", "Due rows that failed and wait", ["service", "timer"])

TIMERS_LATE_ROWS = Gauge("kurslots_timers_late_rows", "Rows due since before the last look", ["service", "timer"])
TIMERS_LATE_SECONDS = Gauge(
    "kurslots_timers_late_seconds", "How long the row that is latest has been seen due", ["service", "timer"]
)
TIMERS_LEFT_ALONE = Gauge("kurslots_timers_left_alone_rows", "Due rows that failed and wait", ["service"])

# --- notification: what was sent, over which channel, with what outcome, and what stands still on its way
SENDINGS = Counter("kurslots_sendings_total", "Attempts to send", ["channel", "outcome"])
NOTIFICATIONS_STANDING = Gauge(
    "kurslots_notifications_standing", "Neither at their end nor changed for a minute", ["channel", "state"]
)
