/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract against the engine `mem`.
 */
#include "store/mem/mem_engine.h"
#include "test/contract/contract.h"

static struct store *open_mem(struct contract *c)
{
    return mem_engine_open(&c->turn, &c->events);
}

int main(int argc, char **argv)
{
    static const struct contract_engine mem = {.name = "mem", .open = open_mem};
    return contract_main(&mem, argc, argv);
}
