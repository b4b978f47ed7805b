"""The bytes of a file as UTF-8 text: decompression and encodings."""
