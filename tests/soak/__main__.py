"""`python -m tests.soak`: play all suites, or those that are named, and print the report; the same seed plays the same again."""

from __future__ import annotations

import argparse
import re
import sys
import time

from . import stand, suites
from .world import World


def main() -> int:
    """Play, and end with 1 if a promise was broken."""
    options = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    options.add_argument("--seed", type=int, default=int(time.time()) % 100_000, help="what decides everything; printed with the report")
    options.add_argument("--nights", type=int, default=60, help="nights of a campaign")
    options.add_argument("--kills", type=int, default=200, help="kills at random moments")
    options.add_argument("--every", type=int, default=8, help="of the steps between two that turn something, kill at each such one (1: at all)")
    options.add_argument(
        "--suite",
        action="append",
        help="only this suite (campaign, kills, writes, random, logs, stores, disks, places, missed, clocks, contents, faults, prefect)",
    )
    options.add_argument("--only", help="only cases whose name this regular expression finds")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--minutes", type=float, help="no case begins after so long")
    given = options.parse_args()
    began = time.monotonic()
    print(f"seed {given.seed}", flush=True)
    with stand.pattern() as pattern, stand.scratch() as folder:
        base = suites.prepared(folder, pattern, World(given.seed, 8, 300), 3)
        chosen = [
            case
            for name, cases in suites.everything(given.seed, base, given.nights, given.kills, given.every)
            for case in cases
            if (not given.suite or name in given.suite)
            and (not given.only or re.search(given.only if given.only != case.name else re.escape(given.only), case.name))
        ]
        print(f"{len(chosen)} cases", flush=True)
        until = began + given.minutes * 60 if given.minutes else None
        report = suites.play(chosen, pattern, given.seed, given.workers, lambda line: print(line, flush=True), until)
    print(f"\n{report}")
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
