# SPDX-License-Identifier: Apache-2.0
"""Bugs in what keeps uploaded files; the rows are those of planted.py."""
from nets import unit

BUGS = {
    "used_file_removed": (
        "a file may be removed while a task that has not ended refers to it",
        "src/store/apply_file.c",
        " : !err && f.live ? ERR_CONFLICT : 0;",
        " : 0;",
        unit("test_contract_mem", "a_file_stays_while_a_task_that_has_not_ended_refers_to_it"),
    ),
    "file_unchecked": (
        "a task is added whose file is not there",
        "src/store/apply_file.c",
        "        if (!err && !f.gone) continue;",
        "        if (!err || err == ERR_NOT_FOUND) continue;",
        unit("test_contract_sqlite", "a_task_refers_to_files_that_are_there_or_is_not_added"),
    ),
    "link_followed": (
        "a link that stands where a file was is read",
        "src/blob/blob_dir.c",
        "O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC",
        "O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC",
        unit("test_unit_blob_blob_dir", "a_link_in_the_place_of_a_file_or_of_the_folder_is_not_followed"),
    ),
}
