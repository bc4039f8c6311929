"""What each source speaks about: takes how its texts were read and the random labels among them, gives the table `stage_shares`."""

from __future__ import annotations

from listening.story import shares
from listening.warehouse import Warehouse

KEY = ["source", "period"]
PERIOD = ["period_kind", "period", "period_start", "period_end", "is_over"]
WITHIN = {"share": "negative_share", "low": "negative_low", "high": "negative_high", "method": "negative_method"}
METHODS = {shares.CORRECTED: "corrected", shares.UNCORRECTED: "uncorrected"}


def tell(warehouse: Warehouse) -> None:
    """Make the shares of the periods that are counted again, corrected for the classifier's errors where labels of the same texts allow it."""
    read = warehouse.whole("story/read_shares", of="story/due").astype({"period_start": object, "period_end": object})
    labels = warehouse.frame("story/label_counts")
    counted = read.groupby([*KEY, "stage"])["n"].sum().reset_index()
    rows = shares.stage_shares(counted, labels)
    within = shares.negative_shares(read, labels.dropna(subset=["predicted_negative", "true_negative"])).drop(columns="labels")
    rows = rows.merge(within.rename(columns=WITHIN), on=[*KEY, "stage"], how="left")
    rows = rows.merge(counted.groupby(KEY)["n"].sum().rename("texts").reset_index(), on=KEY)
    rows = rows.merge(read[PERIOD].drop_duplicates(), on="period")
    warehouse.renew("story/stage_shares", "story/touched_periods", rows.assign(**{name: rows[name].map(METHODS) for name in ("method", "negative_method")}))
