VERSION = "layer 1"
