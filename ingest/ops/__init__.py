"""Keeping and publishing an archive: backups, serving, sending, copies for others."""
