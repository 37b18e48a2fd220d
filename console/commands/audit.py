"""`warrant audit`: prove afterwards that records are as they were written, and publish what others hold them to."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from console.commands.arguments import ActorOption, PlaybookOption, open_command_day
from console.output import Format, FormatOption, WarrantGroup, people_screen, show_json
from console.watching import watch
from pipelines.errors import UsageError, VerificationError

app = typer.Typer(
    name="audit",
    cls=WarrantGroup,
    no_args_is_help=True,
    help="Prove what was done, by whom and why, to people who do not have to believe you.",
    epilog="Example: warrant audit verify --anchor head.json",
)


@app.command("verify", epilog="Example: warrant audit verify --anchor head.json --key 3Yl…")
def verify(
    anchor: Annotated[
        Path | None,
        typer.Option(
            "--anchor",
            metavar="FILE",
            help="A head that was published before: of `warrant audit head --file`, or the manifest of a batch.",
        ),
    ] = None,
    public_key: Annotated[
        str | None,
        typer.Option("--key", metavar="PUBLIC", help="The public key that published heads must be signed with."),
    ] = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Find any byte of journal, records or waiting files that was edited, removed, put in or moved.

    The exit code is 6 when something is found. What hashes on one machine cannot show is said.
    """
    from pipelines.audit.verifying import verify_everything

    with watch() as progress:
        found = verify_everything(open_command_day(playbook, progress=progress), anchor=anchor, public_key=public_key)
    if output == Format.JSON:
        show_json(found)
    else:
        _show_verification(people_screen(), found)
    if not found["is_intact"]:
        raise typer.Exit(VerificationError.exit_code)


@app.command("head", epilog="Example: warrant audit head --file head.json, then mail it or tag it")
def head(
    file: Annotated[Path | None, typer.Option("--file", help="Write it into this file too, as JSON.")] = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Print the end of the journal, signed where WARRANT_SIGNING_KEY is set: publish it where you cannot rewrite it."""
    from lake.journal import Journal
    from lake.signing import signed

    with watch() as progress:
        day = open_command_day(playbook, progress=progress)
        last = Journal(day.lake).head()
        if last is None:
            raise UsageError(
                "the journal has no event yet.", where=str(day.lake.root), remedy="It begins with the first run."
            )
        found = signed(last, day.playbook.name, day.environment).as_json()
    if file is not None:
        file.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if output == Format.JSON:
        show_json(found)
        return
    signer = (
        f"signed by {found['public_key']}" if "public_key" in found else "not signed: WARRANT_SIGNING_KEY is not set"
    )
    people_screen().print(f"event {found['position']}  {found['digest']}\n{signer}", highlight=False, soft_wrap=True)


@app.command("key", epilog="Example: warrant audit key")
def key(output: FormatOption = Format.TABLE) -> None:
    """Make a new pair of keys and print both halves; nothing is stored.

    Keep the private one in the secrets of the machine that runs, as WARRANT_SIGNING_KEY, and give the public one to
    whoever checks.
    """
    from lake.signing import VARIABLE, new_private_key, public_key_of

    private = new_private_key()
    public = public_key_of(private)
    if output == Format.JSON:
        show_json({"private_key": private, "public_key": public})
    else:
        typer.echo(f"{VARIABLE}={private}\npublic key: {public}")


@app.command("trail", epilog="Example: warrant audit trail --customer 1609")
def trail(
    *,
    person: Annotated[str | None, typer.Option(metavar="person:NAME", help="What somebody did, and was asked.")] = None,
    agent: Annotated[str | None, typer.Option(metavar="NAME", help="What was decided in an agent's name.")] = None,
    customer: Annotated[str | None, typer.Option(metavar="ID", help="What was decided about a customer.")] = None,
    campaign: Annotated[str | None, typer.Option(metavar="ID", help="What was done about a campaign.")] = None,
    run_id: Annotated[str | None, typer.Option("--run", metavar="RUN", help="Of one run only.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="From the beginning of this day on."),
    ] = None,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Read what was done, by whom and why, oldest first: decisions, actions, pauses, requests, answers, corrections."""
    from pipelines.audit.trail import Asked
    from pipelines.audit.trail import trail as read_trail
    from pipelines.people import acting, insist_on

    with watch() as progress:
        day = open_command_day(playbook, progress=progress)
        insist_on(acting(day.playbook, actor, day.environment), "see personal data", day.playbook)
        run = day.ledger.get(run_id).run_id if run_id else None
        asked = Asked(person, agent, customer, campaign, run, since.date() if since else None)
        rows = read_trail(day, asked)
    if output == Format.JSON:
        show_json({"trail": [row | {"at": row["at"].isoformat()} for row in rows]})
        return
    screen = people_screen()
    for row in rows:
        because = f", because {row['because']}" if row["because"] else ""
        text = f"{row['at']:%Y-%m-%d %H:%M} UTC  {row['who']}: {row['what']}{because}  [{row['source']}]"
        screen.print(text, markup=False, highlight=False, soft_wrap=True)
    if not rows:
        screen.print("Nothing is on record of it.", style="dim")


@app.command("export", epilog="Example: warrant audit export evidence.zip --run 1f0c9a")
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The zip file to write; it must not be there yet.")],
    *,
    run_id: Annotated[str | None, typer.Option("--run", metavar="RUN", help="Records of one run only.")] = None,
    actor: ActorOption = None,
    playbook: PlaybookOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Write journal and records as the bytes that were hashed, for somebody to check who trusts nobody here.

    They check it with nothing but Python: docs/verify_evidence.py, which also says what the pack holds.
    """
    from pipelines.audit.evidence import export_evidence
    from pipelines.people import acting, insist_on

    with watch() as progress:
        day = open_command_day(playbook, progress=progress)
        insist_on(acting(day.playbook, actor, day.environment), "see personal data", day.playbook)
        found = export_evidence(day, file, run_id=run_id)
    if output == Format.JSON:
        show_json(found)
        return
    said = f"{found['events']:,} events, {found['records']:,} records of {found['runs']} runs: {found['file']}"
    people_screen().print(said, markup=False, highlight=False, soft_wrap=True)
    people_screen().print("Give it away with docs/verify_evidence.py, and a head that you published before.")


def _show_verification(screen: Console, found: dict[str, Any]) -> None:
    for check in found["checks"]:
        mark = "[green]holds[/] " if check["is_intact"] else "[bold red]broken[/]"
        screen.print(f"{mark}  {check['what']:<8}", end="")
        screen.print(check["said"], markup=False, highlight=False, soft_wrap=True)
    if found["head"]:
        screen.print(f"\nHead  event {found['head']['position']}, {found['head']['digest']}", highlight=False)
    screen.print("\nWhat this does not show")
    for sentence in found["unproven"]:
        screen.print(f"  {sentence}", markup=False, highlight=False)
