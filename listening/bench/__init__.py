"""How long this program takes: makes a company of any size from the sample's own words, walks its nights, gives figures by station and beside others."""

from listening.bench.nights import Walked, nights
from listening.bench.page import Rendered, bench_page
from listening.bench.peers import SCRIPT, beside
from listening.bench.rates import Rate
from listening.bench.story import Told, bench_story
from listening.bench.tagging import bench_tagging
from listening.bench.watching import Watching, bench_warnings

__all__ = ["SCRIPT", "Rate", "Rendered", "Told", "Walked", "Watching", "bench_page", "bench_story", "bench_tagging", "bench_warnings", "beside", "nights"]
