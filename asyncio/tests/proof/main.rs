//! What the demos do not show: edge cases, panics, cancellation. Each module compiles the very
//! file that people copy.
