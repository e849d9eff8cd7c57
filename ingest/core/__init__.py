"""What every stage knows: messages, names, languages, pauses, errors. No database and no export."""
