"""A company's folder: takes its path, gives where things are and what `listening.toml` says, or a sentence on how to mend it."""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

FEEDBACK_KINDS = ("survey", "ticket", "review", "chat", "social", "call", "employee", "supplier")
FACT_KINDS = ("operations", "customers", "outcomes", "invitations", "checkins", "internal_ratings", "investment", "actions")
ACTION_KINDS = ("mend", "remove a rule", "innovate")
CAUSES = ("customers", "competitor", "internal")
DIMENSIONS = ("region", "channel", "product", "brand", "segment", "unit", "team")
ROLES = ("buyer", "user", "sponsor", "employee", "supplier", "community")
GONE = "_gone"  # the cell that a connector adds where it finds out itself that a row was deleted
CONNECTORS = ("files", "zendesk", "intercom", "qualtrics", "typeform", "google_play", "app_store", "sql")


class Mend(Exception):
    """Something that a person must put right; its message says what, where and how.

    `status` is the exit status of the command that met it: 2 for wrong usage or configuration, 1 for anything else.
    """

    def __init__(self, sentence: str, status: int = 2) -> None:
        super().__init__(sentence)
        self.status = status


def _existing_timezone(name: Any) -> Any:
    try:
        ZoneInfo(name)
    except Exception as error:
        raise ValueError(f"'{name}' is no time zone; write one such as 'Europe/London' or 'America/New_York'") from error
    return name


Timezone = Annotated[str, BeforeValidator(_existing_timezone)]
Scale = Annotated[tuple[float, float], Field(description="worst and best value of a score")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Section = TypeVar("Section", bound=_Section)


class Company(_Section):
    """The `[company]` table: everything but name and time zone has a default."""

    name: str
    timezone: Timezone
    currency: str = "EUR"
    language: str = "en"
    fiscal_year_starts_in: int = Field(1, ge=1, le=12)


class Keep(_Section):
    """The `[keep]` table: how many published runs and how many logs of runs stay."""

    runs: int = Field(default=7, ge=1)
    logs: int = Field(default=100, ge=1)


def _shaped(pattern: str, words: str) -> BeforeValidator:
    """A text of one shape, or words that say what it should be; what stands there is not repeated, it may be a secret."""

    def check(value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(words)
        return value

    return BeforeValidator(check)


Address = Annotated[str, _shaped(r"[^@\s<>,;]+@[^@\s<>,;]+", "must be an e-mail address such as 'cx@company.com'")]
SecretName = Annotated[
    str, _shaped(r"env:\w+|file:.+", "says where the secret stands, never the secret itself: 'env:VARIABLE', or 'file:PATH' of a file that only you can read")
]
BlockName = Annotated[str, _shaped(r"[\w-]+/[\w-]+", "must be a Prefect block's type and name, such as 'slack-webhook/voice'")]
WebAddress = Annotated[str, _shaped(r"https?://\S+", "must be the address under which people open the page, such as 'https://intranet.company.com/voice/'")]


class Digest(_Section):
    """The `[digest]` table: who is told what changed, once a night, and by which ways."""

    email: list[Address] = Field(default_factory=list)
    sender: Address | None = None
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretName | None = None
    slack_webhook: SecretName | None = None
    teams_webhook: SecretName | None = None
    prefect_block: BlockName | None = None
    page: WebAddress | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Digest:
        if self.email and not self.smtp_host:
            raise ValueError("email needs smtp_host, the server that takes the mail")
        if bool(self.smtp_user) != bool(self.smtp_password):
            raise ValueError("smtp_user and smtp_password go together")
        return self

    @property
    def ways(self) -> list[str]:
        """The ways that are set up, as the keys of this table that set them up."""
        return [name for name in ("email", "slack_webhook", "teams_webhook", "prefect_block") if getattr(self, name)]


MEMORY = "1200MB"  # the store's part of a night's; what needs more goes through the disk, beside the store, as far as it can


class Run(_Section):
    """The `[run]` table: who works beside the night's own processes, and the most memory that its store takes."""

    workers: Literal["processes", "dask"] = "processes"
    scheduler: Annotated[str, _shaped(r"(tcp|tls|ucx|ws|wss)://\S+", "must be a Dask scheduler's address, such as 'tcp://10.0.0.5:8786'")] | None = None
    processes: int | None = Field(default=None, ge=1)  # of a cluster on this machine
    part: int = Field(default=50_000, ge=1)  # rows; what is no more than this is done without workers
    memory: Annotated[str, _shaped(r"[1-9]\d{2,}MB|[1-9]\d*GB", "must be how much memory the store may take, such as '1200MB' or '4GB'")] = MEMORY

    @model_validator(mode="after")
    def _is_whole(self) -> Run:
        if self.workers != "dask" and (self.scheduler or self.processes):
            raise ValueError('scheduler and processes belong to workers = "dask"')
        if self.scheduler and self.processes:
            raise ValueError("processes is for a cluster on this machine; with scheduler, the cluster has its own")
        return self


class Lake(_Section):
    """The `[lake]` table: where the published tables go as well, for many readers and from several workspaces.

    `name` is the schema that holds this workspace's tables; `keep_days` is how long earlier nights can be asked.
    """

    catalogue: SecretName
    data_path: Annotated[str, _shaped(r"(?![a-z0-9]+://).+", "must be a folder that all who read and write the lake see under the same path")]
    name: Annotated[str, _shaped(r"[a-z][a-z0-9_]{0,59}", "may have small letters, digits and '_', and begins with a letter")] = "listening"
    keep_days: int = Field(default=7, ge=0)


class Question(_Section):
    """One question of a survey: each answer to it becomes a record of its own."""

    text: str | None = None
    score: str | None = None
    stage: str | None = None
    touchpoint: str | None = None
    score_name: str | None = None
    score_scale: Scale | None = None


class Source(_Section):
    """One `[sources.NAME]` table: where a source's rows come from and what its columns mean."""

    name: str
    connector: str
    kind: str
    path: str | None = None
    format: Literal["csv", "jsonl", "xlsx", "parquet"] | None = None
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    base_url: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)  # the connector's own settings
    columns: dict[str, str | list[str]] = Field(default_factory=dict)
    dimensions: dict[str, str] = Field(default_factory=dict)
    questions: list[Question] = Field(default_factory=list)
    score_scale: Scale | None = None
    score_name: str | None = None
    timezone: Timezone | None = None
    day_first: bool | None = None
    said_at_default: dt.date | None = None
    language: str | None = None
    keep_days: int | None = Field(default=None, ge=1)
    role: Literal["buyer", "user", "sponsor", "employee", "supplier", "community"] | None = None
    stage: str | None = None
    touchpoint: str | None = None

    @property
    def is_read_as_it_stands(self) -> bool:
        """Whether each row is as it was when it was read, so that the later reading is the newer, whatever clocks wrote into it."""
        return self.connector == "sql"

    @property
    def fingerprint(self) -> str:
        """Hash of every setting that changes what records the landed rows become."""
        content = self.model_dump(mode="json", exclude={"path", "base_url", "options"}, exclude_none=True)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Settings:
    """What `listening.toml` says; a source that is configured wrongly stands in `faults` with its sentence."""

    company: Company
    keep: Keep = field(default_factory=Keep)
    digest: Digest = field(default_factory=Digest)
    run: Run = field(default_factory=Run)
    lake: Lake | None = None
    sources: dict[str, Source] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def landed(self, row: Mapping[str, Any]) -> Source:
        """The source of something landed (`source`, `connector`, `kind`), also if listening.toml no longer names it."""
        return self.sources.get(row["source"]) or Source(name=row["source"], connector=row["connector"], kind=row["kind"])


@dataclass(frozen=True)
class Workspace:
    """The places in a company's folder. Nothing is read or made before it is asked for."""

    root: Path

    @property
    def configuration(self) -> Path:
        """What the company is called, and its sources."""
        return self.root / "listening.toml"

    @property
    def journey(self) -> Path:
        """The stages of the customers' journey."""
        return self.root / "journey.yaml"

    @property
    def themes(self) -> Path:
        """What customers talk about, found by nights and edited by people."""
        return self.root / "themes.yaml"

    @property
    def digest(self) -> Path:
        """What was told to whom, so that nothing is told twice and nothing is lost."""
        return self.root / ".digest.json"

    def secret(self, named: str) -> str:
        """The secret that `env:NAME` or `file:PATH` (relative to the workspace) names.

        Raises:
            Mend: the variable is not set, or the file cannot be read, is empty, or can be read by others.
        """
        where, name = named.split(":", 1)
        if where == "env":
            if not (value := os.environ.get(name, "").strip()):
                raise Mend(f"the environment variable {name} is not set; set it for the program that starts the night.")
            return value
        path = self.root / name
        try:
            if path.stat().st_mode & 0o077:
                raise Mend(f"{path} holds a secret and can be read by others; run: chmod 600 {path}")
            value = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Mend(f"{path}, which should hold a secret, cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8 text'}).") from None
        if not value:
            raise Mend(f"{path} should hold a secret and is empty.")
        return value

    @property
    def inbox(self) -> Path:
        """Where files are dropped."""
        return self.root / "inbox"

    @property
    def landing(self) -> Path:
        """What was pulled, verbatim."""
        return self.root / "landing"

    @property
    def warehouse(self) -> Path:
        """The private working store."""
        return self.root / "warehouse.duckdb"

    @property
    def models(self) -> Path:
        """The fitted classifiers."""
        return self.root / "models"

    @property
    def parts(self) -> Path:
        """What waits for workers, and what they made of it; there only while they work."""
        return self.root / ".parts"

    @property
    def logs(self) -> Path:
        """What each run said, one JSON object a line."""
        return self.root / "logs"

    @property
    def published(self) -> Path:
        """The link that always points at one complete run."""
        return self.root / "published"

    @property
    def runs(self) -> Path:
        """Where complete runs stand, a folder each; `published` points at the newest."""
        return self.root / ".published"

    @property
    def journal(self) -> Path:
        """What each run came to, outside the store, so that a store that is built anew knows its past."""
        return self.root / ".journal"

    @property
    def forgotten(self) -> Path:
        """The marks of forgotten people, and the key to them."""
        return self.root / ".forgotten"

    @property
    def set_aside(self) -> Path:
        """The last store that could not be used any further."""
        return self.root / ".set-aside"

    def settings(self) -> Settings:
        """Read `listening.toml`.

        Raises:
            Mend: there is no workspace here, or the file as a whole cannot be used. A single bad source does
                not raise: it is named in `Settings.faults`, so that the others can go on.
        """
        try:
            text = self.configuration.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise Mend(
                f"{self.root} is no workspace: it has no listening.toml. Make one with 'listening init {self.root}', or name another folder with --workspace."
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise Mend(f"{self.configuration} cannot be read ({error}); save it as UTF-8 text.") from None
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise Mend(f"{self.configuration} is not valid TOML: {error}.") from None
        return _settings(content, text, self.configuration)


def find(path: str | os.PathLike[str] | None = None) -> Workspace:
    """The workspace at `path`, else at LISTENING_WORKSPACE, else here."""
    return Workspace(Path(path or os.environ.get("LISTENING_WORKSPACE") or ".").absolute())


def put(path: Path, content: str | bytes) -> None:
    """Put a whole file in place in one step, readable by its owner only and safe on the disk when this returns."""
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def shipped(*parts: str) -> Path:
    """A file that comes with the program: in `data/` of a checkout, or beside the installed package."""
    beside = Path(__file__).parent / "data"
    return (beside if beside.is_dir() else Path(__file__).parents[1] / "data").joinpath(*parts)


def _settings(content: dict[str, Any], text: str, path: Path) -> Settings:
    unknown = set(content) - {"company", "keep", "digest", "run", "lake", "sources"}
    if unknown:
        key = sorted(unknown)[0]
        raise Mend(f"{path}: line {_line(text, key)}: there is no table [{key}]; it knows [company], [keep], [digest], [run], [lake] and [sources.NAME].")
    company = _table(Company, "company", "name and timezone", content, text, path)
    keep = _table(Keep, "keep", "runs and logs", content, text, path)
    digest = _table(Digest, "digest", "email, slack_webhook or teams_webhook", content, text, path)
    run = _table(Run, "run", "workers", content, text, path)
    lake = _table(Lake, "lake", "catalogue and data_path", content, text, path) if "lake" in content else None
    sources, faults = {}, {}
    for name, table in content.get("sources", {}).items():
        try:
            sources[name] = _source(name, table)
        except ValidationError as error:
            faults[name] = f"{path.name}: {_sentence(error, text, f'sources.{name}', Source)}"
        except (ValueError, TypeError) as error:
            faults[name] = f"{path.name}: line {_line(text, f'sources.{name}')}: [sources.{name}]: {error}"
    return Settings(company, keep, digest, run, lake, sources, faults)


def _table(model: type[Section], name: str, keys: str, content: dict[str, Any], text: str, path: Path) -> Section:
    """The one table of a name, or its default."""
    try:
        return model(**content.get(name, {}))
    except ValidationError as error:
        raise Mend(f"{path}: {_sentence(error, text, name, model)}") from None
    except TypeError:
        raise Mend(f"{path}: [{name}] must be a table with {keys}.") from None


def _source(name: str, table: Any) -> Source:
    if not isinstance(table, dict):
        raise ValueError("must be a table with connector and kind")
    if not re.fullmatch(r"[\w-]{1,60}", name):
        raise ValueError("a source's name may have letters, digits, '-' and '_' only")
    source = Source(**{**_with_options(table), "name": name})
    if source.connector not in CONNECTORS:
        raise ValueError(f"there is no connector '{source.connector}'; it can be: {', '.join(CONNECTORS)}")
    if source.kind not in (*FEEDBACK_KINDS, *FACT_KINDS):
        raise ValueError(f"there is no kind '{source.kind}'; it can be: {', '.join((*FEEDBACK_KINDS, *FACT_KINDS))}")
    if source.connector == "files":
        _check_path(source)
    for scale in [source.score_scale, *(question.score_scale for question in source.questions)]:
        if scale and scale[0] == scale[1]:
            raise ValueError("score_scale needs two different values, [worst, best]")
    _check_names(source)
    return source


def _with_options(table: dict[str, Any]) -> dict[str, Any]:
    """The table of a source; what a connector to an outside system has of its own keys goes into `options`, for it to judge."""
    if table.get("connector", "files") == "files":
        return table
    own = {key: value for key, value in table.items() if key not in Source.model_fields}
    columns = {"columns": _identified(table)} if table["connector"] == "sql" and table.get("kind") in FEEDBACK_KINDS else {}
    return {**{key: value for key, value in table.items() if key not in own}, **columns, "options": own}


def _identified(table: dict[str, Any]) -> dict[str, Any]:
    """The columns of a table in a database, with those by which a row is known again and known to be deleted."""
    named = table.get("columns")
    if not isinstance(named, dict) or (not {"text", "score"} & {*named, *(key for key in ("questions",) if table.get(key))} and not table.get("questions")):
        raise ValueError("the sql connector needs columns, such as columns = {text = 'their column', said_at = 'their column'}")
    return {"id": table.get("key"), "deleted": table.get("deleted", GONE), **named}


def _check_path(source: Source) -> None:
    if not source.path:
        raise ValueError("the files connector needs path, a pattern such as path = 'inbox/survey*.csv'")
    if Path(source.path).is_absolute() or ".." in Path(source.path).parts:
        raise ValueError(f"path '{source.path}' leads out of the workspace; put the files below it, for example in inbox/")


def _check_names(source: Source) -> None:
    """Refuse names of columns that mean nothing, and names of dimensions that no table could tell apart."""
    for name in source.dimensions:
        if name == "all" or not re.fullmatch(r"\w[\w .-]{0,60}", name):
            raise ValueError(f"dimensions has '{name}'; a name begins with a letter, may have letters, digits, ' ', '.', '-' and '_', and is not 'all'")
    for column in source.columns:
        known = (*CANONICAL_COLUMNS, *DIMENSIONS, *FACT_COLUMNS) if source.kind in FACT_KINDS else (*CANONICAL_COLUMNS, *DIMENSIONS)
        if column not in known:
            near = difflib.get_close_matches(column, known, 1)
            raise ValueError(
                f"columns has no '{column}'"
                + (f"; do you mean '{near[0]}'?" if near else f"; it can be: {', '.join(known)}")
                + " Write columns = {canonical = 'their column'}."
            )


FACT_COLUMNS = (
    "measure", "at", "failed", "passed", "since", "left_at", "value", "value_basis", "cost_to_serve", "valued_at", "outcome", "amount", "reason",
    "sent_at", "answered_id", "asked_at", "answered", "experience", "expectation", "memorable", "effort", "would_recommend", "rated_at",
    "great_share", "rating", "period", "what", "kind", "owner", "because_of", "started_on", "due_on", "closed_on", "expected", "note",
)  # fmt: skip
CANONICAL_COLUMNS = (
    "id", "said_at", "title", "text", "score", "updated_at", "deleted", "experienced_at", "customer_id", "account_id",
    "email", "thread_id", "author", "public", "language", "role", "stage", "touchpoint", "product", "url",
)  # fmt: skip


def _line(text: str, key: str) -> int:
    """The line of a key or a table header, counted from 1; 1 where it is nowhere to be seen."""
    *table, last = key.split(".")
    wanted = {f"[{key}]", f"[[{key}]]"}
    inside = not table
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.split("#")[0].strip()
        if bare in wanted:
            return number
        if bare.startswith("["):
            inside = bare.strip("[]") == ".".join(table)
        if inside and bare.split("=")[0].strip() == last:
            return number
    return _line(text, ".".join(table)) if table else 1


def _sentence(error: ValidationError, text: str, table: str, model: type[BaseModel]) -> str:
    """The first fault of a table, with its key, its line and what would be right."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    line = _line(text, f"{table}.{first['loc'][0]}" if first["loc"] else table)
    if first["type"] == "missing":
        return f"line {_line(text, table)}: [{table}] needs '{key}'."
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, model.model_fields, 1)
        hint = f"do you mean '{near[0]}'?" if near else f"it can have: {', '.join(model.model_fields)}."
        return f"line {line}: [{table}] has no key '{key}'; {hint}"
    return f"line {line}: [{table}] {f'{key}: ' if key else ''}{first['msg'].removeprefix('Value error, ')}."
