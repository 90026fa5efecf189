/* SPDX-License-Identifier: Apache-2.0
 *
 * Every size that a user or a worker can influence, on one page. Sizes in bytes, times in
 * milliseconds. doc/limits.md is made from this file: one line per limit, its comment the reason.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define LIMIT_BODY (16 * 1024 * 1024 + 64 * 1024) /* an HTTP request body: one input and its envelope */
#define LIMIT_INPUT (16 * 1024 * 1024)            /* a task's input, as JSON text */
#define LIMIT_RESULT (16 * 1024 * 1024)           /* a task's result */
#define LIMIT_INLINE (64 * 1024)                  /* input or result shown inline in the task object */
#define LIMIT_FRAME (1024 * 1024 + 64 * 1024)     /* one line from or to a worker; larger payloads travel as files */
#define LIMIT_FRAME_PAYLOAD (1024 * 1024)         /* an input or result inside a frame */
#define LIMIT_SAVE (1024 * 1024)                  /* a checkpoint, as JSON text; larger state belongs into files */
#define LIMIT_LOG (256 * 1024)                    /* log kept per attempt: the first half and the last half */
#define LIMIT_OUTPUT (1024 * 1024)                /* streamed output kept per attempt, its beginning; each piece costs 2 to 20 bytes more */
#define LIMIT_MESSAGE (4 * 1024)                  /* error.message, progress.message */
#define LIMIT_DETAIL (32 * 1024)                  /* error.detail, a traceback */
#define LIMIT_PROGRESS_DATA (16 * 1024)           /* progress.data */
#define LIMIT_JSON_DEPTH 64                       /* nesting of any JSON text that comes in */
#define LIMIT_JSON_ENVELOPE 4                     /* further levels that bide's own frames and answers put around one */
#define LIMIT_JSON_NODES 1000000                  /* values of one JSON text; what is closed (a task's input) is one */
#define LIMIT_STEPS 64                            /* of a chain */
#define LIMIT_SEQUEL 16                           /* tasks that are to follow one ending: on_success, on_failure, next of a verdict */
#define LIMIT_NOTICE_TITLE 200                    /* title of a notification, in characters: what is longer ends with an ellipsis */
#define LIMIT_NOTICE_MESSAGE 2000                 /* message of a notification, the same */
#define LIMIT_NOTICE_KIND 64                      /* kind of a notification, in characters */
#define LIMIT_NOTICE_DATA (4 * 1024)              /* data of a notification: what it is made of, and what was made */
#define LIMIT_NOTICE_TEMPLATE (8 * 1024)          /* what the title, or the message, of notifications is made of */
#define LIMIT_NAME 200                            /* a type, queue, pool, error type */
#define LIMIT_SUBJECT 500                         /* subject */
#define LIMIT_COST 1000000000000                  /* a task's cost */
#define LIMIT_CACHE_MS (30LL * 24 * 3600 * 1000)   /* cache.ttl_ms: how long a result may answer others */
#define LIMIT_CACHE_VERSION 64                    /* cache.version */
#define LIMIT_TAGS 32                             /* tags of one task */
#define LIMIT_TAG_KEY 100                         /* a tag's name */
#define LIMIT_TAG_VALUE 500                       /* a tag's value */
#define LIMIT_BATCH_ITEMS 10000                   /* tasks of a batch that is a JSON array; as NDJSON there may be any number */
#define LIMIT_BATCH_CHUNK 256                     /* tasks of a batch that are stored by one commit */
#define LIMIT_BATCH_CHUNK_BYTES (1024 * 1024)     /* the same, in bytes of their JSON: the one that reaches it is the last */
#define LIMIT_BATCH_LINE (16 * 1024 * 1024 + 64 * 1024) /* one line of a batch as NDJSON: one input and its envelope */
#define LIMIT_TRACE_STATE 512                     /* tracestate of a submit; a longer one is left out */
#define LIMIT_PAGE 200                            /* items of one list page */
#define LIMIT_PAGE_DEFAULT 50                     /* items of one list page unless asked otherwise */
#define LIMIT_PAGE_BYTES (8 * 1024 * 1024)        /* a list page of tasks that is this large ends early; next_cursor goes on */
#define LIMIT_ROUTE_READS 250                    /* pages that a configured route's count, or its search for a status, may read; each takes 20 ms at most */
#define LIMIT_WAIT_MS (60 * 1000)                 /* longest wait of one request */
#define LIMIT_FILES 256                           /* output files of one attempt */
#define LIMIT_FILE (2LL * 1024 * 1024 * 1024)      /* one uploaded file, whatever `files.max` says */
#define LIMIT_FILE_NAME 200                       /* name of an uploaded file */
#define LIMIT_FILE_TYPE 200                       /* media type of an uploaded file */
#define LIMIT_FILE_REFS 256                       /* texts file:ID in the input of one task */
#define LIMIT_BATCH 64                            /* tasks that are handed to a worker by one frame */
#define LIMIT_OPEN 256                            /* tasks that a worker has at one time */
#define LIMIT_RESOURCES 8                         /* named resources of a configuration */
#define LIMIT_PULLERS 10000                       /* pullers known at one time: those that ask, those that have an attempt, and for 2 min after */
#define LIMIT_PULL_TYPES 100                      /* types that one claim may ask for */
#define LIMIT_PULL_MAX 32                         /* attempts that one claim may be given */
#define LIMIT_PULL_UPLOADS 1000                    /* uploads of one attempt, those of the same name counted each time */
#define LIMIT_PULL_FILE (2LL * 1024 * 1024 * 1024) /* one output file that a puller sends */
#define LIMIT_LANES 10000                         /* lanes (queue, type, batch key) known at one time */
#define LIMIT_RECENT 64                           /* pairs of queue and type whose last hour and day are known one by one (/v1/stats); those beyond share one place */
#define LIMIT_HTTP_HEADER (16 * 1024)             /* request line and all headers together */
#define LIMIT_HTTP_HEADERS 100                    /* number of headers */
#define LIMIT_HTTP_TARGET (8 * 1024)              /* the request target */
#define LIMIT_HTTP_CONNECTIONS 10000              /* open connections */
#define LIMIT_HTTP_HEADER_MS (10 * 1000)          /* first byte of a request to the end of its headers */
#define LIMIT_HTTP_BODY_MS (30 * 1000)            /* longest silence within a request body */
#define LIMIT_HTTP_RATE (16 * 1024)               /* bytes a second that a body or the taking of an answer may not stay below, after 30 s */
#define LIMIT_HTTP_IDLE_MS (75 * 1000)            /* a kept-alive connection with nothing to do */
#define LIMIT_HTTP_SEND_MS (30 * 1000)            /* longest time a client may not read its answer */
#define LIMIT_HTTP_BODIES (256 * 1024 * 1024)     /* request bodies in memory at one time, all connections together */
#define LIMIT_HTTP_SMALL (64 * 1024)              /* a small body: what the large ones leave room for */
#define LIMIT_HTTP_SMALLS (32 * 1024 * 1024)      /* of `http_bodies`, what small bodies alone may take */
#define LIMIT_HTTP_ANSWERS (256 * 1024 * 1024)    /* answers in memory at one time that their clients have not taken yet, all connections together */
#define LIMIT_HTTP_REPLY (64 * 1024 * 1024)       /* one answer, or the pipelined ones of a connection together */
#define LIMIT_HTTP_TRAILER (8 * 1024)             /* trailer fields and chunk extensions of one body, all dropped */
#define LIMIT_FORM_PARTS 256                      /* parts of one multipart/form-data body */
#define LIMIT_FORM_HEAD (8 * 1024)                /* headers of one such part; the same for all that stands before its first and behind its last */
#define LIMIT_FORM_TEXT (64 * 1024)               /* one such part that is no file, of a configured route */
#define LIMIT_FORM_TEXTS (1024 * 1024)            /* all of them together, their names included */
#define LIMIT_HTTP_LINGER_MS (2 * 1000)           /* how long we go on reading after a last answer, so that it is seen */
#define LIMIT_HTTP_LINGER (64 * 1024)             /* and how much */
#define LIMIT_WS_MESSAGE (64 * 1024)              /* one WebSocket message from a client, its fragments together */
#define LIMIT_WS_MESSAGE_MS (30 * 1000)           /* first byte of such a message to its last */
#define LIMIT_WS_PING_MS (15 * 1000)              /* a WebSocket client is sent a ping this often */
#define LIMIT_WS_SILENT_MS (45 * 1000)            /* and is given up when nothing has come from it for this long */
#define LIMIT_WS_CLOSE_MS (5 * 1000)              /* how long we wait for its answer to our close frame */
#define LIMIT_CONFIG (1024 * 1024)                /* the configuration file */
#define LIMIT_SECRET (64 * 1024)                  /* the file of a secret that the configuration names */
#define LIMIT_RETRY_AFTER_MS (24LL * 3600 * 1000) /* how long a server that a task calls can put its next attempt off by Retry-After */
#define LIMIT_SSE_EVENT (1024 * 1024)             /* one event of a stream that a task reads, its data together */
#define LIMIT_EVENTS (4 * 1024 * 1024)            /* of what has just happened, in memory for those who listen; and 4,096 events */
#define LIMIT_LISTENERS 10000                     /* streams and subscriptions that listen at one time */
#define LIMIT_WS_SUBSCRIPTIONS 100                /* of one WebSocket; each counts as one that listens */
#define LIMIT_WS_SUBSCRIPTION_ID 64               /* what a client calls one */
#define LIMIT_WS_ERRORS 10                        /* messages in a row that are not understood: then the WebSocket is closed */
#define LIMIT_CALLS 1000                          /* requests of one http type at one time */
#define LIMIT_SCHEMA (1024 * 1024)                /* a JSON Schema of an input */
#define LIMIT_SCHEMA_STEPS 20000000               /* what checking one input against its schema may cost: a step is a value, a comparison, a character that a pattern looks at */
#define LIMIT_PRIORITY 100                        /* -100 .. 100 */
#define LIMIT_ATTEMPTS 1000                       /* max_attempts */
#define LIMIT_DELAY_MS (366LL * 24 * 3600 * 1000) /* delay_ms, backoff, timeout */

#endif
