"""The studies that ship."""
