"""What goes wrong on real machines: nothing may be lost, doubled or half-written."""
