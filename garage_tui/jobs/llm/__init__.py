"""Language models in torch: fetching, loading, packing, forward passes, greedy decoding, adapters."""
