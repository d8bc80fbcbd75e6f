"""What must happen once: an intent before the call, a receipt after it, one row for each (see docs/ledger.md)."""
