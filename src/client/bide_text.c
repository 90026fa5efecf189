/* SPDX-License-Identifier: Apache-2.0
 *
 * Text that the library made and the caller frees.
 */
#include "bide.h"

#include <stdlib.h>
#include <string.h>

void bide_text_free(struct bide_text *text)
{
    free(text->p);
    memset(text, 0, sizeof *text);
}
