"""python with_anthropic.py CASE…: makes one call as the agent of each name with the anthropic SDK, as it comes.

A name ends in what is called: `-message` a whole answer, `-stream` its text as it is streamed. Prints
`{case: outcome}`: the text that came, then `!` and the error's class when one was raised.
"""

from __future__ import annotations

import json
import sys

import anthropic

ASKED = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


def call(client: anthropic.Anthropic, what: str, came: list[str]) -> None:
    """Make one call; what comes of it is added to `came`."""
    if what == "message":
        came.append(client.messages.create(**ASKED).content[0].text)
        return
    with client.messages.stream(**ASKED) as stream:
        for text in stream.text_stream:
            came.append(text)  # noqa: PERF402  # what came before an error counts
        came.append("" if stream.current_message_snapshot.stop_reason else "?")


def outcome(case: str) -> str:
    """Make the call of one case."""
    came: list[str] = []
    headers = {"x-agent-id": case}
    with anthropic.Anthropic(base_url="https://anthropic.test", api_key="k", default_headers=headers) as client:
        try:
            call(client, case.rpartition("-")[2], came)
        except Exception as error:  # noqa: BLE001  # its class is what is asked for
            came.append(f"!{type(error).__name__}")
    return "".join(came)


print(json.dumps({case: outcome(case) for case in sys.argv[1:]}))  # noqa: T201  # its answer
