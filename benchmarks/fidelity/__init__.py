"""Epochs to a good configuration: schedulers and their rivals on recorded learning curves."""
