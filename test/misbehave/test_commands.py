# SPDX-License-Identifier: Apache-2.0
"""Each evil of a command gets the answer that the table says, and nobody else notices."""
import pytest
from evils import COMMANDS
from meet import meet


@pytest.mark.parametrize("evil", COMMANDS, ids=lambda evil: f"{evil.name}-{evil.type}")
def test_a_misbehaving_command_gets_the_answer_of_the_table_and_nobody_else_notices(ring, evil):
    meet(ring, evil, evil.type)
