//! The addresses, and which of them is in use: requests go there, and to the next one when it fails.
//!
//! Floor 1. An address fails if its connection fails, if it returns a 5xx that means it knows nothing now, or if its
//! state is stale. A refusal is a valid response and the same everywhere. A cheap request to a silent address is also
//! sent to the next one (a hedged request, see "The Tail at Scale"). An address that is only slow stays in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use reqwest::Response;
use tokio::time::{Instant, sleep, timeout_at};

use super::call::{Call, OkResponse, Patience};
use super::endpoint::Endpoint;
use super::error::{Cause, NomadError};
use super::settings::Hedge;
use super::token::Token;
use crate::secret::Secret;

/// The addresses, and which of them is believed.
#[derive(Debug)]
pub(super) struct Servers {
    endpoints: Vec<Endpoint>,
    /// The endpoint that is asked first.
    chosen: AtomicUsize,
    /// How often it became another one.
    moves: AtomicUsize,
    token: Token,
    hedge: Hedge,
}

/// Asks one address.
pub(super) type AskOnce<T> =
    fn(Arc<Servers>, usize, Arc<Call>, Option<Secret>) -> BoxFuture<'static, Result<T, NomadError>>;

/// What remains to be seen once there is an answer: whether an address that was slower than another is only slow.
pub(super) type Outrun = BoxFuture<'static, ()>;

/// An address and what it answered.
type AddressAttempt<T> = BoxFuture<'static, (usize, Result<T, NomadError>)>;

/// Asks for a whole answer.
pub(super) fn whole(
    servers: Arc<Servers>,
    at: usize,
    call: Arc<Call>,
    token: Option<Secret>,
) -> BoxFuture<'static, Result<OkResponse, NomadError>> {
    Box::pin(async move {
        let endpoint = &servers.endpoints[at];
        let begun = Instant::now();
        let answer = call.ask(endpoint, token.as_ref()).await;
        if is_answer(&answer) && call.patience == Patience::Prompt {
            endpoint.measure(begun.elapsed());
        }
        answer
    })
}

/// Asks for an answer whose body is still coming.
pub(super) fn opened(
    servers: Arc<Servers>,
    at: usize,
    call: Arc<Call>,
    token: Option<Secret>,
) -> BoxFuture<'static, Result<(Response, usize), NomadError>> {
    Box::pin(async move {
        let opened = call.open(&servers.endpoints[at], token.as_ref()).await;
        opened.map(|response| (response, at))
    })
}

impl Servers {
    pub(super) fn new(endpoints: Vec<Endpoint>, token: Token, hedge: Hedge) -> Self {
        Self {
            endpoints,
            chosen: AtomicUsize::new(0),
            moves: AtomicUsize::new(0),
            token,
            hedge,
        }
    }

    pub(super) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Which endpoint is asked first.
    pub(super) fn chosen(&self) -> usize {
        self.chosen.load(Ordering::Relaxed)
    }

    /// Counts how often that became another one.
    pub(super) fn moves(&self) -> usize {
        self.moves.load(Ordering::Relaxed)
    }

    /// Returns after what silence the endpoint that is asked first has to be probed.
    pub(super) fn probe_after(&self) -> std::time::Duration {
        self.endpoints[self.chosen()]
            .round_trip()
            .hedge_after(&self.hedge)
    }

    /// Asks the chosen address, the next one whenever one fails and, if the question is a prompt one, beside one that is
    /// silent. Returns the first answer, and what remains to be seen.
    pub(super) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        call: &Arc<Call>,
        once: AskOnce<T>,
    ) -> (Result<T, NomadError>, Option<Outrun>) {
        let (first, count) = (self.chosen(), self.endpoints.len());
        let (begun, way) = (Instant::now(), self.endpoints[first].round_trip());
        let delay = way.hedge_after(&self.hedge);
        let mut running = FuturesUnordered::new();
        running.push(self.attempt(first, call, once));
        let (mut asked, mut first_failed, mut failed) = (1, false, None::<NomadError>);
        loop {
            let is_hedged = asked < count && call.patience == Patience::Prompt;
            tokio::select! {
                Some((at, answer)) = running.next() => match answer {
                    Err(error) if error.cause.is_outage() => {
                        first_failed |= at == first;
                        let error = match failed.take() {
                            Some(before) => better(before, error),
                            None => error,
                        };
                        if asked == count && running.is_empty() {
                            return (Err(error), None);
                        }
                        failed = Some(error);
                        if asked == count {
                            continue;
                        }
                    }
                    answer if at == first || first_failed => {
                        self.turn(first, at);
                        return (answer, None);
                    }
                    answer => {
                        let until = begun + way.left_after(&self.hedge);
                        let outrun = Arc::clone(self).outrun((first, at), running, until);
                        return (answer, Some(Box::pin(outrun)));
                    }
                },
                () = sleep(delay), if is_hedged => {}
            }
            running.push(self.attempt((first + asked) % count, call, once));
            asked += 1;
        }
    }

    /// Waits for the answer of an address that another has outrun, and leaves it if none comes.
    async fn outrun<T>(
        self: Arc<Self>,
        (first, winner): (usize, usize),
        mut running: FuturesUnordered<AddressAttempt<T>>,
        until: Instant,
    ) {
        let answered = async {
            while let Some((at, answer)) = running.next().await {
                if at == first {
                    return is_answer(&answer);
                }
            }
            false
        };
        if !timeout_at(until, answered).await.unwrap_or(false) {
            self.turn(first, winner);
        }
    }

    /// Leaves an address for another, unless it was left already.
    fn turn(&self, from: usize, to: usize) {
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        if from != to && self.chosen.compare_exchange(from, to, set, get).is_ok() {
            self.moves.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn attempt<T: Send + 'static>(
        self: &Arc<Self>,
        at: usize,
        call: &Arc<Call>,
        once: AskOnce<T>,
    ) -> AddressAttempt<T> {
        let (servers, call) = (Arc::clone(self), Arc::clone(call));
        Box::pin(async move { (at, servers.with_token(at, call, once).await) })
    }

    /// Asks one address; a token that is refused is asked for again once.
    async fn with_token<T>(
        self: Arc<Self>,
        at: usize,
        call: Arc<Call>,
        once: AskOnce<T>,
    ) -> Result<T, NomadError> {
        let endpoint = &self.endpoints[at];
        let used = self
            .token
            .current()
            .map_err(|why| call.error(endpoint, Cause::NoToken(why)))?;
        let ask = |token| once(Arc::clone(&self), at, Arc::clone(&call), token);
        match ask(used.clone()).await {
            Err(error) if error.cause.is_authorization() => {
                match self.token.other_than(used.as_ref()) {
                    Some(other) => ask(Some(other)).await,
                    None => Err(error),
                }
            }
            answer => answer,
        }
    }
}

/// Says whether an address answered, be it with a refusal.
fn is_answer<T>(answer: &Result<T, NomadError>) -> bool {
    !matches!(answer, Err(error) if error.cause.is_outage())
}

/// Returns the one of two addresses' errors that says more: a server that is behind is there, and may be asked for its
/// leader's word; of two that are, the one that is less so.
fn better(before: NomadError, after: NomadError) -> NomadError {
    match (&before.cause, &after.cause) {
        (Cause::Behind { index: first, .. }, Cause::Behind { index: second, .. })
            if second > first =>
        {
            after
        }
        (Cause::Behind { .. }, _) => before,
        _ => after,
    }
}
