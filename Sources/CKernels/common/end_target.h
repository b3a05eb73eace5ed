/* Closes the target attribute that one of the begin_ files opened. */
#pragma clang attribute pop
