"""The machine underneath: its clock and its service manager."""
