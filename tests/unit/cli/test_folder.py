"""Folders of Markdown: what is found, under which name, and how files are written."""

import errno
from pathlib import Path

import pytest

from application.guides.importing import ImportedFile
from application.ports.guides import GuideFile
from application.ports.system import CannotStart
from domain.errors import Invalid
from entrypoints.cli.folder import collection_of, markdown_paths, read_files, write_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of several kinds of files."""
    folder = tmp_path / "handbook"
    for name in ("b.md", "a.markdown", "deep/er/c.MD", "notes.txt", ".hidden/d.md", ".e.md", "deep/f.mdown"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")
    return folder


def test_folder_of_mixed_files_yields_markdown_in_order(folder: Path) -> None:
    found = [path.relative_to(folder).as_posix() for path in markdown_paths(folder)]
    assert found == ["a.markdown", "b.md", "deep/er/c.MD", "deep/f.mdown"]


def test_folder_reached_through_a_link_is_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert len(markdown_paths(tmp_path / "link")) == 4


def test_folder_linked_to_itself_ends(folder: Path) -> None:
    (folder / "again").symlink_to(folder)
    assert len(markdown_paths(folder)) == 4


def test_folder_given_as_one_file_is_that_file(folder: Path) -> None:
    assert markdown_paths(folder / "a.markdown") == [folder / "a.markdown"]


def test_folder_given_as_one_file_of_another_kind_is_refused(folder: Path) -> None:
    with pytest.raises(Invalid, match=r"notes\.txt is no Markdown file \(\.markdown, \.md, \.mdown\)"):
        markdown_paths(folder / "notes.txt")


def test_folder_that_is_a_device_is_refused() -> None:
    with pytest.raises(Invalid, match="neither a folder nor a file"):
        markdown_paths(Path("/dev/null"))


def test_folder_files_are_read_as_utf8_without_mark(folder: Path) -> None:
    (folder / "b.md").write_bytes(b"\xef\xbb\xbf# Caf\xc3\xa9\n")
    (file,) = read_files(folder, [folder / "b.md"])
    assert file == GuideFile("b.md", "# Café\n")


def test_folder_file_that_leads_out_fails_unread(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("# Not yours\n")
    (folder / "l.md").symlink_to(tmp_path / "secret.md")
    (folder / "deep" / "up.md").symlink_to("../../secret.md")
    found = list(read_files(folder, [folder / "deep" / "up.md", folder / "l.md"]))
    assert [file.error for file in found if isinstance(file, ImportedFile)] == ["leads out of the folder"] * 2


def test_folder_file_below_a_folder_that_leads_out_fails(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "secret.md").write_text("# Not yours\n")
    before = markdown_paths(folder)
    (folder / "others").symlink_to(tmp_path / "others")
    (file,) = read_files(folder, [folder / "others" / "secret.md"])
    assert markdown_paths(folder) == before
    assert isinstance(file, ImportedFile)
    assert file.error == "leads out of the folder"


def test_folder_file_that_links_within_the_folder_is_read(folder: Path, tmp_path: Path) -> None:
    (folder / "l.md").symlink_to("deep/f.mdown")
    (tmp_path / "link").symlink_to(folder)
    (file,) = read_files(tmp_path / "link", [tmp_path / "link" / "l.md"])
    assert file == GuideFile("l.md", "# deep/f.mdown\n")


def test_folder_file_linked_to_itself_fails_with_reason(folder: Path) -> None:
    (folder / "l.md").symlink_to("l.md")
    (file,) = read_files(folder, [folder / "l.md"])
    assert isinstance(file, ImportedFile)
    assert "cannot be read" in str(file.error)


def test_folder_given_as_one_linked_file_is_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "named.md").symlink_to(folder / "b.md")
    (file,) = read_files(tmp_path / "named.md", [tmp_path / "named.md"])
    assert file == GuideFile("named.md", "# b.md\n")


def test_folder_file_in_latin1_fails_with_its_place(folder: Path) -> None:
    (folder / "b.md").write_bytes("# Café\n".encode("latin-1"))
    (file,) = read_files(folder, [folder / "b.md"])
    assert isinstance(file, ImportedFile)
    assert file.error == "expected UTF-8; byte 6 is not"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("handbook", "handbook"),
        ("uv/docs", "uv-docs"),
        ("site/content", "site-content"),
        ("uv/Docs/guide.md", "uv-Docs"),
    ],
)
def test_collection_of_a_path_names_its_project(tmp_path: Path, path: str, name: str) -> None:
    target = tmp_path / path
    (target.parent if target.suffix else target).mkdir(parents=True)
    if target.suffix:
        target.touch()
    assert collection_of(target) == name


def test_collection_of_the_root_folder_has_a_name() -> None:
    assert collection_of(Path("/")) == "root"


def test_folder_written_and_read_is_the_same(tmp_path: Path) -> None:
    files = [GuideFile("a.md", "# A\n"), GuideFile("risk/b.md", "# Б\r\nold line ends\n")]
    target = tmp_path / "out"
    write_files(target, files)
    assert list(read_files(target, markdown_paths(target))) == files


def test_folder_path_that_leads_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="leads out"):
        write_files(tmp_path / "out", [GuideFile("a.md", ""), GuideFile("../b.md", "")])
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="Nothing was exported"):
        write_files(tmp_path / "file" / "out", [GuideFile("a.md", "")])
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("taken", ["risk", "risk/b.md/mine.md"], ids=["file", "folder"])
def test_folder_with_something_in_the_way_is_left_as_it_was(tmp_path: Path, taken: str) -> None:
    target = tmp_path / "out"
    (target / taken).parent.mkdir(parents=True)
    (target / taken).write_text("mine")
    with pytest.raises(CannotStart):
        write_files(target, [GuideFile("a.md", "new"), GuideFile("risk/b.md", "new")])
    assert [path.read_text() for path in target.rglob("*") if path.is_file()] == ["mine"]


def test_folder_that_fails_below_new_parents_takes_them_away_again(tmp_path: Path) -> None:
    name = "n" * 300
    with pytest.raises(CannotStart, match="File name too long"):
        write_files(tmp_path / "new" / "out", [GuideFile("a.md", ""), GuideFile(f"risk/{name}.md", "")])
    assert list(tmp_path.iterdir()) == []


def test_folder_whose_last_file_cannot_be_replaced_keeps_the_first_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "a.md").write_text("mine")
    replace = Path.replace

    def refuse_b(path: Path, place: Path) -> Path:
        if place == target / "b" / "b.md":
            raise PermissionError(errno.EPERM, "Operation not permitted", str(path))
        return replace(path, place)

    monkeypatch.setattr(Path, "replace", refuse_b)
    files = [GuideFile("a.md", "new"), GuideFile("a/new.md", "new"), GuideFile("b/b.md", "new")]
    with pytest.raises(CannotStart, match=f"{target}: .*Operation not permitted"):
        write_files(target, files)
    assert {path.name: path.read_text() for path in target.rglob("*") if path.is_file()} == {"a.md": "mine"}
    assert [path for path in target.rglob("*") if path.is_dir()] == []


def test_folder_whose_former_files_cannot_be_put_back_either_keeps_them_and_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out"
    target.mkdir()
    for name in ("a.md", "b.md", "c.md"):
        (target / name).write_text(f"my {name}")
    replace = Path.replace
    places: list[str] = []

    def breaks_down(path: Path, place: Path) -> Path:
        places.append(place.name)
        # The third file, and then the first of those that are put back.
        if len(places) in {3, 4}:
            raise OSError(errno.EIO, "Input/output error", str(path))
        return replace(path, place)

    monkeypatch.setattr(Path, "replace", breaks_down)
    with pytest.raises(CannotStart, match=r"Input/output error\. Not all could be put back") as refusal:
        write_files(target, [GuideFile(name, "new") for name in ("a.md", "b.md", "c.md")])
    assert [(target / name).read_text() for name in ("a.md", "b.md", "c.md")] == ["new", "my b.md", "my c.md"]
    (kept,) = target.glob(".guildhall-*/former/a.md")
    assert kept.read_text() == "my a.md"
    assert str(kept.parent) in str(refusal.value)
