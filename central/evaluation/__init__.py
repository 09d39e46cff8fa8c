"""How recognition is measured: simulated rooms, degraded clips, recall and false plays."""
