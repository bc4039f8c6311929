"""What is not known yet: facts in, sentences out that name the input which would make it known; a cause that several share is told once."""

from __future__ import annotations

from listening import figures
from listening.publish import wording
from listening.publish.facts import WHOLE, Facts

MOST = 12  # sentences that a leadership reads


def listed(told: Facts) -> list[str]:
    """All that is not known, the customers' lives first."""
    return [*_lives(told), *_growth(told), *_beliefs(told), *_money(told), *_deeds(told), *_signs(told), *_voices(told)][:MOST]


def _lives(told: Facts) -> list[str]:
    level = [stage["title"] for stage in told["stages"] if wording.level(stage["now"]) == wording.LEVELS["unknown"]]
    unplaced = [row for row in told["maturity"] if row["level_no"] is None]
    lines = []
    if level:
        lines.append(
            f"How all customers live {figures.listed(level)}: that takes random check-ins (kind checkins), about 15 answers a stage and quarter, "
            "and operations that name customers (kind operations); ‘listening checkins’ says how many more."
        )
    if unplaced:
        titles = {stage["stage"]: stage["title"] for stage in told["stages"]}
        lines.append(f"How mature {figures.listed([titles[row['stage']] for row in unplaced])} is: each stage's page says what it takes.")
    return lines


def _growth(told: Facts) -> list[str]:
    found = [row["text"] for row in told["assets"] if row["period_kind"] == "rolling" and row["customers"] is None]
    reasons = list(dict.fromkeys(text.partition("not known: ")[2] for text in found))
    lines = [f"Of customers gained, lost and grown: {'; '.join(reason.rstrip('.') for reason in reasons)}."] if reasons else []
    if not told["stages"] or not any(stage["operations"] for stage in told["stages"]):
        lines.append("Which promises were kept: no source of kind operations says.")
    return lines


def _beliefs(told: Facts) -> list[str]:
    unasked = [row for row in told["delivery_gap"] if row["believed"] is None]
    if not unasked:
        return []
    titles = {stage["stage"]: stage["title"] for stage in told["stages"]}
    who = "any stage" if len(unasked) == len(told["delivery_gap"]) else figures.listed([titles[row["stage"]] for row in unasked])
    return [f"What people inside believe of {who}: nobody was asked (kind internal_ratings; ‘listening beliefs’ writes the form)."]


def _money(told: Facts) -> list[str]:
    lines = []
    if all(row["share_spent"] is None for row in told["investment_balance"]):
        lines.append("What is spent on each stage, and so which are neglected: no source of kind investment says.")
    if told["purpose_grid"] and all(row["is_declared"] is None for row in told["purpose_grid"]):
        lines.append("How the company itself values its customers: nothing is declared in purpose.yaml.")
    return lines


def _deeds(told: Facts) -> list[str]:
    if not told["actions"]:
        return ["What is done about it: no action is known (‘listening actions add’, or a source of kind actions)."]
    open_ended = [row["what"] for row in told["actions"] if row["verdict"] in ("not known", "too little to tell")]
    return [f"Whether it helped: {figures.listed(open_ended)}."] if open_ended else []


def _signs(told: Facts) -> list[str]:
    """Axes and risks of the whole company of which nothing is known."""
    whole = [row for row in told["experience"] if row["stage"] == WHOLE and row["value"] is None]
    lines = [str(row["text"]).removeprefix("The whole company: ") for row in whole if row["measure"] in ("time_saved", "time_well_spent", "signs")]
    return [*map(figures.capital, lines), *(row["text"] for row in told["did_not_happen"] if row["stage"] == WHOLE and row["value"] is None)]


def _voices(told: Facts) -> list[str]:
    missing = [row["cut_value"] for row in told["whole_cast"] if row["stage"] == WHOLE and row["cut_by"] == "role" and row["people"] is None]
    plural = [{"community": "communities"}.get(role, f"{role}s") for role in missing]
    return [f"How {figures.listed(plural)} see it: fewer than {wording.LEAST} of each spoke, or no source brings them (role, or kind)."] if plural else []
