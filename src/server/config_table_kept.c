/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows of what is kept beside tasks: uploaded files and notifications.
 */
#include "base/limits.h"
#include "server/config_row.h"

static const char *const forever[] = {"forever", NULL};

static const struct config_key files_keys[] = {
    {"max", KIND_SIZE, FIELD(config_files, max), .initial = "2G", .min = 1, .max = LIMIT_FILE, .help = "of one uploaded file"},
    {"quota", KIND_SIZE, FIELD(config_files, quota), .initial = "0", .max = INT64_MAX,
     .help = "of all uploaded files together; 0 is no limit but `disk_reserve`"},
    {"retain", KIND_DURATION, FIELD(config_files, retain_ms), .initial = "1d", .max = LIMIT_DELAY_MS, .words = forever,
     .help = "how long one is kept, from its upload on, that no task refers to"},
};
const struct config_section config_table_files = {"files", KEYS(config_files, files_keys)};

static const struct config_key notices_keys[] = {
    {"retain", KIND_DURATION, FIELD(config_notices, retain_ms), .initial = "30d", .max = LIMIT_DELAY_MS, .words = forever,
     .help = "how long one is kept, read or not"},
    {"max", KIND_INT, FIELD(config_notices, max), .initial = "100000", .max = INT64_MAX, .unit = "notifications",
     .help = "how many are kept, the newest; 0 is no limit"},
};
const struct config_section config_table_notices = {"notifications", KEYS(config_notices, notices_keys)};
