"""The vendors' APIs: one client per vendor, all over one transport (`polyreel.vendors.transport`)."""
