import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.sse import LONGEST, Block, Splitter, event, lines


def split(pieces: Iterable[bytes]) -> tuple[list[Block], bytes]:
    """All blocks of a stream, and what is left."""
    splitter = Splitter()
    return [block for piece in pieces for block in splitter.feed(piece)], splitter.rest()


def events(stream: bytes) -> list[bytes]:
    """The blocks that count."""
    return [block.raw for block in split([stream])[0] if block.counts]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_each_way_to_end_a_line(end: bytes) -> None:
    """A blank line ends the event, whichever way it is written."""
    stream = b"data: a%bdata: b%b%bevent: x%bdata: c%b%b" % ((end,) * 6)
    blocks, rest = split([stream])

    assert [block.raw for block in blocks] == [
        b"data: a%bdata: b%b%b" % ((end,) * 3),
        b"event: x%bdata: c%b%b" % ((end,) * 3),
    ]
    assert all(block.counts for block in blocks)
    assert rest == b""


@pytest.mark.parametrize(
    "block",
    [b": ping\n\n", b"retry: 10\n\n", b"id: 1\n\n", b"event: x\n\n", b"datax: a\n\n", b" data: a\n\n", b"\n"],
)
def test_what_a_client_does_not_dispatch_does_not_count(block: bytes) -> None:
    """It has no data."""
    assert events(block + b"data: a\n\n") == [b"data: a\n\n"]


@pytest.mark.parametrize("block", [b"data\n\n", b"data:\n\n", b": c\ndata: a\n\n", b"\xef\xbb\xbfdata: a\n\n"])
def test_what_a_client_dispatches_counts(block: bytes) -> None:
    """Empty data is data, and a byte order mark before the first line is none."""
    assert events(block) == [block]


def test_a_byte_order_mark_counts_at_the_very_beginning_alone() -> None:
    """Further on it is part of a name."""
    assert events(b"data: a\n\n\xef\xbb\xbfdata: b\n\n") == [b"data: a\n\n"]


def test_an_event_comes_with_the_byte_that_completes_it() -> None:
    """Also where that is a CR, whose LF may come later or never."""
    splitter = Splitter()

    assert splitter.feed(b"data: a\r\n") == []
    assert splitter.feed(b"\r") == [Block(b"data: a\r\n\r", counts=True)]
    assert splitter.feed(b"\n") == [Block(b"\n", counts=False)]
    assert splitter.feed(b"data: b\r\r") == [Block(b"data: b\r\r", counts=True)]


def test_a_crlf_in_two_pieces_is_one_line_end() -> None:
    """It is not taken for a blank line."""
    assert split([b"data: a\r", b"\ndata: b\r", b"\n\r\n"])[0] == [Block(b"data: a\r\ndata: b\r\n\r\n", counts=True)]


def test_what_is_unfinished_is_the_rest() -> None:
    """A client drops it at the end of the stream."""
    assert split([b"data: a\n\ndata: b\n"]) == ([Block(b"data: a\n\n", counts=True)], b"data: b\n")


def test_an_event_without_end_is_not_kept() -> None:
    """It comes in parts, and counts once."""
    pieces = [b"data: "] + [b"x" * 65536] * 40 + [b"\n\ndata: b\n\n"]
    splitter, longest, counted, out = Splitter(), 0, 0, b""
    for piece in pieces:
        blocks = splitter.feed(piece)
        longest = max([longest, *(len(block.raw) for block in blocks)])
        counted += sum(block.counts for block in blocks)
        out += b"".join(block.raw for block in blocks)

    assert (counted, out) == (2, b"".join(pieces))
    assert longest <= LONGEST + 65536


def test_lines_are_read_as_a_client_reads_them() -> None:
    """One space behind the colon is not part of the value."""
    found = [(line.name, line.value) for line in lines(b"data:  a:b\nid\n:c\r\n\n")]

    assert found == [(b"data", b" a:b"), (b"id", b""), (b"", b"c"), (b"", b"")]


def test_written_events_are_read_back() -> None:
    """Several lines of data as several lines."""
    assert event("a\nb", "x") == b"event: x\ndata: a\ndata: b\n\n"
    assert events(event(json.dumps({"a": 1}))) == [b'data: {"a": 1}\n\n']


ALPHABET = st.sampled_from([b"\r", b"\n", b"\r\n", b"data: ", b"data", b":", b"a", b"\xef\xbb\xbf", b"\xff", b"id: 1"])


@given(parts=st.lists(ALPHABET, max_size=60), data=st.data())
def test_every_byte_comes_out_once_and_pieces_do_not_matter(parts: list[bytes], data: st.DataObject) -> None:
    """The blocks joined are the stream, and as many of them count, however it is cut into pieces."""
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole, whole_rest = split([stream])
    blocks, rest = split(pieces)

    assert b"".join(block.raw for block in whole) + whole_rest == stream
    assert b"".join(block.raw for block in blocks) + rest == stream
    assert sum(block.counts for block in blocks) == sum(block.counts for block in whole)


@given(stream=st.binary(max_size=300))
def test_any_bytes_are_told_apart_and_put_together(stream: bytes) -> None:
    """It never raises."""
    blocks, rest = split(stream[place : place + 1] for place in range(len(stream)))

    assert b"".join(block.raw for block in blocks) + rest == stream
    assert all(b"".join(line.raw for line in lines(block.raw)) == block.raw for block in blocks)
