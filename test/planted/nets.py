# SPDX-License-Identifier: Apache-2.0
"""What planted bugs are caught with: a program, its arguments, and what it says when it has caught one."""
SIM = ("test_sim_random", ["what_is_promised"], r"SIM_SEED=\d+ shows it again")


def unit(program, test):
    return (program, [test], f"FAILED {test}")


POWER = unit("test_contract_power", "whenever_the_power_is_lost_what_was_answered_is_there")
KILLED = unit("test_contract_migrate_cut", "a_start_killed_at_any_statement_or_write_of_a_migration_loses_nothing")
