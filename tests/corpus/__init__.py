"""Live upgrades of real packages from the package index; nothing of them is ever committed."""
