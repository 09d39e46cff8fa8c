"""Test vectors of the contract: files for any language, and what makes them."""
