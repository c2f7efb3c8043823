//! What is chosen.
