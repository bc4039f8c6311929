"""Warnings: which troubles have risen beyond their habit, told before customers are lost."""

from listening.warnings.acknowledged import acknowledge
from listening.warnings.backtest import Backtest, backtest
from listening.warnings.station import Warned, warn

__all__ = ["Backtest", "Warned", "acknowledge", "backtest", "warn"]
