"""The desk of the analyst: what people and other systems do with a catalogue, over HTTP."""
