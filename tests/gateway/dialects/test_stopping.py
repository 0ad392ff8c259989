"""Why an answer stopped, in the providers' own words: as a whole answer and as a stream, and nothing in between."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from beastmode.gateway.dialects import Stop, dialect_for
from beastmode.gateway.dialects.stopping import UNTOLD, Told, meaning, sure, together
from tests.gateway.dialects.spoken import ALL, sse

DONE = b"data: [DONE]\n\n"


def whole(name: str, answer: Any) -> Stop:
    return dialect_for("POST", ALL[name].path).stopped(json.dumps(answer).encode())


def streamed(name: str, *events: dict[str, Any], end: bytes = b"") -> Stop:
    follower = dialect_for("POST", ALL[name].path).follow()
    follower.feed(sse(*events, named=name in ("openai.responses", "anthropic.messages"), end=end))
    return follower.stopped


# ---- chat completions ----


def chat_whole(*choices: dict[str, Any]) -> Stop:
    return whole("openai.chat", {"choices": list(choices)})


def chat_streamed(reason: str | None, *deltas: dict[str, Any], **last: Any) -> Stop:
    events = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    ends = {"choices": [{"index": 0, "delta": {}, "finish_reason": reason} | last]}
    return streamed("openai.chat", *events, ends, {"choices": [], "usage": {"prompt_tokens": 1}}, end=DONE)


ROLE = {"role": "assistant", "content": "", "refusal": None}


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("stop", "complete"),
        ("eos", "complete"),
        ("tool_calls", "tool"),
        ("function_call", "tool"),
        ("length", "length"),
        ("model_length", "length"),
        ("content_filter", "filter"),
        ("abort", "error"),
        ("insufficient_system_resource", "error"),
        ("a_new_word", "unknown"),
        (None, "unknown"),
        ("", "unknown"),
    ],
)
def test_chat_says_it_by_its_finish_reason(reason: str | None, stop: Stop) -> None:
    assert chat_whole({"finish_reason": reason, "message": {"content": "hi"}}) == stop
    assert chat_streamed(reason, ROLE, {"content": "hi"}) == stop


def test_a_model_that_refuses_says_stop_and_is_not_believed() -> None:
    message = {"content": None, "refusal": "I cannot help with that."}
    assert chat_whole({"finish_reason": "stop", "message": message}) == "filter"
    assert chat_streamed("stop", ROLE, {"refusal": "I cannot"}, {"refusal": " help."}) == "filter"


def test_of_several_choices_the_worst_counts() -> None:
    good, cut = ({"finish_reason": reason, "message": {"content": "x"}} for reason in ("stop", "length"))
    assert chat_whole(good, good) == "complete"
    assert chat_whole(good, cut, good) == "length"
    assert chat_whole(good, {"message": {"content": "x"}}) == "unknown"


def test_a_stream_of_several_choices_never_says_that_all_have_ended() -> None:
    assert chat_streamed("stop", {"content": "x"}, index=1) == "unknown"


def test_a_stream_without_a_reason_or_without_its_end_is_unknown() -> None:
    events = [{"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]}]
    assert streamed("openai.chat", *events, end=DONE) == "complete"
    assert streamed("openai.chat", *events) == "unknown"
    assert streamed("openai.chat", {"choices": [{"delta": {"content": "x"}}]}, end=DONE) == "unknown"


def test_empty_events_say_nothing_and_broken_ones_make_it_unknown() -> None:
    follower = dialect_for("POST", ALL["openai.chat"].path).follow()
    follower.feed(b"data: \n\ndata:\n\n" + ALL["openai.chat"].streamed)
    assert follower.stopped == "tool"
    follower = dialect_for("POST", ALL["openai.chat"].path).follow()
    follower.feed(b"data: hello\n\n" + ALL["openai.chat"].streamed)
    assert follower.stopped == "unknown"


# ---- responses ----

TEXT = {"type": "message", "content": [{"type": "output_text", "text": "hi"}]}
REFUSAL = {"type": "message", "content": [{"type": "refusal", "refusal": "I cannot."}]}
THOUGHT: dict[str, Any] = {"type": "reasoning", "summary": [], "content": None, "encrypted_content": "x"}
CALL = {"type": "function_call", "name": "look", "arguments": "{}"}
CUSTOM = {"type": "custom_tool_call", "name": "exec", "input": "x"}
SEARCH = {"type": "web_search_call", "status": "completed"}


@pytest.mark.parametrize(
    ("answer", "stop"),
    [
        ({"status": "completed", "output": [THOUGHT, TEXT]}, "complete"),
        ({"status": "completed", "output": [TEXT, CALL]}, "tool"),
        ({"status": "completed", "output": [CUSTOM]}, "tool"),
        ({"status": "completed", "output": [SEARCH, TEXT]}, "server_tool"),
        ({"status": "completed", "output": [{"type": "mcp_call"}, CALL]}, "server_tool"),
        ({"status": "completed", "output": [TEXT, REFUSAL]}, "filter"),
        ({"status": "completed", "output": [{"type": ["x"], "content": [["x"]]}]}, "server_tool"),
        ({"status": "completed", "output": [THOUGHT]}, "empty"),
        ({"status": "completed", "output": []}, "empty"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "filter"),
        ({"status": "incomplete", "incomplete_details": {"reason": "steered"}}, "unknown"),
        ({"status": "incomplete", "incomplete_details": None}, "length"),
        ({"status": "cancelled"}, "error"),
        ({"status": "failed", "error": {"message": "x"}}, "error"),
        ({"status": "in_progress"}, "unknown"),
        ({"status": "queued"}, "unknown"),
        ({"output": [TEXT]}, "unknown"),
    ],
)
def test_responses_say_it_by_their_status_and_items(answer: dict[str, Any], stop: Stop) -> None:
    assert whole("openai.responses", answer) == stop
    if (status := answer.get("status")) in ("completed", "incomplete", "cancelled"):
        created = {"type": "response.created", "response": {"status": "in_progress", "usage": None}}
        ended = {"type": f"response.{status}", "response": answer}
        assert streamed("openai.responses", created, ended) == stop


@pytest.mark.parametrize(
    ("item", "stop"), [(TEXT, "complete"), (CALL, "tool"), (SEARCH, "server_tool"), (REFUSAL, "filter")]
)
def test_three_events_suffice_as_they_do_for_codex(item: dict[str, Any], stop: Stop) -> None:
    """Some servers end with a response that repeats nothing: neither its status nor what came before."""
    created = {"type": "response.created", "response": {"id": "resp_1"}}
    done = {"type": "response.output_item.done", "output_index": 0, "item": item}
    text = {"type": "response.output_text.delta", "delta": "hi"}
    ended = {"type": "response.completed", "response": {"id": "resp_1", "usage": {"input_tokens": 5}}}
    assert streamed("openai.responses", created, text, done, ended) == stop


def test_an_end_of_another_dialect_behind_it_changes_nothing() -> None:
    """vLLM sends `[DONE]` behind its responses, too."""
    for name in ("openai.responses", "anthropic.messages", "gemini.generate"):
        follower = dialect_for("POST", ALL[name].path).follow()
        follower.feed(ALL[name].streamed + DONE)
        assert follower.stopped == ALL[name].stop


def test_a_refusal_that_is_only_streamed_is_one() -> None:
    delta = {"type": "response.refusal.delta", "delta": "I cannot"}
    assert streamed("openai.responses", delta, {"type": "response.completed", "response": {}}) == "filter"


def test_words_about_a_refusal_are_none() -> None:
    tools = [{"type": "function", "name": "refusal", "parameters": {"properties": {"refusal": {}}}}]
    ended = {"status": "completed", "tools": tools, "output": [TEXT]}
    assert whole("openai.responses", ended) == "complete"
    delta = {"type": "response.output_text.delta", "delta": 'a "refusal" of function_call'}
    assert (
        streamed("openai.responses", delta, {"type": "response.completed", "response": ended}) == "complete"
    )


# ---- messages ----


def messages_streamed(reason: str | None, *deltas: dict[str, Any]) -> Stop:
    return streamed(
        "anthropic.messages",
        {"type": "message_start", "message": {"content": [], "stop_reason": None, "usage": {}}},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 3}},
        {"type": "message_stop"},
    )


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("end_turn", "complete"),
        ("stop_sequence", "complete"),
        ("tool_use", "tool"),
        ("max_tokens", "length"),
        ("pause_turn", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "filter"),
        ("compaction", "unknown"),
        (None, "unknown"),
    ],
)
def test_messages_say_it_by_their_stop_reason(reason: str | None, stop: Stop) -> None:
    answer = {"type": "message", "content": [{"type": "text", "text": "hi"}], "stop_reason": reason}
    assert whole("anthropic.messages", answer) == stop
    thought, text = {"type": "thinking_delta", "thinking": "hm"}, {"type": "text_delta", "text": "hi"}
    assert messages_streamed(reason, thought, text) == stop


def test_an_end_without_a_word_is_empty_thoughts_or_not() -> None:
    """Anthropic documents it: after some tool results the answer is `end_turn` and no content."""
    answer = {"type": "message", "content": [], "stop_reason": "end_turn"}
    assert whole("anthropic.messages", answer) == "empty"
    assert messages_streamed("end_turn") == "empty"
    assert messages_streamed("end_turn", {"type": "thinking_delta", "thinking": "hm"}) == "empty"


# ---- Gemini ----


def candidate(reason: str | None, *parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    said = {"content": {"role": "model", "parts": list(parts)}, "finishReason": reason} | fields
    return {"candidates": [said], "usageMetadata": {"promptTokenCount": 1}}


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("STOP", "complete"),
        ("MAX_TOKENS", "length"),
        *((word, "filter") for word in ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII")),
        ("MALFORMED_FUNCTION_CALL", "error"),
        ("OTHER", "unknown"),
        ("FINISH_REASON_UNSPECIFIED", "unknown"),
    ],
)
def test_gemini_says_it_by_its_finish_reason(reason: str, stop: Stop) -> None:
    ended, begun = (
        candidate(reason, {"text": "hi"}),
        {"candidates": [{"content": {"parts": [{"text": "a"}]}}]},
    )
    assert whole("gemini.generate", ended) == stop
    assert whole("gemini.generate", [begun, ended]) == stop, "without alt=sse: a list"
    assert streamed("gemini.generate", begun, ended) == stop


def test_gemini_says_stop_for_a_call_too() -> None:
    call = {"functionCall": {"name": "look", "args": {}}}
    assert whole("gemini.generate", candidate("STOP", call)) == "tool"
    assert streamed("gemini.generate", candidate(None, call), candidate("STOP", {"text": ""})) == "complete"
    assert whole("gemini.generate", candidate(None, call)) == "unknown"


def test_a_prompt_that_gemini_refuses_has_no_candidates() -> None:
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 1}}
    assert whole("gemini.generate", blocked) == "filter"
    assert streamed("gemini.generate", blocked) == "filter"


def test_gemini_may_end_without_a_word() -> None:
    assert whole("gemini.generate", candidate("STOP")) == "empty"
    assert streamed("gemini.generate", candidate("STOP", {"text": ""})) == "empty"
    thought = {"text": "hm", "thought": True, "thoughtSignature": "x"}
    assert whole("gemini.generate", candidate("STOP", thought)) == "empty"
    assert streamed("gemini.generate", candidate(None, thought), candidate("STOP")) == "empty"
    assert whole("gemini.generate", {"candidates": []}) == "unknown"


def test_of_several_candidates_the_worst_counts_and_a_stream_of_them_never_ends_well() -> None:
    one, other = candidate("STOP", {"text": "a"}), candidate("SAFETY", index=1)
    both = {"candidates": one["candidates"] + other["candidates"]}
    assert whole("gemini.generate", both) == "filter"
    assert streamed("gemini.generate", candidate("STOP", {"text": "a"}, index=1)) == "unknown"


# ---- what has one answer ----


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("openai.embeddings", {"data": []}),
        ("gemini.embed", {"embeddings": []}),
        ("gemini.count_tokens", {"totalTokens": "31"}),
        ("anthropic.count_tokens", {"input_tokens": None}),
        ("other", {"object": "list", "data": [1]}),
    ],
)
def test_an_answer_without_what_was_asked_for_is_unknown(name: str, answer: dict[str, Any]) -> None:
    assert whole(name, answer) == "unknown"


def test_every_stop_has_its_place_from_good_to_bad() -> None:
    told = [Told(stop, said=False) for stop in get_args(Stop)]
    assert [together(told[: n + 1]) for n in range(len(told))] == told
    assert together([UNTOLD, Told("tool", said=True), UNTOLD]) == Told("tool", said=True)
    assert together([]) == UNTOLD


def test_what_says_nothing_is_empty_and_what_does_not_tell_is_unknown() -> None:
    stops: tuple[Stop, ...] = ("complete", "tool", "length")
    assert [Told(stop, said=True).judged() for stop in stops] == ["complete", "tool", "length"]
    assert [Told(stop, said=False).judged() for stop in stops] == ["empty", "empty", "length"]
    assert (UNTOLD.judged(), sure(UNTOLD).stop, sure(Told("tool", said=True)).stop) == (
        "unknown",
        "unknown",
        "tool",
    )
    assert meaning(7) == "unknown"
