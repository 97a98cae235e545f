"""The mechanisms that rules use: one record each, whose fields are a rule's `where:` options."""

from __future__ import annotations

CHECKS: dict[str, str] = {
    "unreadable": "gravity_lint.checks.unreadable:UnreadableFile",
    "unused-suppression": "gravity_lint.suppress:UnusedSuppression",
    "connection-value": "gravity_lint.checks.connection:ConnectionValue",
    "exposed-address": "gravity_lint.checks.exposures:ExposedAddress",
    "undeclared-setting": "gravity_lint.checks.settings:UndeclaredSetting",
    "mismatched-driver": "gravity_lint.checks.drivers:MismatchedDriver",
    "issued-statement": "gravity_lint.checks.statements:IssuedStatement",
    "provisioning-script": "gravity_lint.checks.provisioning:ProvisioningScript",
    "startup-call": "gravity_lint.checks.startup:StartupCall",
    "unguarded-contact": "gravity_lint.checks.startup:UnguardedContact",
    "missing-alembic": "gravity_lint.checks.alembic:MissingAlembic",
    "ini-url": "gravity_lint.checks.alembic:IniUrl",
    "missing-downgrade": "gravity_lint.checks.alembic:MissingDowngrade",
    "missing-database-md": "gravity_lint.checks.documents:MissingDatabaseMd",
    "unmarked-compose": "gravity_lint.checks.deployment:UnmarkedCompose",
    "baked-url": "gravity_lint.checks.deployment:BakedUrl",
}
"""What a rule's `check:` may name → where it is; imported when a rule needs it, so that listing rules costs nothing."""
