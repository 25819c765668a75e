# SPDX-License-Identifier: MIT
"""The main loop of workers in Python, beside the one in C: platform.py is the contract."""
