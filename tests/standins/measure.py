"""How fast pages land, and in how much memory: `python -m tests.standins.measure 10000 100000`, each in a process of its own."""

from __future__ import annotations

import datetime as dt
import json
import logging
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from listening import landing, warehouse
from listening.workspace import Source, Workspace
from tests.standins.server import Reply, Request, Standin

PAGE = 1000
NEWEST = 1_735_000_000


class Many(Standin):
    """A Zendesk with nothing but rows: pages of a thousand tickets of one comment each, written beforehand."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows
        words = "The parcel came three days late and nobody called me back, so please have a look at it. " * 3
        ticket = {
            "url": "https://acme.zendesk.com/api/v2/tickets/1.json", "created_at": "2024-12-01T10:00:00Z", "updated_at": "2024-12-02T10:00:00Z",
            "subject": "A parcel", "description": words, "status": "solved", "requester_id": 1, "submitter_id": 1, "tags": ["a", "b"], "comment_count": 1,
            "via": {"channel": "email"}, "custom_fields": [{"id": number, "value": None} for number in range(10)],
            "satisfaction_rating": {"score": "unoffered"},
        }  # fmt: skip
        self.row = json.dumps({"id": "ID", **ticket, "generated_timestamp": "STAMP"})

    def answer(self, request: Request) -> Reply:
        """The next page; the cursor is its number."""
        if not request.path.endswith("cursor.json"):
            return Reply({"error": "RecordNotFound"}, 404)
        page = int(request.query.get("cursor", 0))
        stamps = range(page * PAGE, min((page + 1) * PAGE, self.rows))
        rows = ",".join(self.row.replace('"ID"', str(number + 1)).replace('"STAMP"', str(NEWEST - self.rows + number)) for number in stamps)
        is_end = (page + 1) * PAGE >= self.rows
        return Reply(f'{{"tickets":[{rows}],"after_cursor":"{page + 1}","end_of_stream":{json.dumps(is_end)}}}'.encode())


def serve(rows: int, address: multiprocessing.Queue[str]) -> None:
    """Serve until the process is ended."""
    with Many(rows).serving() as url:
        address.put(url)
        time.sleep(3600)


def measure(rows: int) -> None:
    """Land so many rows from a server in another process, and print how long it took and the most memory it had."""
    context = multiprocessing.get_context("fork")
    address: multiprocessing.Queue[str] = context.Queue()
    server = context.Process(target=serve, args=(rows, address), daemon=True)
    server.start()
    os.environ["ZENDESK_TOKEN"] = "none"
    try:
        with tempfile.TemporaryDirectory() as folder:
            place = Workspace(Path(folder))
            place.landing.mkdir()
            source = Source(name="t", connector="zendesk", kind="ticket", base_url=address.get(), options={"access_token_env": "ZENDESK_TOKEN"})
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            began = time.perf_counter()
            with warehouse.opened(place.warehouse) as store:
                landed = landing.land(place, store, source, dt.datetime.now(dt.UTC))
            took = time.perf_counter() - began
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    finally:
        server.terminate()
    assert landed.rows == rows, landed
    sys.stdout.write(f"{rows} rows in {took:.1f} s: {rows / took:.0f} a second, at most {most:.0f} MB ({most - before:.0f} MB above the start)\n")
    sys.stdout.flush()


if __name__ == "__main__":
    logging.disable()
    for number in sys.argv[1:] or ["10000", "100000"]:
        child = multiprocessing.get_context("spawn").Process(target=measure, args=(int(number),))
        child.start()
        child.join()
