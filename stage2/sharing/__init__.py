"""Give trained weights away: exports, model cards, ONNX graphs, the hub."""
