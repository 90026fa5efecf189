# SPDX-License-Identifier: Apache-2.0
"""Each evil of a worker gets the answer that the table says, and nobody else notices."""
import pytest
from evils import WORKERS
from meet import meet


@pytest.mark.parametrize("evil", WORKERS, ids=lambda evil: evil.name)
def test_a_misbehaving_worker_gets_the_answer_of_the_table_and_nobody_else_notices(ring, evil):
    meet(ring, evil, "rogue")
