"""What is told: sentences in, one message out, as plain text, HTML, and what Slack and Teams take.

It is made of the sentences of `since_yesterday`, names of sources and a sentence on how to mend a night alone: no
customer is named or quoted in any of them. In Slack and Teams they stand where no letter is read as markup or a call.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from listening import figures
from listening.publish import site, wording

SHOWN = 25  # sentences; the page has them all
LONGEST = 600  # characters of a sentence; Slack takes 3,000 in a section of a message
SLACK_TITLE = 150  # characters that Slack takes in a header


@dataclass(frozen=True)
class Message:
    """One message, whichever way it goes."""

    subject: str
    lead: str
    sentences: tuple[str, ...] = ()
    page: str | None = None

    @property
    def lines(self) -> list[str]:
        """The sentences that are shown, without what is not seen but acts."""
        shown = [" ".join(wording.visible(sentence).split())[:LONGEST] for sentence in self.sentences[:SHOWN]]
        more = len(self.sentences) - SHOWN
        return shown + ([f"{more} more stand on the page."] if more > 0 else [])

    def text(self) -> str:
        """As plain text."""
        lines = [f"- {line}" for line in self.lines]
        return "\n".join([self.lead, "", *lines, *(["", f"The page: {self.page}"] if self.page else [])]).strip() + "\n"

    def html(self) -> str:
        """As the body of an e-mail that asks nothing of the network."""
        return site.pieces().get_template("digest.html").render(message=self)

    def slack(self) -> dict[str, Any]:
        """As an incoming webhook of Slack takes it."""
        sections = [_slack_section(line) for line in (self.lead, *(f"• {line}" for line in self.lines))]
        button = {"type": "button", "text": {"type": "plain_text", "text": "Open the page"}, "url": self.page}
        header = {"type": "header", "text": {"type": "plain_text", "text": self.subject[:SLACK_TITLE], "emoji": False}}
        return {"text": _slack_escaped(self.subject), "blocks": [header, *sections, *([{"type": "actions", "elements": [button]}] if self.page else [])]}

    def teams(self) -> dict[str, Any]:
        """As a webhook of a Teams workflow takes it: an adaptive card."""
        title = {**_teams_line(self.subject), "inlines": [{"type": "TextRun", "text": self.subject, "size": "Large", "weight": "Bolder"}]}
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "msteams": {"width": "Full"},
            "body": [title, *(_teams_line(line) for line in (self.lead, *(f"• {line}" for line in self.lines)))],
            "actions": [{"type": "Action.OpenUrl", "title": "Open the page", "url": self.page}] if self.page else [],
        }
        return {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}]}


def of_night(company: str, sentences: list[str], since: dt.date | None, failed: list[str], mended: dt.date | None, page: str | None) -> Message:
    """What a published night has to tell.

    Args:
        company: its name.
        sentences: what changed.
        since: the day of the earliest night that a sentence compares with.
        failed: the sources that failed tonight.
        mended: the day of a night that failed and was told, where this is the first one done since.
        page: where people open the page.
    """
    changed = figures.count(len(sentences), "thing", "things") + " changed" if sentences else "nothing new"
    lead = f"Since {figures.day(since)}:" if sentences and since else "" if sentences else "Nothing else changed."
    if mended:
        lead = f"The night runs again; on {figures.day(mended)} it had failed. {lead}"
    if failed:
        names = figures.listed(failed)
        lead = f"The night was done in part: {names} could not be read. The rest is published; what to mend stands first on the page. {lead}"
    return Message(f"{company}: {changed}{', done in part' if failed else ''}", lead.strip(), tuple(sentences), page)


def of_failure(company: str, sentence: str, page: str | None) -> Message:
    """That a night failed, and how to mend it."""
    return Message(f"{company}: the night failed", "The night failed. What was published before still stands.", (sentence,), page)


def of_test(company: str, page: str | None) -> Message:
    """A message that only shows that messages arrive."""
    lead = "This is a test of the digest. On nights on which something changed, it stands here, once a night."
    return Message(f"{company}: a test of the digest", lead, (), page)


def _slack_section(line: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "plain_text", "text": line, "emoji": False}}


def _slack_escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _teams_line(line: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": line}]}
