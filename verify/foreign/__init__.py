"""Files of other writers: lenient in form, each leniency told, never lenient about coverage, digests or trust."""
