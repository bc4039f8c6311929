"""Google Play: takes an app and a service account, gives what customers wrote about it, with what they changed and took back.

The interface gives only the reviews written or changed in the last week, so that the whole week is walked every night, and a
longer silence leaves a gap that is told. The monthly reports in the account's bucket have all reviews ever: they are read at
first and once a week, and fill such gaps. A review has the same id in both.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import re
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from listening.sources.connector import Cells, Connector, Page, Session, Setting, State, Stream
from listening.sources.http import Client, Pace, Refused, Stopped
from listening.sources.signing import EARLY, SKEW, Key, read_key, sign
from listening.sources.walking import budget

PAGE_ROWS = 100
REPORT_ROWS = 5000
REQUESTS_AN_HOUR = 200
DAY, HOUR = 86_400.0, 3600.0
WEEK = 7 * DAY
ASKED_FOR_NOTHING = 3  # times that an empty answer is asked for again, since it is also what an app without reviews gets
LIFE = 3600  # seconds of the token that asks for a token
STORAGE = "https://storage.googleapis.com"
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = ("https://www.googleapis.com/auth/androidpublisher", "https://www.googleapis.com/auth/devstorage.read_only")
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb": "utf-8-sig"}


@dataclass
class ServiceAccount:
    """Access tokens for a service account: a token signed with its key is sent in, another one comes back and lives for an hour."""

    asking: Client
    path: str
    claims: Mapping[str, Any]
    key: Key = field(repr=False)
    key_id: str | None
    _token: str = field(default="", repr=False)
    _until: float = float("-inf")

    def headers(self) -> dict[str, str]:
        """A bearer token that is still good."""
        if self.asking.timing.today() >= self._until - EARLY:
            self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self, used: Mapping[str, str]) -> bool:
        """Another token."""
        self._renew()
        return True

    def _renew(self) -> None:
        try:
            try:
                answer = self._ask()
            except Refused:
                if abs(self.asking.ahead) < SKEW:
                    raise
                answer = self._ask(self.asking.ahead)  # by Google's clock, since ours is wrong
        except Refused as problem:
            raise Stopped(f"gives no token for this service account ({problem.status}). Look at its key, which may have been deleted or disabled.") from None
        lives = answer.get("expires_in")
        self._token = str(answer["access_token"])
        self._until = self.asking.timing.today() + (float(lives) if isinstance(lives, int | float) else LIFE)

    def _ask(self, ahead: float = 0.0) -> Cells:
        now = int(self.asking.timing.today() + ahead)
        assertion = sign({**self.claims, "iat": int(now - SKEW), "exp": int(now - SKEW) + LIFE}, self.key, self.key_id)
        answer: Cells = self.asking.post(self.path, {"grant_type": GRANT, "assertion": assertion}, needs=("access_token",), is_repeatable=True, is_form=True)
        return answer


@contextmanager
def _open(session: Session, base_url: str) -> Iterator[Client]:
    account = _account(session.secrets["service_account"])
    token_uri = str(session.option("token_uri") or account.get("token_uri") or TOKEN_URI)
    place = urlsplit(token_uri)
    claims = {"iss": account["client_email"], "scope": " ".join(SCOPES if session.option("reports_bucket") else SCOPES[:1]), "aud": token_uri}
    spending = budget(session.source)
    spending.longest_wait = HOUR + 100  # the quota is of an hour
    pace = Pace(max(1, session.option("requests_an_hour", REQUESTS_AN_HOUR)), HOUR)
    with (
        Client(base_url.rstrip("/").removesuffix("/androidpublisher/v3"), budget=spending, pace=pace) as client,
        Client(f"{place.scheme}://{place.netloc}") as asking,
    ):
        key = read_key(str(account["private_key"]), "the private_key of service_account")
        client.auth = ServiceAccount(asking, place.path, claims, key, account.get("private_key_id"))
        yield client


def _account(text: str) -> dict[str, Any]:
    """The key file of a service account.

    Raises:
        Stopped: it is none.
    """
    try:
        account = json.loads(text)
    except ValueError:
        account = None
    if not isinstance(account, dict) or not account.get("client_email") or not account.get("private_key"):
        raise Stopped("cannot use service_account: it is no JSON key of a service account. Use the whole file as Google Cloud lets one download it.")
    return account


def _reviews(session: Session, client: Client, state: State | None) -> Iterator[Page]:
    """The last week of reviews: those that are new or changed, then those that are gone."""
    known: dict[str, list[Any]] = dict(state["known"]) if state else {}
    _tell_gap(session, float(state["until"]) if state else None)
    met: dict[str, list[Any]] = {}
    for content in _contents(session, client, known):
        rows = []
        for review in _objects(content.get("reviews", [])):
            key, version = review.get("reviewId"), _version(review)
            if not isinstance(key, str) or known.get(key) != version:
                rows.append(review)
            if isinstance(key, str):
                met[key] = max(met.get(key, version), version)
        yield Page(rows)
    missing = [key for key, (moment, _) in known.items() if key not in met and moment / 1000 > session.clock - WEEK + HOUR]
    gone, still, unknown = _asked_for(session, client, missing, next(iter(met), None), set(state.get("missing", ())) if state else set())
    kept = {**{key: known[key] for key in missing if key not in gone}, **met}
    still = [review for review in still if _version(review) != known.get(review["reviewId"])]
    rows = [_without_words(key, known[key][0]) for key in sorted(gone)]
    yield Page([*still, *rows], {"until": session.clock, "known": kept, "missing": sorted(unknown)})


def _tell_gap(session: Session, until: float | None) -> None:
    """Say what the interface does not give any more, and what fills it."""
    bucket = session.option("reports_bucket")
    if until is None:
        if not bucket:
            session.note("gives only the reviews of the last week; name reports_bucket to have those before from the monthly reports")
    elif session.clock - until > WEEK:
        days = [f"{dt.datetime.fromtimestamp(moment, dt.UTC):%Y-%m-%d}" for moment in (until, session.clock - WEEK)]
        fills = (
            "the monthly reports fill the gap"
            if bucket
            else "reviews of that time may be missing; name reports_bucket to fill the gap from the monthly reports"
        )
        session.note(f"gives only the last week, and was last asked on {days[0]}: what was written until {days[1]} did not come this way; {fills}")


def _contents(session: Session, client: Client, known: Mapping[str, list[Any]]) -> Iterator[Cells]:
    """The pages, up to the one without a token for another."""
    path = f"androidpublisher/v3/applications/{session.option('package_name')}/reviews"
    is_any_due = any(moment / 1000 > session.clock - WEEK + HOUR for moment, _ in known.values())
    passed: set[str] = set()
    token: str | None = None
    while True:
        content: Cells = {}
        for _ in range(ASKED_FOR_NOTHING):
            content = client.get(path, {"maxResults": PAGE_ROWS, **({"token": token} if token else {})}, needs=("reviews",) if is_any_due and not token else ())
            if content:
                break
        yield content  # one after the first may lack reviews: Google leaves out lists that are empty
        token = _token(content)
        if token is None:
            return
        if token in passed:
            raise Stopped("gives the same page of reviews again and again")
        passed.add(token)


def _token(content: Cells) -> str | None:
    paging = content.get("tokenPagination")
    token = paging.get("nextPageToken") if isinstance(paging, dict) else None
    return str(token) if token else None


def _asked_for(session: Session, client: Client, missing: list[str], control: str | None, before: set[str]) -> tuple[set[str], list[Cells], set[str]]:
    """What became of reviews that the week no longer has: the ids that Google does not know, those that it still gives, and those of which nobody knows.

    Nothing is taken for deleted unless a review that was just listed is given when it is asked for by itself. Where none is
    given so, what nobody knew of the night `before` either, and is missing again, is gone.
    """
    gone: set[str] = set()
    still: list[Cells] = []
    if not missing or control is None:
        return gone, still, before
    if _review(session, client, control) is None:
        return before.intersection(missing), still, {key for key in missing if key not in before}
    for key in missing:
        review = _review(session, client, key)
        if review is None:
            gone.add(key)
        else:
            still.append(review)
    return gone, still, set()


def _review(session: Session, client: Client, key: str) -> Cells | None:
    path = f"androidpublisher/v3/applications/{session.option('package_name')}/reviews/{quote(key, safe='')}"
    try:
        return dict(client.get(path, needs=("reviewId",)))
    except Refused as problem:
        if problem.status in (404, 410):
            return None
        raise


def _version(review: Cells) -> list[Any]:
    """When the customer last changed a review (milliseconds), and a mark of what it says; a developer's answer changes neither."""
    comments = review.get("comments")
    said = [comment.get("userComment") for comment in comments if isinstance(comment, dict)] if isinstance(comments, list) else []
    users = [comment for comment in said if isinstance(comment, dict)]
    moment = max((_milliseconds(comment.get("lastModified")) for comment in users), default=0)
    words = [[comment.get(name) for name in ("text", "originalText", "starRating")] for comment in users]
    return [moment, hashlib.sha256(json.dumps(words).encode()).hexdigest()[:8]]


def _without_words(key: str, moment: int) -> Cells:
    """A review that is gone: as of its last change it says nothing, so that a report from before does not bring it back."""
    modified = {"seconds": str(moment // 1000), "nanos": moment % 1000 * 1_000_000}
    return {"reviewId": key, "comments": [{"userComment": {"lastModified": modified}}]}


def _milliseconds(moment: Any) -> int:
    try:
        return int(moment["seconds"]) * 1000 + int(moment.get("nanos") or 0) // 1_000_000
    except (TypeError, ValueError, KeyError, AttributeError):
        return 0


def _reports(session: Session, client: Client, state: State | None) -> Iterator[Page]:
    """The monthly reports that have changed, once a week; one that fails is read again the next night."""
    bucket = _bucket(session)
    taken: dict[str, str] = dict(state["files"]) if state else {}
    at = float(state["at"]) if state else 0.0
    if not bucket or session.clock - at < WEEK:
        return
    storage = str(session.option("storage_url") or session.source.base_url or STORAGE)
    with Client(urlsplit(storage)._replace(path="", query="").geturl(), client.auth, client.budget) as buckets, tempfile.TemporaryDirectory() as folder:
        listed = _listed(session, buckets, bucket)
        for name, mark in listed:
            if taken.get(name) == mark:
                continue
            path = Path(folder, "report.csv")
            buckets.download(f"storage/v1/b/{bucket}/o/{quote(name, safe='')}", path, {"alt": "media"}, is_whole=_is_report)
            yield from _rows(name, path)
            taken[name] = mark
            yield Page([], {"at": at, "files": dict(taken)})
    if not listed:
        session.note(f"has no monthly report of {session.option('package_name')} in {bucket}; look at reports_bucket and package_name")
    yield Page([], {"at": session.clock, "files": taken})


def _bucket(session: Session) -> str | None:
    """The bucket's mere name, however it was copied."""
    name = session.option("reports_bucket")
    return str(name).removeprefix("gs://").split("/")[0] if name else None


def _listed(session: Session, buckets: Client, bucket: str) -> list[tuple[str, str]]:
    """The reports of the app from the configured month on, oldest first, each with what tells that it has changed."""
    package = str(session.option("package_name"))
    first = str(session.option("since") or "")[:7].replace("-", "")
    asked: dict[str, Any] = {"prefix": f"reviews/reviews_{package}_", "fields": "items(name,generation,md5Hash,updated),nextPageToken"}
    found: list[tuple[str, str]] = []
    passed: set[str] = set()
    while True:
        content = buckets.get(f"storage/v1/b/{bucket}/o", asked)
        for item in _objects(content.get("items", [])):
            month = re.fullmatch(rf"reviews/reviews_{re.escape(package)}_(\d{{6}})\.csv", str(item.get("name")))
            if month and month[1] >= first:
                found.append((month[0], str(item.get("md5Hash") or item.get("generation") or item.get("updated"))))
        token = content.get("nextPageToken")
        if not token:
            return sorted(found)
        if token in passed:
            raise Stopped("gives the same page of reports again and again")
        passed.add(token)
        asked["pageToken"] = token


def _is_report(path: Path) -> bool:
    """Is a file a table of reviews that can be read to its end? What stands in its place for a moment, an error page say, is not."""
    try:
        with path.open(encoding=_encoding(path), newline="") as lines:
            rows = csv.reader(lines, strict=True)
            columns = next(rows, [])
            deque(rows, maxlen=0)
    except (UnicodeError, csv.Error):
        return False
    return any(column.startswith("Review ") for column in columns)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(3)
    return _MARKS.get(start[:2], "utf-16-le" if b"\x00" in start else "utf-8")


def _rows(name: str, path: Path) -> Iterator[Page]:
    """The reviews with words of one report. Stars alone have no id, and the interface does not give them either."""
    rows: list[Cells] = []
    with path.open(encoding=_encoding(path), newline="") as lines:
        report = csv.DictReader(lines, strict=True)
        lacking = {"Review Link", "Review Text", "Star Rating"} - set(report.fieldnames or ())
        if lacking:
            raise Stopped(f"has a report {name} without a column '{min(lacking)}'. What came before is kept.")
        for row in report:
            if row["Review Text"] or row.get("Review Title"):
                rows.append({str(column): cell for column, cell in row.items() if column is not None})
            if len(rows) >= REPORT_ROWS:
                yield Page(rows)
                rows = []
    yield Page(rows)


def _objects(cells: Any) -> list[Cells]:
    if not isinstance(cells, list):
        raise Stopped("gives a list that is none")
    return [cell for cell in cells if isinstance(cell, dict)]


CONNECTOR = Connector(
    name="google_play",
    title="Google Play",
    kinds=("review",),
    base_url="https://androidpublisher.googleapis.com",
    secrets={"service_account": "the JSON key of a service account (Google Cloud, IAM, Service accounts) that was invited in the Play Console"},
    credentials=(("service_account",),),
    scopes="in the Play Console: Reply to reviews for the app; for the monthly reports also View app information and download bulk reports",
    limits=f"{REQUESTS_AN_HOUR} requests an hour for an app, 200,000 a day for a project; keeps to the first, waits as Google asks",
    settings={
        "package_name": Setting("the app's package name", '"com.acme.shop"', is_needed=True),
        "reports_bucket": Setting(
            "the bucket of the monthly reports (Play Console, Download reports, Copy Cloud Storage URI)", '"pubsite_prod_rev_0123456789"'
        ),
        "requests_an_hour": Setting("requests an hour that Google allows for the app", str(REQUESTS_AN_HOUR), kind=int),
        "token_uri": Setting("where tokens come from, if not as the key says", f'"{TOKEN_URI}"'),
        "storage_url": Setting("the address of Cloud Storage, if another", f'"{STORAGE}"'),
    },
    streams=(
        Stream(
            name="reviews",
            walk=_reviews,
            key=("reviewId",),
            cursor="none: the last week, newest change first, by nextPageToken",
            overlap="the whole week every night; a longer gap is told, and filled from the reports",
            deletions="reviews of the last week that are listed no longer and are answered with 404; Google does not tell of older ones",
            needs={"reviewId": (str,), "comments": (list,)},
        ),
        Stream(
            name="reports",
            walk=_reports,
            key=("Review Link",),
            cursor="each monthly report's MD5",
            overlap="whole reports, once a week",
            deletions="none",
            needs={"Review Link": (str,), "Star Rating": (str,)},
            is_optional=True,
        ),
    ),
    open=_open,
)
