# SPDX-License-Identifier: Apache-2.0
"""Bugs in the limits of queues; the rows are those of planted.py."""
from nets import SIM, unit

BUGS = {
    "rate_tokens_unkept": (
        "a claim keeps no tokens of its queue's rate: the next claim counts on the same",
        "src/server/queue.c",
        "return q->tokens > q->coming ? q->tokens - q->coming : 0;",
        "return q->tokens;",
        SIM,
    ),
    "rate_starts_full": (
        "a server that starts has the whole burst of a rate at hand",
        "src/task/rate.c",
        "    int64_t parts = r->per_ms;\n",
        "    int64_t parts = full(r);\n",
        SIM,
    ),
    "fair_share_forgotten": (
        "in a fair queue the tasks of a key that has many all start where the queue is: each comes before the next of another",
        "src/task/order.c",
        "    if (f->last >= 0) return f->last + ORDER_FAIR_TASK > start ? f->last + ORDER_FAIR_TASK : start;\n",
        "",
        unit("test_unit_task_order", "each_task_of_a_key_comes_one_turn_after_the_one_before"),
    ),
    "share_forgotten_at_open": (
        "a server that starts does not look at those that wait for the result of another, which may have ended",
        "src/store/sqlite/sqlite_cache.c",
        "    life.woken = woken;\n",
        "    life.woken = false && woken;\n",
        unit("test_contract_sqlite", "they_follow_one_that_runs_or_is_tried_again_also_after_a_restart"),
    ),
    "share_of_the_replaced": (
        "one that replaces another may wait for the result of that one",
        "src/store/apply.c",
        "    if (!err && !it->cached && !once.replaces) err = apply_share_ask(a, it, now_ms);\n",
        "    if (!err && !it->cached && !once.waits) err = apply_share_ask(a, it, now_ms);\n",
        SIM,
    ),
    "key_token_kept": (
        "a claim takes no token of its key",
        "src/store/ready_key_rate.c",
        "    rate_take(&own(r, key)->tokens, 1, r->mono_ms);\n",
        "    (void)own(r, key);\n",
        SIM,
    ),
    "key_token_lost": (
        "after a commit that failed the tokens that were taken for it stay taken",
        "src/store/ready_key_rate.c",
        "    rate_give(&b->tokens, 1, r->mono_ms);\n",
        "",
        unit("test_unit_store_ready_key_rate", "an_undo_gives_back_what_was_taken"),
    ),
    "key_tokens_forgotten": (
        "the tokens of a key are forgotten with its last task: the next one has those of a key that has started nothing",
        "src/store/ready_key_rate.c",
        "if (b && rate_is_full(&b->tokens, r->mono_ms)) ready",
        "if (b) ready",
        SIM,
    ),
    "key_token_slept_through": (
        "nobody is woken when the token comes that a key waits for",
        "src/store/apply.c",
        "key_ms = ready_key_rate_due(a->ready);",
        "key_ms = INT64_MAX;",
        SIM,
    ),
}
