//! The JSON form of DNS that Google's `/resolve` has: the parameters of a question, an answer as text.
//!
//! Pure; `listeners/http` carries both. Which path and header selects it is not known here.

mod parameters;
mod render;

pub use parameters::{ClientSubnet, Form, ParameterError, Parameters};
pub use render::render;
