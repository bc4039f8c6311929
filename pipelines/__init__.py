"""Flows: the only place that knows Prefect. Each wraps plain steps of `listening`, and reads as a list of stations."""

import os

# A first start takes up to 20 s, Prefect's own limit; and a company's nights are nobody else's business.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
