//! DNS as JSON: the parameters of a question, an answer in the form of Google's `/resolve` or of RFC 8427.
//!
//! Pure; `listeners/http` carries both. Which path and header selects it is not known here.

mod parameters;
mod render;
mod rfc8427;

pub use parameters::{AnswerFormat, ParameterError, ParameterFault, Parameters, SubnetParameter};
pub use render::render;
pub use rfc8427::render as render_rfc8427;
