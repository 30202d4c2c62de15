"""The faults as words: listed without an import, loaded one by one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy_addons import faults
from proxy_addons.faults.reset import Reset
from proxy_addons.faults.status import Status

SOURCE = '''
from proxy_addons.faults.noop import Noop

class {name}(Noop):
    """A fault."""
'''


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Another folder in which faults are looked for, for as long as the test."""
    faults.__path__.append(str(tmp_path))
    forget()
    yield tmp_path
    faults.__path__.remove(str(tmp_path))
    forget()
    for name in ("brand_new", "empty_file"):
        sys.modules.pop(f"{faults.__name__}.{name}", None)


def forget() -> None:
    """Look again."""
    faults.words.cache_clear()
    faults.load.cache_clear()


def test_words_are_sorted_and_each_has_a_file() -> None:
    """The file's name is the word; what faults share is none."""
    here = Path(faults.__file__).parent
    assert list(faults.words()) == sorted(faults.words())
    assert {"latency", "lost_response", "noop", "reset", "status", "timeout"} <= set(faults.words())
    assert {"base", "delay"}.isdisjoint(faults.words())
    assert [word for word in faults.words() if not (here / f"{word}.py").is_file()] == []


def test_every_word_loads_the_fault_of_its_own_file() -> None:
    """Not one that the file only imports."""
    assert [w for w in faults.words() if faults.load(w).__module__ != f"proxy_addons.faults.{w}"] == []
    assert faults.load("reset") is Reset
    assert faults.load("status") is Status


@pytest.mark.parametrize("word", ["base", "delay", "no_such_fault", "", "Reset", "reset.py", "..reset"])
def test_what_is_no_fault_is_a_key_error(word: str) -> None:
    """Files that faults share are none."""
    with pytest.raises(KeyError):
        faults.load(word)


def test_a_new_file_is_a_new_word(folder: Path) -> None:
    """Nothing has to be registered."""
    (folder / "brand_new.py").write_text(SOURCE.format(name="BrandNew"))
    assert "brand_new" in faults.words()
    assert faults.load("brand_new").__name__ == "BrandNew"


def test_a_file_without_a_fault_is_an_error_of_ours(folder: Path) -> None:
    """It is named."""
    (folder / "empty_file.py").write_text("from proxy_addons.faults.noop import Noop\n")
    with pytest.raises(TypeError, match=r"proxy_addons\.faults\.empty_file defines no Fault"):
        faults.load("empty_file")


def test_words_are_listed_and_one_is_loaded_without_importing_the_rest() -> None:
    """Start-up time is a feature."""
    code = (
        "import sys; from proxy_addons import faults; faults.words(); faults.load('reset');"
        "print([w for w in faults.words() if f'proxy_addons.faults.{w}' in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "['reset']"
