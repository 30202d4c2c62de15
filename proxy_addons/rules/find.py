"""Where profiles are found: a path, or the bare name of a shipped or local one."""

from __future__ import annotations

from pathlib import Path

from proxy_addons.rules.problem import Problem, ProfileError, did_you_mean

_PACKAGE = Path(__file__).resolve().parent.parent
_SUFFIXES = (".yaml", ".yml")


def shelves() -> list[Path]:
    """The folders that are searched for a bare name, first match wins: the caller's own, then the shipped."""
    folders = [Path.cwd() / "profiles", _PACKAGE / "_profiles", _PACKAGE.parent / "profiles"]
    return list(dict.fromkeys(folder for folder in folders if folder.is_dir()))


def known() -> dict[str, Path]:
    """Every profile that a bare name reaches, by that name, sorted."""
    found: dict[str, Path] = {}
    for folder in shelves():
        for path in folder.iterdir():
            if path.suffix in _SUFFIXES and path.is_file():
                found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def find(name: str | Path) -> Path:
    """The file that `name` means.

    Raises:
        ProfileError: a bare name that no folder knows. A path is not checked here.
    """
    path = Path(name)
    if path.suffix in _SUFFIXES or len(path.parts) != 1:
        return path
    exists = _exists(path)
    if exists and not path.is_dir():
        return path
    profiles = known()
    if found := profiles.get(path.name):
        return found
    if exists:
        return path
    there = f"known are {', '.join(profiles)}" if profiles else "there is no folder `profiles` here"
    raise ProfileError([Problem(str(name), f"no such profile{did_you_mean(path.name, profiles)}; {there}")])


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (OSError, ValueError):  # a name may be too long for the system, or hold a null byte
        return False
    return True


def shown_path(path: Path) -> str:
    """The path from here, when the file is below this folder."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
