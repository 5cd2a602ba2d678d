"""rsonline: RS Online versi 3, the ministry's side and the hospital's side."""

__version__ = "0.1.0"
