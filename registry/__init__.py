"""Who exists and who may: identities, establishments, deliveries, accounts, designations, and the one policy."""
