"""Published coding rules: USCC, regions, licence numbers, licence identifiers, the signed QR payload.

Pure functions and frozen values; no files beside the region table, no network, no clock, no cryptography.
"""
