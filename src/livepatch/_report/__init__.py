"""What livepatch says: numbered codes, errors, the report as data, log lines, progress.

Every stage speaks of these, so they stand first; what fills a report is in `livepatch._verify`.
"""
