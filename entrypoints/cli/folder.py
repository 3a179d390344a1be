"""Markdown files of a folder, read one after another."""

from collections.abc import Iterator
from pathlib import Path

from application.guides.importing import ImportAction, ImportedFile
from application.ports.guides import GuideFile
from application.ports.system import CannotStart
from domain.errors import Invalid
from domain.guides import MAX_BODY_BYTES

SUFFIXES = frozenset({".md", ".markdown", ".mdown"})
_MAX_FILE = MAX_BODY_BYTES + 65_536


def markdown_paths(root: Path) -> list[Path]:
    """All Markdown files below `root` by name, hidden files and folders left out; `root` may be one file.

    Raises `Invalid` when there is nothing to import.
    """
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise Invalid.of("PATH", f"{root} does not exist; expected a folder or a Markdown file")
    found = sorted(
        path
        for path in root.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
    )
    if not found:
        raise Invalid.of("PATH", f"{root} holds no Markdown files ({', '.join(sorted(SUFFIXES))})")
    return found


def collection_of(path: Path) -> str:
    """The name under which the files of a folder are known: the folder's own."""
    resolved = path.resolve()
    return (resolved.name if resolved.is_dir() else resolved.parent.name) or "root"


def read_files(root: Path, paths: list[Path]) -> Iterator[GuideFile | ImportedFile]:
    """Each file's text; one that cannot be read is a failed `ImportedFile`."""
    base = root if root.is_dir() else root.parent
    for path in paths:
        name = path.relative_to(base).as_posix()
        try:
            if path.stat().st_size > _MAX_FILE:
                yield ImportedFile(name, ImportAction.FAILED, f"expected a file of at most {_MAX_FILE} bytes")
                continue
            yield GuideFile(name, path.read_bytes().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            yield ImportedFile(name, ImportAction.FAILED, f"expected UTF-8; byte {error.start} is not")
        except OSError as error:
            yield ImportedFile(name, ImportAction.FAILED, f"cannot be read: {error.strerror}")


def write_files(target: Path, files: list[GuideFile]) -> None:
    """Write every file below `target`.

    Raises `CannotStart` when one cannot be written, `Invalid` for a path that leads out of the folder.
    """
    for file in files:
        path = target / file.path
        if not path.resolve().is_relative_to(target.resolve()):
            raise Invalid.of("path", f"{file.path!r} leads out of {target}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.text.encode())
        except OSError as error:
            raise CannotStart(f"{path}: cannot be written: {error.strerror}") from error
