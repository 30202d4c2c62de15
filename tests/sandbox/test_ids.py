from __future__ import annotations

from itertools import permutations

from proxy_addons.sandbox.ids import Ids


def test_an_id_is_32_hex_digits() -> None:
    """As the gateway's."""
    drawn = Ids().draw("escrow", "a")
    assert len(drawn) == 32
    assert int(drawn, 16) >= 0


def test_the_recipe_stands() -> None:
    """A change of it would make every recorded id a stranger: then the version must change too."""
    assert Ids(42).draw("escrow", "buyer", "seller") == "cdd46d0337a185d437736d743284a55e"


def test_the_same_twice_gives_two_ids() -> None:
    """Two equal orders are two escrows."""
    ids = Ids()
    assert len({ids.draw("escrow", "a") for _ in range(100)}) == 100


def test_the_seed_changes_every_id() -> None:
    """Any whole number is a seed."""
    assert len({Ids(seed).draw("escrow") for seed in (0, 1, -1, 2**200)}) == 4


def test_parts_do_not_run_into_each_other() -> None:
    """Where one part ends is part of the id."""
    ids = Ids()
    drawn = {ids.draw("ab", "c"), ids.draw("a", "bc"), ids.draw("abc"), ids.draw("ab", data=b"c"), ids.draw("a:b", "c")}
    assert len(drawn) == 5


def test_ids_do_not_depend_on_the_interleaving() -> None:
    """Every order of the same draws gives the same ids to the same agents."""
    calls = ["a", "a", "b", "b"]
    outcomes = []
    for order in permutations(calls):
        ids = Ids(7)
        drawn: dict[str, list[str]] = {"a": [], "b": []}
        for agent in order:
            drawn[agent].append(ids.draw("escrow", agent))
        outcomes.append(drawn)
    assert all(drawn == outcomes[0] for drawn in outcomes)


def test_any_text_will_do() -> None:
    """Also text that UTF-8 cannot hold."""
    assert len(Ids().draw("\ud800", "\0", "")) == 32


def test_a_number_fits_a_json_double() -> None:
    """Below 2^53, so that every client reads the same."""
    ids = Ids()
    assert all(0 <= ids.number("transaction", str(n)) < 2**53 for n in range(1000))
