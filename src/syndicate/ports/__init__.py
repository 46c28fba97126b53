"""Where use cases meet the world: what they ask of stores, shelves, channels, the outbox and hubs."""
