"""Files in, files out: `import(export(library)) == library`."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TypeVar

from application.guides._blocks import Kind, blocks
from application.guides._headings import heading_text
from application.guides.library import GuideDraft, GuideLibrary
from application.ports.guides import GuideFile, GuideFilter, GuideFormat, GuideQueries, GuideView
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import FieldError, GuildhallError, Invalid, Unavailable
from domain.guides import MAX_DESCRIPTION, MAX_SOURCE_PATH, MAX_TITLE, Difficulty, GuideId
from domain.identity import Actor, Role

_PAGE = 200
_UNSAFE = re.compile(r"[^a-z0-9]+")
_Named = TypeVar("_Named", Role, Difficulty)


class ImportAction(StrEnum):
    """What became of one file."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    RETIRED = "retired"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """One file's outcome; `error` says what was wrong with a failed one."""

    path: str
    action: ImportAction
    error: str | None = None


class GuideTransfer:
    """Imports Markdown files into the library and writes them out again, for ADMIN and above.

    A file is known by its path within its collection: unchanged files are skipped, changed ones updated. A file that
    cannot be imported is reported and does not stop the rest. A file that failed is never pruned. Guides whose minimum
    role is above the actor's are neither made, changed, retired nor exported.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        library: GuideLibrary,
        queries: GuideQueries,
        guide_format: GuideFormat,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._library = library
        self._queries = queries
        self._format = guide_format
        self._clock = clock

    async def import_files(
        self,
        actor: Actor,
        collection: str,
        files: Iterable[GuideFile | ImportedFile],
        *,
        default_category: str | None = None,
        prune: bool = False,
        dry_run: bool = False,
    ) -> AsyncIterator[ImportedFile]:
        """Import the files one after another, each in its own transaction; yields each outcome.

        A file that could not even be read is passed as a failed `ImportedFile`. With `prune`, guides of the
        collection whose file is missing are retired. With `dry_run`, nothing is written. Raises `Unavailable` when the
        database goes away: what was imported before stays.
        """
        actor.require(Role.ADMIN)
        seen = set()
        for file in files:
            seen.add(file.path)
            if isinstance(file, ImportedFile):
                yield file
                continue
            try:
                yield await self._import(actor, collection, file, default_category, dry_run=dry_run)
            except Unavailable:
                raise
            except GuildhallError as error:
                yield ImportedFile(file.path, ImportAction.FAILED, error.message)
        if prune:
            async for outcome in self._prune(actor, collection, seen, dry_run=dry_run):
                yield outcome

    async def export(self, actor: Actor) -> Sequence[GuideFile]:
        """Every active guide that the actor may read: where it was imported from, or `<category>/<title>.md`."""
        actor.require(Role.ADMIN)
        files: dict[str, GuideFile] = {}
        for view in await self._queries.all_active(actor.role):
            path = _export_path(view, files)
            files[path.lower()] = GuideFile(path, self._format.write(_front_matter(view), view.body or ""))
        return list(files.values())

    async def imported(self, actor: Actor, collection: str, *, retired: bool = False) -> Sequence[GuideView]:
        """The guides of a collection that the actor may read, by path: those on the shelves, or the retired ones."""
        actor.require(Role.ADMIN)
        ids = await self._retired(actor) if retired else await self._shelved(collection)
        views = [await self._queries.view(actor.member_id, actor.role, guide_id) for guide_id in ids]
        found = [view for view in views if view and (view.source_path or "").startswith(f"{collection}/")]
        return sorted(found, key=lambda view: view.source_path or "")

    def read(self, file: GuideFile, default_category: str | None = None) -> GuideDraft:
        """The draft a file holds, ignoring front matter that is not ours; raises `Invalid` that names what is wrong."""
        if not file.text.strip():
            raise Invalid("is empty; expected Markdown")
        front, body = self._format.read(file.text)
        return GuideDraft(
            title=_text(front, "title") or _first_heading(body) or PurePosixPath(file.path).stem,
            description=_text(front, "description") or "",
            body=body,
            content_url=_text(front, "url"),
            category=_text(front, "category") or self._category_of(file.path, default_category),
            difficulty_level=_named(front, "difficulty", Difficulty, Difficulty.BEGINNER),
            tags=_tags(front),
            minimum_role=_named(front, "role", Role, Role.PUBLIC),
        )

    async def _import(
        self, actor: Actor, collection: str, file: GuideFile, default_category: str | None, *, dry_run: bool
    ) -> ImportedFile:
        source_path = f"{collection}/{file.path}"
        if len(source_path) > MAX_SOURCE_PATH:
            raise Invalid.of("path", f"expected at most {MAX_SOURCE_PATH} characters with the collection's name")
        content = self._library.check(self.read(file, default_category))
        actor.require(content.minimum_role)
        async with self._unit_of_work() as work:
            guide = await work.guides.by_source_path(source_path)
            if guide is None:
                await self._library.add(work, content, source_path)
                action = ImportAction.CREATED
            else:
                actor.require(guide.content.minimum_role)
                now = self._clock.now()
                changed = guide.revise(content, now)
                restored = guide.restore(now)
                action = ImportAction.UPDATED if changed or restored else ImportAction.UNCHANGED
                if action is ImportAction.UPDATED:
                    await self._library.save(work, guide)
            if action is not ImportAction.UNCHANGED and not dry_run:
                await work.commit()
        return ImportedFile(file.path, action)

    async def _prune(
        self, actor: Actor, collection: str, seen: set[str], *, dry_run: bool
    ) -> AsyncIterator[ImportedFile]:
        async with self._unit_of_work() as work:
            known = await work.guides.source_paths(collection)
        for source_path, guide_id in sorted(known.items()):
            path = source_path.removeprefix(f"{collection}/")
            if path in seen or await self._queries.view(actor.member_id, actor.role, guide_id) is None:
                continue
            if not dry_run:
                await self._library.retire(actor, guide_id)
            yield ImportedFile(path, ImportAction.RETIRED)

    async def _shelved(self, collection: str) -> Sequence[GuideId]:
        async with self._unit_of_work() as work:
            return list((await work.guides.source_paths(collection)).values())

    async def _retired(self, actor: Actor) -> Sequence[GuideId]:
        where, cursor = GuideFilter(include_retired=True), None
        found: list[GuideId] = []
        while True:
            page = await self._queries.page(actor.member_id, actor.role, where, cursor, _PAGE)
            found.extend(guide.id for guide in page.items if not guide.is_active)
            cursor = page.next_cursor
            if cursor is None:
                return found

    def _category_of(self, path: str, default: str | None) -> str:
        for folder in reversed(PurePosixPath(path).parts[:-1]):
            if folder.strip().lower() in self._library.categories:
                return folder
        return default or self._library.categories[-1]


def _front_matter(view: GuideView) -> dict[str, object]:
    guide = view.summary
    return {
        "title": guide.title,
        "description": guide.description,
        "category": guide.category,
        "difficulty": guide.difficulty_level.name.lower(),
        "tags": list(guide.tags),
        "role": guide.minimum_role.name,
        **({"url": guide.content_url} if guide.content_url else {}),
    }


def _export_path(view: GuideView, taken: Mapping[str, GuideFile]) -> str:
    guide = view.summary
    if view.source_path is not None:
        path = view.source_path.partition("/")[2]
        if path.lower() not in taken:
            return path
    slug = _UNSAFE.sub("-", guide.title.lower()).strip("-")[:80] or "guide"
    path = f"{guide.category}/{slug}.md"
    return path if path.lower() not in taken else f"{guide.category}/{slug}-{guide.id.hex[-12:]}.md"


def _first_heading(body: str) -> str | None:
    headings = (heading_text(block.lines[0]) for block in blocks(body) if block.kind is Kind.HEADING)
    return next((text[:MAX_TITLE].rstrip() for text in headings if text), None)


def _text(front: Mapping[str, object], key: str) -> str | None:
    value = front.get(key)
    if value is None:
        return None
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value).strip()[: MAX_DESCRIPTION + 1]
    raise Invalid(f"{key}: expected a text", [FieldError(key, "expected a text")])


def _tags(front: Mapping[str, object]) -> tuple[str, ...]:
    value = front.get("tags")
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(value.split(","))
    if isinstance(value, list) and all(isinstance(tag, str | int | float) for tag in value):
        return tuple(str(tag) for tag in value)
    raise Invalid.of("tags", "expected a list of words")


def _named(front: Mapping[str, object], key: str, kind: type[_Named], default: _Named) -> _Named:
    value = _text(front, key)
    if value is None:
        return default
    try:
        return kind[value.upper()]
    except KeyError:
        names = ", ".join(member.name.lower() for member in kind)
        raise Invalid.of(key, f"expected one of {names}, not {value!r}") from None
