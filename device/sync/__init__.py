"""The way to the platform: events out, receipts back."""
