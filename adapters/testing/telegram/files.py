"""Files that a bot sent or a test put there, by the identifiers that the server gave them."""

from dataclasses import dataclass
from hashlib import sha256
from itertools import count

from adapters.testing.telegram.arguments import Arguments, Upload
from adapters.testing.telegram.errors import Json, bad_request
from adapters.testing.telegram.links import problem_of


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the server. One that came as an address was not fetched: it has no content."""

    id: str
    unique_id: str
    path: str
    content: bytes
    url: str | None = None

    def to_json(self) -> Json:
        """A Bot API `File`."""
        return {
            "file_id": self.id,
            "file_unique_id": self.unique_id,
            "file_size": len(self.content),
            "file_path": self.path,
        }


class Files:
    """Keeps them in memory."""

    def __init__(self) -> None:
        self._by_id: dict[str, StoredFile] = {}
        self._numbers = count(1)

    def add(self, name: str, content: bytes, folder: str = "documents", url: str | None = None) -> StoredFile:
        """Keep a file, under an identifier of its own."""
        number = next(self._numbers)
        unique = sha256(content or str(url).encode()).hexdigest()[:16]
        ending = name.rpartition(".")[2] if "." in name else "bin"
        kept = StoredFile(f"file-{number}-{unique}", unique, f"{folder}/file_{number}.{ending}", content, url)
        self._by_id[kept.id] = kept
        return kept

    def by_id(self, file_id: str) -> StoredFile | None:
        """The file with that identifier."""
        return self._by_id.get(file_id)

    def by_path(self, path: str) -> StoredFile | None:
        """The file that `/file/bot<token>/<path>` downloads."""
        return next((one for one in self._by_id.values() if one.path == path), None)

    def sent(self, arguments: Arguments, kind: str) -> StoredFile:
        """The file of a request: uploaded as the field or as `attach://name`, an identifier, or an address."""
        upload = arguments.files.get(kind)
        value = arguments.text(kind)
        if upload is None and value.startswith("attach://"):
            upload = arguments.files.get(value.removeprefix("attach://"))
        if upload is not None:
            return self._uploaded(upload, kind)
        if not value:
            raise bad_request(f"There is no {kind} in the request")
        if (known := self.by_id(value)) is not None:
            return known
        if value.startswith(("http://", "https://")) and problem_of(value) is None:
            return self.add(value, b"", f"{kind}s", value)
        raise bad_request("wrong file identifier/HTTP URL specified")

    def _uploaded(self, upload: Upload, kind: str) -> StoredFile:
        if not upload.content:
            raise bad_request("file must be non-empty")
        return self.add(upload.name, upload.content, f"{kind}s")
