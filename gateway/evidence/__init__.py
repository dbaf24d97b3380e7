"""What can be shown to somebody who does not trust us: signed checkpoints of the audit log, and evidence packs."""
