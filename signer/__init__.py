"""The signer process: it holds the keys, and signs what an approval allows for those whom it knows."""
