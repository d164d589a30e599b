//! The Nomad HTTP client: addresses, tokens, TLS, unix socket, blocking queries, event stream.
//!
//! Floor 1, the only module that speaks HTTP to Nomad; `sync` decides what to request and when. Every status and body
//! becomes a typed cause. It reads neither files nor the environment, keeps no state except which address answered
//! last, and never follows a redirect.

mod absent;
mod address;
mod call;
mod client;
mod clock;
mod connecting;
mod decode;
mod endpoint;
mod error;
mod permits;
mod queries;
mod query;
mod round_trip;
mod servers;
mod settings;
mod stream;
mod tls;
mod token;
mod transport;
mod ui;

pub use absent::AbsentNamespaces;
pub use address::{AddressError, NomadAddress, without_user};
pub use client::{Client, Followed, SettingsError};
pub use decode::{
    AllocationStub, Allocations, Check, Listed, ListedService, Namespaces, Node, Read, Registration,
};
pub use endpoint::AgentService;
pub use error::{Cause, NomadError};
pub use query::{Consistency, QueryMeta, QueryOptions, WaitMode};
pub use settings::{Hedge, NomadSettings, ResponseLimits, Timeouts};
pub use stream::{Change, EventStream, Frame};
pub use tls::{TlsError, TlsSettings, Verification};
pub use token::{BasicAuth, TokenSource};
pub use ui::{NomadUi, NomadUiError, NomadUiPages};
