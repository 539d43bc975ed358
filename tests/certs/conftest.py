"""Fixtures of the tests of certs."""

from tests.support.demo_home import demo_home, own_home

__all__ = ["demo_home", "own_home"]
