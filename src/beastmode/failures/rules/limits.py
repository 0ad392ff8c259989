"""Limits: what a server allows, as numbers, codes and sentences: too large, used up, or not now."""

from __future__ import annotations

from beastmode.failures.rules.row import NONE, row

NUMBERS = (
    row(
        "quota_exhausted",
        "gemini-429-limit-0, gemini-429-region-limit-0: a limit of 0 is no limit that refills",
        on=(NONE, 200, 400, 403, 429, 500),
        traits="limit_zero",
        tip="zero",
    ),
    row(
        "payload_too_large",
        "openai-tpm-request-too-large, groq-413-12000, facts 3 (groq-429-used0): requested > limit",
        on=(NONE, 200, 400, 413, 429, 500),
        traits="over_limit",
        tip="over_budget",
    ),
    row(
        "payload_too_large",
        "openai-tpm-342k, where the numbers are cut off",
        on=(NONE, 400, 413, 429),
        says="request too large for",
        also="tokens per min | per minute | tpm",
        tip="over_budget",
    ),
    row(
        "quota_exhausted",
        "gemini-429-free-tier-zero: minute and day used up at the first call: there is no such tier",
        codes="resource_exhausted",
        traits="per_day per_minute",
        unless="hint",
        tip="zero",
    ),
    row(
        "quota_exhausted",
        "gemini-429-perday-36s, facts 2: a day's quota, whatever the hint",
        codes="resource_exhausted",
        traits="per_day",
        passing="after",
        tip="per_day",
    ),
    row(
        "quota_exhausted",
        "Google's Code Assist: an allowance of days, with its reset",
        codes="QUOTA_EXHAUSTED",
        passing="after",
        tip="plan",
    ),
    row(
        "rate_limit",
        "gemini-429-minute-26s, facts 1: PerMinute or RetryInfo, whatever the sentence",
        codes="resource_exhausted",
        traits="per_minute",
    ),
    row(
        "rate_limit",
        "gemini-429-minute-26s: RetryInfo alone",
        codes="resource_exhausted",
        traits="hint",
        says="exceeded your current quota | quota exceeded",
    ),
)
QUOTA = (
    row(
        "quota_exhausted",
        "gemini-429-help-only as a client shows it",
        on=(NONE, 429),
        says="exceeded your current quota",
        also="ai.google.dev | ai.dev/ | generativelanguage",
        unless="hint per_minute",
        passing="after",
        tip="per_day",
    ),
    row(
        "quota_exhausted",
        "gemini-429-help-only: the sentence of every Google limit, without its kind and without a delay",
        codes="resource_exhausted",
        says="exceeded your current quota",
        unless="hint per_minute",
        passing="after",
        tip="per_day",
    ),
    row(
        "quota_exhausted",
        "codex-usage-limit-plus, pi#4172: a plan's window",
        codes="usage_limit_reached usage_limit_exceeded FreeUsageLimitError GoUsageLimitError "
        "SubscriptionUsageLimitError weekly_limit_reached daily_limit_exceeded daily_quota_exceeded "
        "user_weekly_rate_limited monthly_limit_reached quota_reset "
        "QuotaLimitExceeded",
        passing="after",
        tip="plan",
    ),
    row(
        "quota_exhausted",
        "openai-quota-wrong-org, agentao#283, opencode Zen, Moonshot, DashScope, Volcengine: nothing left to spend",
        codes="insufficient_quota credit_balance_exhausted organization_spend_limit_exceeded "
        "project_spend_limit_exceeded organization_usage_limit_exceeded billing_hard_limit_reached "
        "billing_not_active billing_error CreditsError insufficient_balance insufficient_credits "
        "insufficient_funds insufficient_user_quota exceeded_current_quota_error Arrearage "
        "AccountOverdueError AllocationQuota.FreeTierOnly payment_required credits_exhausted "
        "out_of_credits BILLING_DISABLED budget_exceeded BudgetExceeded ExceededBudget "
        "usage_not_included spend_limit_reached pre_consume_token_quota_failed InsufficientBalance "
        "PaymentRequired insufficient_account_balance not_enough_credits not_enough_balance balance_not_enough "
        "quota_not_enough SetLimitExceeded",
        unless="long_hint",
        tip="billing",
    ),
    row(
        "quota_exhausted",
        "the same with a stated reset; a short wait beside such a code is a gateway's habit",
        codes="insufficient_quota billing_error budget_exceeded ExceededBudget payment_required "
        "insufficient_credits",
        traits="long_hint",
        passing="after",
        tip="plan",
    ),
    row(
        "quota_exhausted",
        "n8n-openrouter-mislabel, openrouter-429-free-day: an allowance per day",
        on=(NONE, 200, 400, 402, 403, 429, 500, 503),
        says="exceed | limit reached | reached the limit | reached your | exhausted | used up | "
        "limited to | daily limit | daily quota | free-models-per-day | no more | run out",
        traits="per_day",
        unless="hint",
        passing="after",
        tip="per_day",
    ),
    row(
        "quota_exhausted",
        "facts 4: \"You will regain access on 2026-09-01\", Claude's plans, Codex's",
        on=(NONE, 200, 400, 402, 403, 429, 500),
        passing="after",
        tip="plan",
        says="you will regain access | you've hit your limit | you have hit your limit | "
        "hit your usage limit | reached your usage limit | usage limit reached | "
        "usage limit has been reached | limit will reset | quota will reset | weekly limit | "
        "5-hour limit | hour limit reached | session limit | exhausted your capacity on this model | "
        "exhausted your daily quota | weekly usage limit | daily usage limit | session usage limit",
    ),
    row(
        "quota_exhausted",
        "facts 4: Anthropic's usage limits in a 400",
        on=(NONE, 200, 400, 403, 429),
        says="specified api usage limits | workspace api usage limits | your api usage limits",
        passing="after",
        tip="plan",
    ),
    row(
        "quota_exhausted",
        "anthropic-400-credit, facts 5, xAI, Together, HF: nothing left to spend, whatever the status",
        tip="billing",
        says="credit balance is too low | quota exhausted | exceeded your quota | exceeded the quota | "
        "subscription has expired | subscription expired | trial has ended | trial has expired | "
        "more credits are required | token quota is not enough | insufficient balance | "
        "insufficient credit | insufficient fund | insufficient quota | not enough credit | not enough balance | "
        "out of credits | exceeded your monthly included credits | run out of credits | "
        "doesn't have any credits | used all available credits | no credits | "
        "requires more credits | add more credits | can only afford | "
        "exceeded your current quota, please check your plan | reached its monthly spending limit | "
        "spending limit | spend limit | credit limit exceeded | billing hard limit | "
        "account is not active, please check your billing | requires billing to be enabled | "
        "without billing | no quota | budget has been exceeded | exceededtokenbudget | max budget | exceededbudget | "
        "extra usage is required | out of extra usage | account balance | payment required | 余额不足 | "
        "欠费 | 额度不足 | 额度已用完 | exceeded your monthly | monthly usage limit | monthly quota | "
        "monthly limit | insufficient_quota | prompt tokens limit exceeded | key limit exceeded | "
        "account is suspended | past invoices | top up your | recharge your | "
        "purchase more credits | negative balance | credit_balance | credits are used up | credits used up | "
        "credits exhausted | credits are exhausted",
        unless="per_minute",
    ),
    row(
        "quota_exhausted",
        "ollama cloud (continue#9233), Copilot (vscode#12804): an allowance that comes back",
        on=(NONE, 200, 400, 402, 403, 429),
        traits="spent refills",
        unless="hint per_minute",
        passing="after",
        tip="plan",
    ),
    row(
        "quota_exhausted",
        "Copilot's premium requests (vscode#12785), and whoever else says so without a code",
        on=(NONE, 200, 400, 403),
        traits="spent",
        unless="hint per_minute",
        tip="billing",
    ),
    row(
        "quota_exhausted",
        "deepseek-402-json, openrouter-402-insufficient: 402",
        on=(402,),
        unless="long_hint",
        tip="billing",
    ),
    row(
        "quota_exhausted",
        "402 with a stated reset",
        on=(402,),
        passing="after",
        tip="plan",
    ),
)
