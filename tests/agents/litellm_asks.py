"""A user's program that asks by litellm whatever it can ask: one JSON object of what it heard.   argument: base URL."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import litellm

HI: Any = [{"role": "user", "content": "hi"}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


async def ask(url: str) -> dict[str, Any]:
    openai: dict[str, Any] = {"api_base": f"{url}/v1", "api_key": "k", "model": "openai/m-small"}
    claude: dict[str, Any] = {"api_base": url, "api_key": "k", "model": "anthropic/m-small"}
    heard: dict[str, Any] = {}
    for name, where in (("chat", openai), ("messages", claude)):
        heard[name] = litellm.completion(messages=HI, **where).choices[0].message.content
        heard[f"{name} with tools"] = (
            litellm.completion(messages=HI, tools=[WEATHER], **where).choices[0].message.content
        )
        pieces = litellm.completion(messages=HI, stream=True, **where)
        heard[f"{name} streamed"] = "".join(piece.choices[0].delta.content or "" for piece in pieces)
        whole = await litellm.acompletion(messages=HI, **where)
        heard[f"{name} async"] = whole.choices[0].message.content
        pieces = await litellm.acompletion(messages=HI, stream=True, **where)
        heard[f"{name} async streamed"] = "".join([p.choices[0].delta.content or "" async for p in pieces])
    heard["responses"] = litellm.responses(input="hi", **openai).output[0].content[0].text
    heard["embeddings"] = litellm.embedding(input=["hi", "you"], **openai).data[1]["embedding"]
    return heard


print(json.dumps(asyncio.run(ask(sys.argv[1]))))
