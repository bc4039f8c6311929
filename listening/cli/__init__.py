"""The outermost door: what a person types comes in; what the stations answer goes out to the terminal, with an exit status.

Each room holds the commands of one purpose; naming it here puts them into the application, in the order of the help.
"""

from listening.cli import (  # isort: skip
    nights,
    pulling,
    answers,
    desk,
    watching,
    sending,
    asking,
    calling,
    acting,
    teaching,
    themes,
    people,
    proving,
    timing,
)
from listening.cli.entry import main
from listening.cli.terminal import app

__all__ = [
    "acting",
    "answers",
    "app",
    "asking",
    "calling",
    "desk",
    "main",
    "nights",
    "people",
    "proving",
    "pulling",
    "sending",
    "teaching",
    "themes",
    "timing",
    "watching",
]
