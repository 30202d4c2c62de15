import inspect

import pytest
from pydantic import ValidationError

from proxy_addons import faults
from proxy_addons.exchange import Phase
from proxy_addons.faults.base import Fault

EVERY = pytest.mark.parametrize("model", [faults.load(word) for word in faults.words()], ids=faults.words())


@EVERY
def test_a_fault_refuses_settings_that_it_does_not_know(model: type[Fault]) -> None:
    """A typing error must not turn into a default."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate({"no_such_setting": 1})

    assert ("no_such_setting",) in [
        error["loc"] for error in caught.value.errors() if error["type"] == "extra_forbidden"
    ]


@EVERY
def test_a_fault_plays_on_a_known_side(model: type[Fault]) -> None:
    """Its default says before or after."""
    assert isinstance(model.model_fields["at"].default, Phase)


@EVERY
def test_a_short_form_sets_a_setting_that_exists(model: type[Fault]) -> None:
    """`fault: {word: value}` has to mean something."""
    assert model.shorthand is None or model.shorthand in model.model_fields


@EVERY
def test_a_fault_says_what_it_does(model: type[Fault]) -> None:
    """The docstring's first line is what editors show."""
    assert model.__doc__
    assert model.__doc__ != Fault.__doc__
    assert not inspect.isabstract(model)


def test_words_are_the_files() -> None:
    """A fault appears when its file does; what faults share is none."""
    assert "noop" in faults.words()
    assert "base" not in faults.words()


def test_an_unknown_word_is_a_key_error() -> None:
    """The loader turns it into a "did you mean"."""
    with pytest.raises(KeyError):
        faults.load("no_such_fault")
