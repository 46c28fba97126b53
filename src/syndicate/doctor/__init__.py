"""What an operator is told of machine, state, channels and site: findings, each with its way out."""
