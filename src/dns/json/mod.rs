//! DNS as JSON: the parameters of a question, and answers in the form of Google's `/resolve` or of RFC 8427.
//!
//! Pure; `listeners/http` transports both and decides by path and header which is used.

mod parameters;
mod render;
mod rfc8427;

pub use parameters::{AnswerFormat, ParameterError, ParameterFault, Parameters, SubnetParameter};
pub use render::render;
pub use rfc8427::render as render_rfc8427;
