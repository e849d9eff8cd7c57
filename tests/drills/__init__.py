"""What takes long: faults put in on purpose, the image, noise."""
