"""What the designer of a licence kind gets: a new kind's folder, its check, its preview.

A kind under work is an untrusted folder: everything that reads its template, its artwork or its records does so in a
child process with limits of time, memory and file size (:mod:`docgen.design.contained`).
"""
