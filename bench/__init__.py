"""Side-by-side measurements; see ``python -m bench`` (`make bench`)."""
