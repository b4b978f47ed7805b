"""The bytes of a file as UTF-8 text: kinds of files, decompression, encodings."""
