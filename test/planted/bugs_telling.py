# SPDX-License-Identifier: Apache-2.0
"""Bugs in what tells people and servers; the rows are those of planted.py."""
from nets import unit

BUGS = {
    "slow_in_the_dark": (
        "a listener whose place has left the ring goes on as if nothing were missing",
        "src/server/bus.c",
        "    bool cut = l->cut || (l->next && l->next < b->first);",
        "    bool cut = l->cut;\n    if (l->next && l->next < b->first) l->next = b->first;",
        unit("test_unit_server_bus", "who_is_too_slow_is_cut_once"),
    ),
    "old_place_believed": (
        "who comes back after nobody listened is not told that something is missing",
        "src/server/bus.c",
        "    if (after->interest != interest_of(b, l)->number || after->seq > b->last) return false;",
        "    if (after->seq > b->last) return false;",
        unit("test_unit_server_bus", "who_comes_back_in_time"),
    ),
    "mapped_address_let_through": (
        "a webhook may go to a private address that is written as an IPv6 one",
        "src/http/reach.c",
        "    if (memcmp(address, mapped, sizeof mapped) == 0 || memcmp(address, nat64, sizeof nat64) == 0) return judge4(address + 12);",
        "    if (memcmp(address, mapped, sizeof mapped) == 0) return judge4(address + 12);",
        unit("test_unit_http_reach", "special_addresses_are_refused"),
    ),
    "told_as_it_is_now": (
        "an event that the store is asked for shows the progress of the answer's moment, not of its own",
        "src/server/news.c",
        "    t->progress = l->progress;\n",
        "",
        unit("test_unit_server_news", "each_step_is_told_as_it_was_though_the_store_is_asked_when_all_are_over"),
    ),
    "step_as_it_is_now": (
        "an event that the store is asked for shows the step which the task has come to since",
        "src/server/news.c",
        "    if (!l->step.p) return;\n",
        "    if (l->step.p) return;\n",
        unit("test_unit_server_news", "each_step_is_told_as_it_was_though_the_store_is_asked_when_all_are_over"),
    ),
    "one_secret_signs": (
        "of two live secrets only the first signs",
        "src/handler/webhook_sign.c",
        "        any = true;\n",
        "        return true;\n",
        unit("test_unit_handler_webhook_sign", "all_keys_of_the_name_sign"),
    ),
}
