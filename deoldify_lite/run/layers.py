"""The choices of --layer, and how names of layers end; light, since every command reads it."""

LAYERS = ("beside", "only")  # the result and its layer, or the layer alone
LAYER_MARK = "-layer"  # at the end of a layer's name
