"""What the server process imports once, before it forks a night: the whole program, and nothing that starts a thread."""

from listening import cli, warehouse
from pipelines import __name__ as pipelines

from . import judge, world

for schema in (*warehouse.SCHEMAS, "publish"):  # descriptions are read once, not once a night
    for name in warehouse.tables(schema):
        warehouse.table(name)

__all__ = ["cli", "judge", "pipelines", "world"]
