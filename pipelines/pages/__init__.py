"""Pages that a person opens in a browser: templates, and what fills them."""

from pathlib import Path

from pipelines.errors import UsageError


def write_page(html: str, path: Path) -> Path:
    """Write a page; its absolute path.

    Raises:
        UsageError: It cannot be written there.
    """
    try:
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"the page cannot be written: {error.strerror}.",
            where=str(path),
            remedy="Name a file in a folder of yours.",
        ) from error
    return path.resolve()
