"""The tests of livepatch; see tests/live.py for the harness."""
