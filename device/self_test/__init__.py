"""`estu self-test`: what a technician checks before leaving the house, each with PASS or FAIL, a number and an advice."""
