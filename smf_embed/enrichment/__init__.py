"""From an id to the fields of a clip: where they come from, what is known without them, and when to ask again."""
