"""What a reader is handed of a verification: a page (HTML), a sheet (PDF), the European report (XML).

Everything here is made from the plain values of :meth:`verify.report.Report.to_dict`, whose form is published in
``verify/report.schema.json``; so it works on a stored report as well as on a fresh one, and judges nothing itself.
"""

from __future__ import annotations
