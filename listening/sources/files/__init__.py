"""Files that were dropped or exported: takes a pattern below the workspace, gives each file's rows once, whatever it is called."""

from listening.sources.files.finding import pulls, read

__all__ = ["pulls", "read"]
