"""Warnings: which troubles have risen beyond their habit, told before customers are lost."""

from listening.warnings.station import Warned, warn

__all__ = ["Warned", "warn"]
