"""Markdown files of a folder, read one after another, and written all or none."""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from application.guides.importing import ImportAction, ImportedFile
from application.ports.guides import GuideFile
from application.ports.system import CannotStart
from domain.errors import Invalid
from domain.guides import MAX_BODY_BYTES

SUFFIXES = frozenset({".md", ".markdown", ".mdown"})
_MAX_FILE = MAX_BODY_BYTES + 65_536
# Folders of these names are found in every project: the one above says whose they are.
_COMMON_NAMES = frozenset(
    {"book", "content", "doc", "docs", "documentation", "en", "guides", "markdown", "pages", "src"}
)


def markdown_paths(root: Path) -> list[Path]:
    """All Markdown files below `root` by name, hidden files and folders left out; `root` may be one file.

    Links to folders are not followed. Raises `Invalid` when there is nothing to import, for a file of another kind, and
    for a folder that cannot be listed.
    """
    try:
        kind = root.stat().st_mode
    except OSError as error:
        raise Invalid.of("PATH", f"{root}: {error.strerror}; expected a folder or a Markdown file") from None
    if stat.S_ISREG(kind):
        if root.suffix.lower() not in SUFFIXES:
            raise Invalid.of("PATH", f"{root} is no Markdown file ({', '.join(sorted(SUFFIXES))})")
        return [root]
    if not stat.S_ISDIR(kind):
        raise Invalid.of("PATH", f"{root} is neither a folder nor a file")
    found = [
        Path(folder, name)
        for folder, names in _folders(root)
        for name in names
        if Path(name).suffix.lower() in SUFFIXES and not name.startswith(".")
    ]
    if not found:
        raise Invalid.of("PATH", f"{root} holds no Markdown files ({', '.join(sorted(SUFFIXES))})")
    return sorted(found)


def _folders(root: Path) -> Iterator[tuple[str, list[str]]]:
    def refuse(error: OSError) -> None:
        raise Invalid.of("PATH", f"{error.filename}: {error.strerror}; expected a folder that can be listed")

    for folder, below, names in os.walk(root, onerror=refuse):
        below[:] = [name for name in below if not name.startswith(".")]
        yield folder, names


def collection_of(path: Path) -> str:
    """The name under which the files of a folder are known: the folder's own.

    A name that every project uses, such as `docs`, gets the one above in front: `uv-docs`.
    """
    resolved = path.resolve()
    folder = resolved if resolved.is_dir() else resolved.parent
    name = folder.name or "root"
    return f"{folder.parent.name}-{name}" if name.lower() in _COMMON_NAMES and folder.parent.name else name


def read_files(root: Path, paths: list[Path]) -> Iterator[GuideFile | ImportedFile]:
    """Each file's text; one that cannot be read, or is a link out of the folder, is a failed `ImportedFile`.

    `root` itself may be a link: whoever named it meant what it leads to.
    """
    base = root if root.is_dir() else root.parent
    bounds = Path(os.path.realpath(root))
    for path in paths:
        name = path.relative_to(base).as_posix()
        shown = os.fsencode(name).decode("utf-8", "backslashreplace")
        if shown != name:
            yield ImportedFile(shown, ImportAction.FAILED, "expected a file name in UTF-8")
            continue
        try:
            yield GuideFile(name, _text(_within(bounds, path)))
        except _Unusable as error:
            yield ImportedFile(shown, ImportAction.FAILED, str(error))
        except OSError as error:
            yield ImportedFile(shown, ImportAction.FAILED, f"cannot be read: {error.strerror}")


class _Unusable(Exception):
    """What is wrong with one file."""


def _within(bounds: Path, path: Path) -> Path:
    """Where the path really leads. What lies outside is not the folder's to publish."""
    # Unlike `Path.resolve`, this leaves a link to itself for the reading to refuse.
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(bounds):
        raise _Unusable("leads out of the folder")
    return real


def _text(path: Path) -> str:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise _Unusable("expected a regular file")
    if status.st_size > _MAX_FILE:
        raise _Unusable(f"expected at most {_MAX_FILE:,} bytes, not {status.st_size:,}")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Unusable(f"expected UTF-8; byte {error.start + 1} is not") from None


def write_files(target: Path, files: list[GuideFile]) -> None:
    """Write every file below `target`, or none: they are written beside their places first.

    Raises `CannotStart` when one cannot be written, `Invalid` for a path that leads out of the folder.
    """
    for file in files:
        if not (target / file.path).resolve().is_relative_to(target.resolve()):
            raise Invalid.of("path", f"{file.path!r} leads out of {target}")
    placing = _Placing(target)
    try:
        placing.prepare(files)
        placing.place(files)
    except OSError as error:
        outcome = _told(placing, is_undone=placing.undo())
        raise CannotStart(f"{target}: the guides cannot be written there: {error.strerror}. {outcome}") from error
    except BaseException:
        placing.undo()
        raise
    placing.clear_up()


def _told(placing: "_Placing", *, is_undone: bool) -> str:
    if is_undone:
        return "Nothing was exported; choose a folder that you may write, with room."
    return f"Not all could be put back: former files are kept in {placing.former}."


class _Placing:
    """Files on their way into a folder, and what brings it back to what it was."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._draft = target / f".guildhall-{uuid4().hex}"
        self._new, self.former = self._draft / "new", self._draft / "former"
        self._made: list[Path] = []
        self._placed: list[str] = []

    def prepare(self, files: list[GuideFile]) -> None:
        """Write the new files and keep the former ones, beside the places of both."""
        self._make_folder(self._draft)
        for file in files:
            _write(self._new / file.path, file.text)
            place = self._target / file.path
            self._make_folder(place.parent)
            if place.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(place))
            if os.path.lexists(place):
                (former := self.former / file.path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(place, former, follow_symlinks=False)

    def place(self, files: list[GuideFile]) -> None:
        """Put the new files where they belong."""
        for file in files:
            (self._new / file.path).replace(self._target / file.path)
            self._placed.append(file.path)

    def undo(self) -> bool:
        """Put the former files back and take away what was made. Whether all are back; those that are not are kept."""
        lost = [path for path in self._placed if not self._is_back(path)]
        if not lost:
            self.clear_up()
        for folder in reversed(self._made):
            # One that somebody else put something into meanwhile stays.
            with suppress(OSError):
                folder.rmdir()
        return not lost

    def clear_up(self) -> None:
        """Take away what stands beside the places of the files."""
        shutil.rmtree(self._draft, ignore_errors=True)

    def _is_back(self, path: str) -> bool:
        former = self.former / path
        try:
            if os.path.lexists(former):
                former.replace(self._target / path)
            else:
                (self._target / path).unlink()
        except OSError:
            return False
        return True

    def _make_folder(self, folder: Path) -> None:
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir()
            self._made.append(each)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
