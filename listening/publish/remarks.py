"""Facts in, the sentences that the page adds of its own out: the glance, trouble with sources, whom nobody heard, what would make a stage surer."""

from __future__ import annotations

from listening import figures
from listening.publish import wording
from listening.publish.facts import Facts

DID = {"spoken of": "told of trouble with it", "delight": "praised it"}  # those who stand behind an item of the list of what to mend
SILENT_DAYS = 30
MANY = 3  # stages, to be named one by one where all are alike
SILENT_TOLD = 3  # stages
COMPARED_FROM = 10  # units of one source in both periods, as in story/station.py
FOUND_WELL = 0.75  # the classifier's recall that a stage should not fall below


def headline(told: Facts) -> list[str]:
    """Where customers live well and where not, and what changed: the glance in two or three sentences."""
    if not any(stage["now"] for stage in told["stages"]):
        return []
    by_level = {key: [stage["title"] for stage in told["stages"] if wording.level(stage["now"]).key == key] for key in wording.LEVELS}
    words = {"well": "Customers live it well", "badly": "They live it badly", "mixed": "Mixed", "unknown": "No number of all customers yet"}
    lived = [f"{words[key]}: {', '.join(by_level[key])}." for key in words if by_level[key]]
    if len(by_level["unknown"]) == len(told["stages"]) > MANY:
        lived = ["No stage has a number of all customers yet; each stage’s page tells what its sources say, and what would make it surer."]
    moved = [
        f"{state.words}: {', '.join(titles)}."
        for state in (wording.WORSE, wording.BETTER)
        if (titles := [stage["title"] for stage in told["stages"] if wording.state(stage["now"]) == state])
    ]
    return [*lived, *(moved or ["No stage moved beyond chance in 90 days."])]


def stake(item: Facts, currency: str) -> str:
    """Why a thing to mend stands where it does, from its figures, in one line."""
    told = [f"{figures.count(item['met'], 'customer', 'customers')} {DID.get(item['item'], 'met it')} in 90 days"] if item["met"] else []
    if item["value"] and item["customers"]:
        told.append(f"about {figures.number(item['customers'])} who left or bought less go with it, worth {figures.money(item['value'], currency)} a year")
    elif item["customers"]:
        told.append(f"about {figures.number(item['customers'])} who left or bought less go with it")
    return figures.capital("; ".join(told)) + "." if told else str(item["why"])


def due(action: Facts) -> str:
    """An action in one line: what, until when, and whether it moved anything so far."""
    until = f", due {figures.day(action['due_on'])}" if action["due_on"] else ", without a day on which it is due"
    verdict = f"; {action['verdict']} so far" if action["verdict"] and action["started_on"] else ""
    return f"{action['what']}{until}{verdict}."


def problems(told: Facts) -> list[str]:
    """What a reader must know first: sources that failed or fell silent, and feedback that is old as a whole."""
    faults = list(told["run"]["faults"] or [])
    known = " ".join(faults)
    faults += [wording.problem(source) for source in told["sources"] if source["problem"] and source["problem"] not in known and not _is_long_silent(source)]
    spoke = [source for source in told["sources"] if source["last_said_on"] is not None]
    stale = [source for source in told["sources"] if source["state"] != "ok" and source["fresh_at"]]
    never = [source for source in told["sources"] if not source["records"] and not source["problem"]]
    return [*_silences(spoke), *faults, *map(_staleness, stale), *(f"{source['source']} has brought nothing yet." for source in never)]


def _staleness(source: Facts) -> str:
    """Since when a source's newest words may be missing."""
    why = "was stopped at what a night may spend" if source["state"] == "behind" else "failed"
    return f"{source['source']} {why}: it was last heard to the end on {figures.day(source['fresh_at'])}, and what came since may be missing."


def _is_long_silent(source: Facts) -> bool:
    """Whether its silence is told anyway."""
    return bool(source["state"] == "silent" and source["days_silent"] > SILENT_DAYS)


def _silences(spoke: list[Facts]) -> list[str]:
    """One sentence for each source that fell silent, or one for all where all did."""
    silent = [source for source in spoke if source["days_silent"] > SILENT_DAYS]
    if silent and len(silent) == len(spoke):
        last = figures.listed([f"{source['source']} {figures.day(source['last_said_on'])}" for source in silent])
        days = figures.number(min(source["days_silent"] for source in silent))
        return [f"The newest feedback is {days} days old: “last 90 days” on these pages means the last 90 days of feedback, not of today. Last heard: {last}."]
    return [
        f"{source['source']} has brought nothing for {figures.number(source['days_silent'])} days; "
        f"the last {wording.kind(source['kind'])} are from {figures.day(source['last_said_on'])}."
        for source in silent
    ]


def unheard(told: Facts) -> list[str]:
    """Whom nobody heard: customers with a failure who said nothing, those in no stage, and places that no survey asks about."""
    lines = []
    silent = [(row["failed_silent"], row["failed_silent"] + row["failed_heard"], stage["title"]) for stage, row in _covered(told) if row["failed_silent"]]
    if silent:
        most = sorted(silent, key=lambda each: -each[0])[:SILENT_TOLD]  # among equals in the order of the journey
        named = figures.listed([f"{title} {figures.number(number)} of {figures.number(failed)}" for number, failed, title in most])
        lines.append(f"Customers for whom a measure failed and who said nothing in any source: {named}. Silence is not content.")
    if told["quiet"]["seen"] and told["quiet"]["quiet"]:
        quiet, active = (figures.number(told["quiet"][name]) for name in ("quiet", "active"))
        lines.append(f"{quiet} of {active} customers passed no stage in these 90 days: they are quiet, and nothing is known of how they live.")
    points = [(stage, point) for stage in told["stages"] for point in stage["touchpoints"] if point["survey_answers"] == 0]
    unasked = [f"{point['name']} ({stage['title']})" for stage, point in points if point["priority"]]
    if unasked:
        lines.append(f"Priority touchpoints that no survey asks about: {figures.listed(unasked)}.")
    return lines


def _covered(told: Facts) -> list[tuple[Facts, Facts]]:
    """Each stage with who spoke of it in any source in the last 90 days."""
    return [(stage, row) for stage in told["stages"] if stage["now"] for row in stage["now"]["coverage"] if row["source"] == "all"]


def surer(told: Facts, stage: Facts) -> list[str]:
    """What would let the story of a stage say more."""
    story = stage["now"]
    sources = story["sources"] if story else []
    is_estimate = bool(story and story["evidence_level"] == "estimate")
    advice = [] if is_estimate else _comparable(story, sources)
    if len(sources) == 1:
        advice.append(f"Only {sources[0]['source']} speaks here. A second source that hears other customers would show whether they live it the same way.")
    few = [source["source"] for source in sources if source["n"] < COMPARED_FROM]
    if sources and few and len(sources) > 1 and not is_estimate:
        advice.append(f"{figures.listed(few)} brought fewer than {COMPARED_FROM}: more from there would narrow the ranges.")
    if story and story["customers"] is None:
        advice.append("How many customers were in the stage is not known, so those who kept silent cannot be counted.")
    asked = next((row["answered"] for row in told["checkins"] if row["stage"] == stage["stage"]), 0)
    return [*advice, _asked(asked, is_estimate), *_recognised(told, stage)]


def _comparable(story: Facts | None, sources: list[Facts]) -> list[str]:
    """What it takes to compare the stage with earlier, where nobody was asked at random."""
    if not sources or story is None:
        return ["Nobody spoke of this stage. Ask customers who have just been through it, or bring in a source that hears them."]
    if story["evidence_level"] == "insufficient":
        return [f"No source brought {COMPARED_FROM} or more that say how customers live here; from that number on, the stage can be compared with earlier."]
    if story["direction"] is None:
        return [f"No source brought {COMPARED_FROM} or more both now and in the 90 days before; that takes until change can be told."]
    return []


def _asked(answered: int, is_estimate: bool) -> str:
    """What customers who are asked at random would add."""
    if not answered:
        return (
            "Nobody asked customers of this stage picked at random. A few such answers, about 15 in 90 days, would make known how all of them live, "
            "not only those who spoke up. ‘listening checkins --sample 10’ draws whom to ask."
        )
    since = f"{figures.count(answered, 'customer', 'customers')} picked at random answered so far."
    if is_estimate:
        return f"{since} More answers would narrow the estimate; ‘listening checkins’ says by how much."
    return f"{since} ‘listening checkins’ says how many more a number of all customers takes."


def _recognised(told: Facts, stage: Facts) -> list[str]:
    row = next((row for row in told["accuracy"] if row["stage"] == stage["stage"]), None)
    if row is None or row["recall"] is None or row["recall"] >= FOUND_WELL:
        return []
    found = figures.interval(row["recall"], row["recall_low"], row["recall_high"])
    return [
        f"Of texts that speak of this stage, {found} are recognised (examined on {figures.count(row['labels'], 'text', 'texts')} "
        "read by a person). More texts read by a person would raise that."
    ]
