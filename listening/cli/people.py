"""The commands about one person: forget, export-person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from listening import persons
from listening import workspace as workspaces
from listening.cli.terminal import AsJson, Folder, app, out, print_json, show_progress, workspace_of
from listening.forgotten import Identity
from listening.workspace import Mend

PANEL = "One person's data"

Customer = Annotated[str | None, typer.Option("--customer", help="The customer's id.")]
Email = Annotated[str | None, typer.Option("--email", help="The customer's e-mail address.")]


@app.command(rich_help_panel=PANEL)
def forget(
    context: typer.Context,
    customer: Customer = None,
    email: Email = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Take one person out of everything, and keep them from coming back. Prints a receipt."""
    place, who = workspace_of(context, folder), _who(customer, email)
    if not dry_run and not yes:
        _print_receipt(persons.forget(place, who, is_dry_run=True))
        typer.confirm("This cannot be undone. Forget this person?", abort=True)
    show_progress()
    receipt = persons.forget(place, who, dry_run)
    if as_json:
        print_json(_receipt(receipt))
    else:
        _print_receipt(receipt)


@app.command("export-person", rich_help_panel=PANEL)
def export_person(
    context: typer.Context,
    customer: Customer = None,
    email: Email = None,
    to: Annotated[Path | None, typer.Option("--out", help="A file to write; without it, the terminal.")] = None,
    folder: Folder = None,
) -> None:
    """Give all that is known of one person, as JSON: landed rows as they came, and what is published about them."""
    known = persons.export(workspace_of(context, folder), _who(customer, email))
    if to is None:
        print_json(known)
        return
    workspaces.put(to, json.dumps(known, indent=1, ensure_ascii=False, default=str))
    out.print(f"Wrote {len(known['landed'])} landed rows and {sum(map(len, known['published'].values()))} published ones to {to}.", markup=False)


def _who(customer: str | None, email: str | None) -> Identity:
    if bool(customer) == bool(email):
        raise Mend("Name one person: either --customer ID or --email ADDRESS.")
    return Identity.customer(customer) if customer else Identity.email(email)


def _receipt(receipt: persons.Receipt) -> dict[str, Any]:
    return {
        "forgotten": not receipt.is_dry_run,
        "known_as": [identity._asdict() for identity in sorted(receipt.found.identities)],
        "shared_addresses_left_alone": sorted(identity.value for identity in receipt.found.shared),
        "rows": receipt.found.counts,
        "files_that_still_hold_the_person": [str(path) for path in receipt.left],
        "too_short_to_search_for": receipt.unsearched,
        "published": str(receipt.published) if receipt.published else None,
    }


def _print_receipt(receipt: persons.Receipt) -> None:
    verb = "Would forget" if receipt.is_dry_run else "Forgot"
    out.print(f"{verb}: " + ", ".join(f"{identity.kind} {identity.value}" for identity in sorted(receipt.found.identities)), markup=False)
    for source, rows in sorted(receipt.found.counts.items()):
        out.print(f"  {source}: {rows} landed row{'s' * (rows != 1)}", markup=False)
    if not receipt.found.rows:
        out.print("  No landed row is theirs; they are kept from coming in all the same.")
    for identity in sorted(receipt.found.shared):
        out.print(f"  {identity.value} belongs to several customers and was left alone.", markup=False)
    for path in receipt.left:
        out.print(f"  Still held by {path}; remove or edit it yourself.", markup=False, soft_wrap=True)
    for value in receipt.unsearched:
        out.print(f"  '{value}' is too short to search the files for.", markup=False)
    if receipt.published:
        out.print("  Landed rows, store, labels and all published runs are without them; what sources send of them is refused.")
