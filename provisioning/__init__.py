"""What technicians run: the authority, the register of boxes, and each box's identity."""
