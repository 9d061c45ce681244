"""Whole searches against those of other libraries, and rules of racing replayed."""
