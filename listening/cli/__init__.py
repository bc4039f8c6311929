"""The outermost door: what a person types comes in; what the stations answer goes out to the terminal, with an exit status.

Each room holds the commands of one purpose; naming it here puts them into the application.
"""

from listening.cli import nights, answers, desk, asking, teaching, themes, people, proving  # isort: skip (the order of the help)
from listening.cli.entry import main
from listening.cli.terminal import app

__all__ = ["answers", "app", "asking", "desk", "main", "nights", "people", "proving", "teaching", "themes"]
