/* SPDX-License-Identifier: Apache-2.0
 *
 * Results kept for others, in two maps: the shelf's functions of these names.
 */
#ifndef STORE_MEM_MEM_CACHE_H
#define STORE_MEM_MEM_CACHE_H

#include "store/mem/mem_shelf.h"

int mem_cache_want(struct shelf *s, const struct task_body *body, bool follows);
int mem_cache_lead(struct shelf *s, const struct id *id);
int mem_cache_wanted(struct shelf *s, const uint8_t print[TASK_PRINT], bool follow, const struct id *after, struct id *ret, size_t max,
                     size_t *ret_n);
int mem_cache_print(struct shelf *s, const struct id *id, uint8_t ret[TASK_PRINT]);
void mem_cache_view(const struct mem_shelf *m, struct task *t); /* of one that has not ended: whether it follows, and whom */
int mem_cache_keep(struct shelf *s, const struct id *id, int32_t run, int64_t now_ms);
int mem_cache_unwant(struct shelf *s, const struct id *id);
int mem_cache_kept(struct shelf *s, const uint8_t print[TASK_PRINT], int64_t now_ms, struct arena *a, struct id *ret_id,
                   struct str *ret_result);
int mem_cache_forget(struct shelf *s, int64_t now_ms, size_t max, size_t *ret_n);
void mem_cache_release(struct mem_shelf *m);

#endif
