"""Tests that take minutes: each is a program of its own, with a short form among the usual tests."""
