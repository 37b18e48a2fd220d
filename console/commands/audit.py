"""`warrant audit`: prove afterwards that records are as they were written, and publish what others hold them to."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from console.commands.arguments import PlaybookOption, open_command_day
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
