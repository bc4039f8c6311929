"""Stand-ins for outside systems: servers on this machine that behave as the real ones do, with their traps.

`python -m tests.standins zendesk --port 8080` starts one, so that `listening run` can be tried without an account.
"""
