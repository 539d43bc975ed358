"""Archives of issued licences: one folder a licence, from which it is verified and restored when all else is gone."""
