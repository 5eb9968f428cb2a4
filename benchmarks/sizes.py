"""The size of Cityscapes."""

HEIGHT, WIDTH, NUM_CLASSES, RADIUS = 1024, 2048, 19, 1
