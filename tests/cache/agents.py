"""Agents: requests in the shape that published agents send them in, run by run; their words are cut short.

Made from what Claude Code 2.1.197, Codex 0.169 and opencode 1.18.33 sent when each was run twice in one folder.
"""

from __future__ import annotations

import uuid
from typing import Any

Headers = list[tuple[bytes, bytes]]


def _id(run: int, name: str) -> str:
    """A name that is the same within a run and another in the next."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{run} {name}"))


def _headers(**fields: str) -> Headers:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]


# ---- Claude Code ----


def claude_headers(run: int) -> Headers:
    return _headers(
        accept="application/json",
        accept_encoding="gzip, deflate, br, zstd",
        anthropic_beta="claude-code-20250219,interleaved-thinking-2025-05-14",
        anthropic_dangerous_direct_browser_access="true",
        anthropic_version="2023-06-01",
        content_type="application/json",
        user_agent="claude-cli/2.1.197 (external, sdk-cli)",
        x_api_key="sk-ant-1",
        x_app="cli",
        x_claude_code_session_id=_id(run, "session"),
        x_stainless_retry_count=str(run),
        x_stainless_timeout="600",
    )


def claude_body(run: int) -> dict[str, Any]:
    user = {"device_id": "d0", "account_uuid": "", "session_id": _id(run, "session")}
    use = {
        "type": "tool_use",
        "id": "toolu_1",
        "name": "Bash",
        "input": {"command": "ls", "description": "list"},
    }
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "a.txt", "is_error": False}
    return {
        "model": "claude-opus-4-8",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "list the files"}]},
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result | {"cache_control": {"type": "ephemeral"}}]},
        ],
        "system": [
            {
                "type": "text",
                "text": "x-anthropic-billing-header: cc_version=2.1.197.8a5; cc_entrypoint=sdk-cli;",
            },
            {
                "type": "text",
                "text": "Working directory: /home/u/project",
                "cache_control": {"type": "ephemeral"},
            },
        ],
        "tools": [{"name": "Bash", "description": "Run it", "input_schema": {"type": "object"}}],
        "metadata": {"user_id": str(user)},
        "max_tokens": 64000,
        "thinking": {"type": "adaptive"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "high"},
        "stream": True,
    }


# ---- Codex ----


def codex_headers(run: int) -> Headers:
    thread = _id(run, "thread")
    return _headers(
        accept="text/event-stream",
        authorization="Bearer k",
        content_type="application/json",
        originator="codex_exec",
        session_id=thread,
        thread_id=thread,
        user_agent="codex_exec/0.169.0 (Debian 12.0.0; x86_64) xterm (codex_exec; 0.169.0)",
        x_client_request_id=thread,
        x_codex_beta_features="remote_compaction_v2",
        x_codex_turn_metadata=f'{{"session_id":"{thread}","turn_started_at_unix_ms":{1795662192573 + run}}}',
        x_codex_window_id=f"{thread}:0",
        x_openai_internal_codex_responses_lite="true",
    )


def codex_body(run: int) -> dict[str, Any]:
    thread = _id(run, "thread")
    ran = f"Chunk ID: {run:06x}\nWall time: 0.05{run} seconds\nProcess exited with code 0\nOutput:\nWall time: 3\n"
    script = [f"Script completed\nWall time 0.{run} seconds\nOutput:\n", "Wall time 0.3 seconds\n"]
    items: list[dict[str, Any]] = [
        {"type": "additional_tools", "role": "developer", "tools": [{"type": "custom", "name": "exec"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "list the files"}]},
        {"type": "function_call", "name": "exec_command", "arguments": '{"cmd":"ls"}', "call_id": "call_1"},
        {"type": "function_call_output", "call_id": "call_1", "output": ran},
        {"type": "custom_tool_call", "name": "exec", "input": "text(1)", "call_id": "call_2"},
        {
            "type": "custom_tool_call_output",
            "call_id": "call_2",
            "output": [{"type": "input_text", "text": text} for text in script],
        },
        {"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"},
    ]
    return {
        "model": "gpt-6.1-sol",
        "stream": True,
        "input": [item | {"id": f"it_{_id(run, str(n))}"} for n, item in enumerate(items)],
        "tools": [{"type": "web_search", "external_web_access": True}],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "reasoning": {"effort": "low", "context": "all_turns"},
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": thread,
        "text": {"verbosity": "low"},
        "client_metadata": {"thread_id": thread, "turn_id": _id(run, "turn")},
    }


# ---- opencode ----


def opencode_headers(run: int) -> Headers:
    return _headers(
        accept="*/*",
        accept_encoding="gzip, deflate, br, zstd",
        authorization="Bearer k",
        content_type="application/json",
        user_agent="opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14",
        x_session_affinity=f"ses_{_id(run, 'session')}",
        x_session_id=f"ses_{_id(run, 'session')}",
    )


def opencode_body(run: int) -> dict[str, Any]:
    env = "<env>\n  Working directory: /home/u\n  Today's date: Thu Nov 26 2026\n</env>\nSkills"
    function = {"name": "bash", "arguments": '{"command":"ls"}'}
    return {
        "model": "m-small",
        "max_tokens": 32000,
        "messages": [
            {"role": "system", "content": f"You are opencode.\n{env}"},
            {"role": "user", "content": "list the files"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "a.txt"},
        ],
        "tools": [{"type": "function", "function": {"name": "bash", "parameters": {"type": "object"}}}],
        "tool_choice": "auto",
        "stream": True,
        "stream_options": {"include_usage": True},
    }
