"""Text into typed rows: blocks, the kernel, Arrow, and the slow path for what neither may judge."""
