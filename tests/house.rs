//! The habits of the house, kept as tests.
