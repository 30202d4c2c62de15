"""python with_openai.py CASE…: makes one call as the agent of each name with the openai SDK, as it comes.

A name ends in what is called: `-chat` a whole answer, `-stream` its pieces, `-responses` the events of a
response. Prints `{case: outcome}`: the text that came, then `!` and the error's class when one was raised.
"""

from __future__ import annotations

import json
import sys

import openai

MESSAGE = {"role": "user", "content": "hi"}


def call(client: openai.OpenAI, what: str, came: list[str]) -> None:
    """Make one call; what comes of it is added to `came`."""
    if what == "chat":
        answer = client.chat.completions.create(model="m", messages=[MESSAGE])
        came.append(answer.choices[0].message.content)
    elif what == "stream":
        for chunk in client.chat.completions.create(model="m", messages=[MESSAGE], stream=True):
            came.append(chunk.choices[0].delta.content or "")  # noqa: PERF401  # what came before an error counts
    else:
        ended = False
        for event in client.responses.create(model="m", input="hi", stream=True):
            came.append(getattr(event, "delta", ""))
            ended = ended or event.type == "response.completed"
        came.append("" if ended else "?")


def outcome(case: str) -> str:
    """Make the call of one case."""
    came: list[str] = []
    headers = {"x-agent-id": case}
    with openai.OpenAI(base_url="https://openai.test/v1", api_key="k", default_headers=headers) as client:
        try:
            call(client, case.rpartition("-")[2], came)
        except Exception as error:  # noqa: BLE001  # its class is what is asked for
            came.append(f"!{type(error).__name__}")
    return "".join(came)


print(json.dumps({case: outcome(case) for case in sys.argv[1:]}))  # noqa: T201  # its answer
