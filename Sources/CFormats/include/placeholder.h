/* Replaced by the target's first header. */
