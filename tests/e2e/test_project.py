"""The project's own rules: locks, packaging, layout, and the guards that every other test stands on."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
RUNTIME_LOCK = (ROOT / "requirements-runtime.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(lock: str) -> set[str]:
    """Every `name==version ; marker` of a lock."""
    return set(re.findall(r"^(\S+==[^\\\n]+?) *\\?$", lock, re.MULTILINE))


def names(requirements: list[str]) -> set[str]:
    """The normalised names of requirements."""
    return {re.split(r"[^\w.-]", line)[0].lower().replace("_", "-") for line in requirements}


def test_runtime_lock_is_part_of_the_lock() -> None:
    """An image runs the versions that were tested."""
    assert pins(RUNTIME_LOCK) - pins(LOCK) == set()


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        pytest.param(RUNTIME_LOCK, PROJECT["project"]["dependencies"], id="runtime"),
        pytest.param(LOCK, PROJECT["dependency-groups"]["dev"], id="dev"),
    ],
)
def test_locks_hold_every_requirement(lock: str, requirements: list[str]) -> None:
    """A dependency that is added to pyproject.toml alone would be missing from every fresh checkout."""
    assert names(requirements) - names(sorted(pins(lock))) == set()


@pytest.mark.parametrize("lock", [pytest.param(LOCK, id="all"), pytest.param(RUNTIME_LOCK, id="runtime")])
def test_locks_hold_hashes_and_no_address(lock: str) -> None:
    """A lock is the same wherever it is written: it names no index and no folder."""
    rest = [line for line in lock.splitlines() if not line.startswith(("#", "    --hash=sha256:"))]
    assert [line for line in rest if not re.fullmatch(r"[\w.-]+==[\w.]+( ; [\w ='<>!.]+)? \\", line)] == []


def test_modules_of_the_root_shadow_no_standard_module() -> None:
    """`mitmdump -s` puts the folder on sys.path for good."""
    found = {path.stem for path in (ROOT / "proxy_addons").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert found & sys.stdlib_module_names == set()


def test_wheel_holds_package_and_profiles(tmp_path: Path) -> None:
    """Who installs the wheel has the profiles too."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    run = subprocess.run(build, cwd=ROOT, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    (wheel,) = tmp_path.glob("crosswind-*-py3-none-any.whl")
    expected = {
        str(target / path.relative_to(ROOT / folder))
        for folder, target in (("profiles", Path("proxy_addons/_profiles")), ("proxy_addons", Path("proxy_addons")))
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected - set(zipfile.ZipFile(wheel).namelist()) == set()


def mirror(root: Path) -> subprocess.CompletedProcess[str]:
    """Run scripts/test-mirror on a tree."""
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts/test-mirror"), str(root)], check=False, capture_output=True, text=True
    )


def write(root: Path, files: dict[str, str]) -> None:
    """Write a small tree."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_mirror_is_content_with_a_mirrored_tree(tmp_path: Path) -> None:
    """One test a source; package files without code and tests of the whole need no partner."""
    write(
        tmp_path,
        {
            "proxy_addons/__init__.py": '"""Doc."""\n__version__ = "1"\n',
            "proxy_addons/rules/load.py": "x = 1",
            "proxy_addons/rules/__init__.py": "x = 1",
            "tests/rules/test_load.py": "def test_x(): ...",
            "tests/rules/test_init.py": "class TestX:\n    async def test_x(self): ...",
            "tests/e2e/test_whole.py": "def test_x(): ...",
        },
    )
    run = mirror(tmp_path)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_mirror_names_every_miss(tmp_path: Path) -> None:
    """A source without test, a test without source, a test file without tests."""
    write(
        tmp_path,
        {
            "proxy_addons/rules/load.py": "x = 1",
            "proxy_addons/rules/match.py": "x = 1",
            "tests/rules/test_match.py": "x = 1",
            "tests/test_load.py": "def test_x(): ...",
        },
    )
    run = mirror(tmp_path)
    assert run.returncode == 1
    assert run.stdout.splitlines() == [
        "proxy_addons/rules/load.py: has no test; write tests/rules/test_load.py",
        "tests/rules/test_match.py: holds no test",
        "tests/test_load.py: mirrors no source; a test of the whole belongs in tests/e2e",
    ]


GUARD = """
    import logging
    import pytest

    def log(name, level, message):
        logging.getLogger(name).log(level, message)

    def test_addon_error():
        log("mitmproxy.addonmanager", logging.ERROR, "Addon error: boom")

    def test_crash_by_any_logger():
        log("elsewhere", logging.WARNING, "mitmproxy has crashed!")

    def test_engine_error():
        log("mitmproxy.proxy.server", logging.ERROR, "something else")

    def test_engine_warning():
        log("mitmproxy.proxy.server", logging.WARNING, "harmless")

    def test_error_of_another():
        log("elsewhere", logging.ERROR, "none of the engine's")

    @pytest.mark.engine_error("boom")
    def test_expected():
        log("mitmproxy.addonmanager", logging.ERROR, "Addon error: boom")

    @pytest.mark.engine_error("boom")
    def test_expected_but_absent():
        pass

    @pytest.mark.engine_error("boom")
    def test_another_than_expected():
        log("mitmproxy.addonmanager", logging.ERROR, "Addon error: boom")
        log("mitmproxy.addonmanager", logging.ERROR, "Addon error: bang")
"""


def test_an_error_in_the_engine_fails_the_test(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that the engine swallows is brought back, and nothing else."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # the conftest imports `tests.support`
    pytester.makeconftest((ROOT / "tests/conftest.py").read_text())
    pytester.makepyprojecttoml((ROOT / "pyproject.toml").read_text())
    pytester.makepyfile(GUARD)
    result = pytester.runpytest_subprocess(".", "-p", "no:cacheprovider", "-q")
    result.assert_outcomes(passed=8, errors=5)
    failed = set(re.findall(r"^ERROR \S+::(\w+)", result.stdout.str(), re.MULTILINE))
    assert failed == {
        "test_addon_error",
        "test_crash_by_any_logger",
        "test_engine_error",
        "test_expected_but_absent",
        "test_another_than_expected",
    }
