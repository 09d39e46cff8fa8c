"""Fuzzing of everything that reads what comes from outside: `make fuzz`, and a bounded part of it in the tests."""
