from pathlib import Path

import pytest

from proxy_addons.rules.find import find, known, shelves, shown_path
from proxy_addons.rules.problem import ProfileError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a profile of its own, as the working directory."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.yaml").write_text("version: 1")
    (tmp_path / "profiles" / "other.yml").write_text("version: 1")
    (tmp_path / "profiles" / "notes.txt").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_bare_name_finds_a_local_profile(here: Path) -> None:
    """With either ending."""
    assert find("mine") == here / "profiles/mine.yaml"
    assert find("other") == here / "profiles/other.yml"


@pytest.mark.usefixtures("here")
def test_a_bare_name_finds_a_shipped_profile() -> None:
    """From any folder."""
    assert find("lost-response").read_text().startswith("# yaml-language-server")


def test_a_local_profile_comes_before_a_shipped_one(here: Path) -> None:
    """A project can replace what is shipped."""
    (here / "profiles" / "calm.yaml").write_text("version: 1")

    assert find("calm") == here / "profiles/calm.yaml"
    assert shelves()[0] == here / "profiles"


@pytest.mark.usefixtures("here")
def test_all_known_profiles_are_listed() -> None:
    """Local and shipped ones, and nothing else that lies about."""
    assert {"mine", "other", "calm", "lost-response"} <= known().keys()
    assert "notes" not in known()
    assert list(known()) == sorted(known())


@pytest.mark.parametrize("path", ["a/b", "nowhere.yaml", "/x/y"])
@pytest.mark.usefixtures("here")
def test_a_path_is_a_path(path: str) -> None:
    """Whether it exists is seen when it is read."""
    assert find(path) == Path(path)


def test_a_file_without_ending_is_taken_as_it_is(here: Path) -> None:
    """Somebody may pass a named pipe or a temporary file."""
    (here / "calm").write_text("version: 1")

    assert find("calm") == Path("calm")


def test_a_folder_does_not_hide_a_profile(here: Path) -> None:
    """Only when nothing has that name, the folder is what was meant."""
    (here / "calm").mkdir()
    (here / "folder").mkdir()

    assert find("calm").name == "calm.yaml"
    assert find("folder") == Path("folder")


@pytest.mark.usefixtures("here")
def test_an_unknown_name_suggests_a_near_one() -> None:
    """And lists them all."""
    with pytest.raises(
        ProfileError, match=r"^lost_respons: no such profile; did you mean `lost-response`\?; known are "
    ):
        find("lost_respons")


def test_paths_are_shown_from_here(here: Path) -> None:
    """Short where it can be."""
    assert shown_path(here / "profiles/mine.yaml") == "profiles/mine.yaml"
    assert shown_path(Path("/etc/hosts")) == "/etc/hosts"
