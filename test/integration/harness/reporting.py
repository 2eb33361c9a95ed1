# SPDX-License-Identifier: Apache-2.0
"""What a failed test shows beside its own words."""

_LINES = 40


def add_logs(item, report, logs):
    """Adds the end of each log to the report, if the test failed and used a cluster; logs(cluster) names the files."""
    cluster = getattr(item, "funcargs", {}).get("cluster")
    if not report.failed or cluster is None:
        return
    for log in logs(cluster):
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        report.sections.append((f"end of {log}", "\n".join(lines[-_LINES:])))
