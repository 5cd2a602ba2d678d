"""Door two: people. Server-rendered pages over the same verbs and the same store as the machines' door."""
