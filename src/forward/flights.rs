//! The questions that are under way upstream, each once however many wait for it; how many may wait is bounded.
//!
//! Floor 2. Who waits and gives up makes room; the question goes on, for the others and for the cache.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ahash::RandomState;
use tokio::sync::oneshot;

use super::outcome::ForwardError;
use super::question::ForwardQuestion;
use crate::dns::Answer;
use crate::fair_queue::ClientAddress;

/// What those who wait get.
pub(super) type FlightResult = Result<Answer, ForwardError>;

/// How much may be under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlightLimits {
    /// How many questions are under way upstream at once.
    pub questions: usize,
    /// How many queries wait for them, of all clients.
    pub waiting: usize,
    /// How many of one client.
    pub waiting_per_client: usize,
}

impl Default for FlightLimits {
    fn default() -> Self {
        Self {
            questions: 1024,
            waiting: 16_384,
            waiting_per_client: 512,
        }
    }
}

/// The questions that are under way.
#[derive(Debug)]
pub(super) struct Flights {
    limits: FlightLimits,
    state: Mutex<FlightState>,
}

#[derive(Debug, Default)]
struct FlightState {
    asked: HashMap<ForwardQuestion, Vec<oneshot::Sender<FlightResult>>, RandomState>,
    waiting: usize,
    clients: HashMap<IpAddr, usize, RandomState>,
}

/// A question under way; those that wait for it are let go when it is dropped before its end.
#[derive(Debug)]
pub(super) struct Flight {
    flights: Arc<Flights>,
    pub(super) question: ForwardQuestion,
    has_ended: bool,
}

/// A query that waits, counted for its client until it is dropped.
#[derive(Debug)]
pub(super) struct WaitingQuery {
    result: oneshot::Receiver<FlightResult>,
    flights: Arc<Flights>,
    client: IpAddr,
}

impl Flights {
    pub(super) fn new(limits: FlightLimits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
        }
    }

    /// Has a query wait for its question; the flight is given to the first, who has it asked.
    pub(super) fn join(
        self: &Arc<Self>,
        question: &ForwardQuestion,
        client: ClientAddress,
    ) -> Result<(WaitingQuery, Option<Flight>), ForwardError> {
        let (client, mut state) = (client.client(), self.state());
        let of_client = state.clients.get(&client).copied().unwrap_or(0);
        let is_full =
            state.waiting >= self.limits.waiting || of_client >= self.limits.waiting_per_client;
        let is_first = !state.asked.contains_key(question);
        if is_full || is_first && state.asked.len() >= self.limits.questions {
            return Err(ForwardError::Overloaded);
        }
        let (sender, result) = oneshot::channel();
        state.asked.entry(*question).or_default().push(sender);
        state.waiting += 1;
        state.clients.insert(client, of_client + 1);
        let waiting = WaitingQuery {
            result,
            flights: Arc::clone(self),
            client,
        };
        let flight = is_first.then(|| self.flight(question));
        Ok((waiting, flight))
    }

    /// Begins a question that nobody waits for, if it is not under way and there is room.
    pub(super) fn begin(self: &Arc<Self>, question: &ForwardQuestion) -> Option<Flight> {
        let mut state = self.state();
        let has_room = state.asked.len() < self.limits.questions;
        if !has_room || state.asked.contains_key(question) {
            return None;
        }
        state.asked.insert(*question, Vec::new());
        Some(self.flight(question))
    }

    /// How many questions are under way, and how many queries wait.
    pub(super) fn size(&self) -> (usize, usize) {
        let state = self.state();
        (state.asked.len(), state.waiting)
    }

    fn flight(self: &Arc<Self>, question: &ForwardQuestion) -> Flight {
        Flight {
            flights: Arc::clone(self),
            question: *question,
            has_ended: false,
        }
    }

    fn state(&self) -> MutexGuard<'_, FlightState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Gives those that wait so far an answer, and goes on.
    pub(super) fn give(&self, result: &FlightResult) {
        let mut state = self.flights.state();
        let waiting = state.asked.get_mut(&self.question);
        let waiting = waiting.map(std::mem::take).unwrap_or_default();
        drop(state);
        send(waiting, result);
    }

    /// Gives all that wait the result, and is under way no more: who comes now has the question asked again.
    pub(super) fn end(mut self, result: &FlightResult) {
        let waiting = self.flights.state().asked.remove(&self.question);
        self.has_ended = true;
        send(waiting.unwrap_or_default(), result);
    }
}

fn send(waiting: Vec<oneshot::Sender<FlightResult>>, result: &FlightResult) {
    for query in waiting {
        // It may have given up.
        let _ = query.send(result.clone());
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        // After its end the same question may be under way again, as another flight.
        if !self.has_ended {
            let waiting = self.flights.state().asked.remove(&self.question);
            // Only where the task has panicked does somebody wait still.
            drop(waiting);
        }
    }
}

impl WaitingQuery {
    /// Waits for the result; none where the question was given up.
    pub(super) async fn result(&mut self) -> Option<FlightResult> {
        (&mut self.result).await.ok()
    }
}

impl Drop for WaitingQuery {
    fn drop(&mut self) {
        let mut state = self.flights.state();
        state.waiting = state.waiting.saturating_sub(1);
        if let Some(count) = state.clients.get_mut(&self.client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                state.clients.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::dns::{AnswerBuilder, Rcode, RecordType};

    fn question(name: &str) -> ForwardQuestion {
        ForwardQuestion {
            name: name.parse().unwrap(),
            record_type: RecordType::A,
            dnssec_ok: false,
            checking_disabled: false,
        }
    }

    fn client(last: u8) -> ClientAddress {
        ClientAddress::proven(Some(IpAddr::from([192, 0, 2, last])))
    }

    fn flights(questions: usize, waiting: usize, waiting_per_client: usize) -> Arc<Flights> {
        Arc::new(Flights::new(FlightLimits {
            questions,
            waiting,
            waiting_per_client,
        }))
    }

    #[test]
    fn the_first_has_it_asked_and_all_get_what_comes() {
        let flights = flights(8, 8, 8);
        let (mut one, flight) = flights.join(&question("a.example"), client(1)).unwrap();
        let (mut other, again) = flights.join(&question("a.example"), client(2)).unwrap();
        assert!(again.is_none() && flights.begin(&question("a.example")).is_none());
        let flight = flight.unwrap();
        let answer = AnswerBuilder::error(Rcode::NXDOMAIN, None);
        flight.give(&Ok(answer));
        for waiting in [&mut one, &mut other] {
            let result = waiting.result().now_or_never().unwrap();
            assert!(matches!(result, Some(Ok(_))));
        }
        drop((flight, one, other));
        assert_eq!(flights.size(), (0, 0));
    }

    #[test]
    fn who_comes_after_the_end_has_it_asked_again_and_keeps_it_so() {
        let flights = flights(8, 8, 8);
        let (mut first, flight) = flights.join(&question("a.example"), client(1)).unwrap();
        let answer = Ok(AnswerBuilder::error(Rcode::NXDOMAIN, None));
        flight.unwrap().end(&answer);
        assert!(matches!(first.result().now_or_never(), Some(Some(Ok(_)))));
        let (mut late, again) = flights.join(&question("a.example"), client(2)).unwrap();
        assert!(late.result().now_or_never().is_none(), "it waits");
        again.expect("it is not under way").end(&answer);
        assert!(matches!(late.result().now_or_never(), Some(Some(Ok(_)))));
        drop((first, late));
        assert_eq!(flights.size(), (0, 0));
    }

    #[test]
    fn the_end_of_one_takes_nothing_from_the_next_of_the_same_question() {
        let flights = flights(8, 8, 8);
        let (_first, flight) = flights.join(&question("a.example"), client(1)).unwrap();
        let mut flight = flight.unwrap();
        // As between its end and its drop.
        flight.flights.state().asked.remove(&flight.question);
        flight.has_ended = true;
        let (mut late, again) = flights.join(&question("a.example"), client(2)).unwrap();
        drop(flight);
        again.unwrap().end(&Err(ForwardError::Loop));
        assert!(matches!(late.result().now_or_never(), Some(Some(Err(_)))));
    }

    #[test]
    fn too_many_are_refused_and_who_gives_up_makes_room() {
        let flights = flights(2, 3, 2);
        let join = |name: &str, from: u8| flights.join(&question(name), client(from));
        let first = join("a.example", 1).unwrap();
        let second = join("a.example", 1).unwrap();
        assert_eq!(join("a.example", 1).unwrap_err(), ForwardError::Overloaded);
        let third = join("b.example", 2).unwrap();
        assert_eq!(join("b.example", 3).unwrap_err(), ForwardError::Overloaded);
        drop(second);
        assert_eq!(join("c.example", 3).unwrap_err(), ForwardError::Overloaded);
        let fourth = join("b.example", 3).unwrap();
        drop((first, third, fourth));
        assert_eq!(flights.size(), (0, 0));
        assert!(flights.state().clients.is_empty());
    }

    #[test]
    fn a_question_that_is_given_up_lets_go_of_who_waits() {
        let flights = flights(8, 8, 8);
        let (mut waiting, flight) = flights.join(&question("a.example"), client(1)).unwrap();
        drop(flight);
        assert!(waiting.result().now_or_never().unwrap().is_none());
    }
}
