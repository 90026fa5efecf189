# SPDX-License-Identifier: Apache-2.0
"""Bugs in types that call somebody else's server; the rows are those of planted.py."""
from nets import unit

BUGS = {
    "cancel_untold": (
        "an attempt that is stopped does not tell the other side",
        "src/handler/web_run.c",
        "if (r->item.stopping) return can_tell(r) && !leaves_it(r) ? WEB_CANCELLING : WEB_OVER;",
        "if (r->item.stopping) return WEB_OVER;",
        unit("test_unit_handler_web_run", "a_server_that_stops_tells_the_other_side_and_gives_the_task_back"),
    ),
    "job_unforgotten": (
        "an attempt asks for what the other side has said of an earlier one that it has failed",
        "src/handler/web_run.c",
        "if (!leaves_it(r) && r->verdict.event != LIFE_DONE)",
        "if (!leaves_it(r) && r->verdict.event == LIFE_STOPPED)",
        unit("test_unit_handler_web_resume", "after_a_failure_that_the_other_side_told_it_is_sent_again"),
    ),
    "job_sent_again": (
        "what the other side has taken of a lost attempt is sent again",
        "src/handler/remote_job.c",
        "    if (a->resume.len == 0) return false;",
        "    if (a->resume.len < 65536) return false;",
        unit("test_unit_handler_web_resume", "what_was_taken_is_asked_for_at_once_by_the_next_attempt_and_not_sent_again"),
    ),
    "answer_read_on": (
        "an answer that is too long is unpacked to the end of what has come of it",
        "src/handler/web_call.c",
        "    fetch_cancel(&c->fetch);\n    turn_later(c->turn, &c->ending, on_ending);",
        "    turn_later(c->turn, &c->ending, on_ending);",
        unit("test_unit_handler_web_run", "nothing_is_read_of_an_answer_that_is_too_long_already"),
    ),
    "job_of_another_server": (
        "an attempt asks the server of its type for what another one has taken",
        "src/handler/remote_job.c",
        'if (!str_eq(member(r, "to"), str_of(to)))',
        "if (false)",
        unit("test_unit_handler_web_resume", "what_another_server_has_taken_is_not_asked_for_here"),
    ),
    "callback_answered_early": (
        "a callback is answered before what it said is in the store",
        "src/handler/web_run.c",
        "    r->caller = who;",
        "    who->on_told(who, 0);",
        unit("test_unit_handler_web_run", "a_callback_is_answered_when_it_is_stored_and_another_finds_nobody"),
    ),
    "cut_stream_is_whole": (
        "a stream that ends without its end is the result as far as it came",
        "src/handler/web_stream.c",
        "if (s->conf->end[0]) fail(",
        "if (false) fail(",
        unit("test_unit_handler_web_run", "a_stream_that_ends_without_its_end_has_broken_off"),
    ),
    "url_unencoded": (
        "a value stands in a URL as it is",
        "src/handler/web_fill.c",
        "if (rc == 0 && way == IN_URL) add_percent(b, value);",
        "if (rc == 0 && way == IN_URL) buf_add_str(b, value);",
        unit("test_unit_handler_web_fill", "in_a_url_a_value_is_percent_encoded"),
    ),
    "page_opens_websocket": (
        "a web page of another site may open a WebSocket",
        "src/api/origin.c",
        '           http_header(r, "Upgrade").p;',
        "           false;",
        unit("test_unit_api_origin", "a_page_of_another_origin_may_not_open_a_websocket"),
    ),
}
