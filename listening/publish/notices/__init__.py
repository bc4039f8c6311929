"""Notices: takes what changed overnight, tells it to people by e-mail, Slack, Teams or a Prefect block, once a night and never about nothing."""

from listening.publish.notices.outbox import standing, tell, tell_of_failure
from listening.publish.notices.posting import Block, attempt, post, probe

__all__ = ["Block", "attempt", "post", "probe", "standing", "tell", "tell_of_failure"]
