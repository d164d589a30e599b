//! The turns: a limited number at once, and a queue in which clients take turns.
//!
//! Floor 3, inside `fairness`. The lock is held only while the queue changes, never while an answer is made.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::answers::AnswerError;
use crate::fair_queue::{ClientAddress, FairQueue, QueueCapacity};

/// The turns of all workers.
#[derive(Debug)]
pub(super) struct FairSemaphore {
    at_once: usize,
    held: Mutex<FairSemaphoreState>,
}

#[derive(Debug)]
struct FairSemaphoreState {
    /// How many answers are made now.
    taken: usize,
    waiting: FairQueue<WaitingTurn>,
}

/// Who waits for a turn, and how it is given.
#[derive(Debug)]
struct WaitingTurn {
    client: ClientAddress,
    sender: oneshot::Sender<FairPermit>,
}

/// Leave to make one answer; the next client's turn begins when it is dropped.
#[derive(Debug)]
pub(super) struct FairPermit(Option<Arc<FairSemaphore>>);

impl FairSemaphore {
    /// Makes so many at once, with so much room for those who wait.
    pub(super) fn new(at_once: usize, room: QueueCapacity) -> Self {
        let held = Mutex::new(FairSemaphoreState {
            taken: 0,
            waiting: FairQueue::new(room),
        });
        Self { at_once, held }
    }

    /// Waits until it is the client's turn.
    pub(super) async fn take(
        self: &Arc<Self>,
        client: ClientAddress,
    ) -> Result<FairPermit, AnswerError> {
        let waiting = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            if held.taken < self.at_once {
                held.taken += 1;
                return Ok(FairPermit(Some(Arc::clone(self))));
            }
            let (sender, waiting) = oneshot::channel();
            // What finds no room may be another one's that gives way.
            if let Err(turn) = held.waiting.push(client, WaitingTurn { client, sender }) {
                // Who gave up takes no room.
                held.waiting.retain(|waiting| !waiting.sender.is_closed());
                // What finds none is told so by its sender's end.
                drop(held.waiting.push(turn.client, turn));
            }
            waiting
        };
        waiting.await.map_err(|_| AnswerError::Overloaded)
    }

    /// Ends a turn: gives it to the next who still waits.
    fn pass_on(self: Arc<Self>) {
        let mut turn = FairPermit(Some(Arc::clone(&self)));
        loop {
            let next = {
                let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
                let next = held.waiting.pop();
                if next.is_none() {
                    held.taken -= 1;
                }
                next
            };
            let Some(next) = next else {
                // It is given back already.
                turn.0 = None;
                return;
            };
            match next.sender.send(turn) {
                Ok(()) => return,
                Err(back) => turn = back,
            }
        }
    }
}

impl Drop for FairPermit {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use futures_util::FutureExt as _;

    use super::*;

    fn client(last: u8) -> ClientAddress {
        ClientAddress::proven(Some(IpAddr::from([192, 0, last, 1])))
    }

    fn turns(per_client: usize) -> Arc<FairSemaphore> {
        let room = QueueCapacity {
            per_client,
            per_class: 100,
        };
        Arc::new(FairSemaphore::new(1, room))
    }

    #[test]
    fn turns_go_from_client_to_client_and_to_nobody_who_gave_up() {
        let turns = turns(2);
        let first = turns.take(client(1)).now_or_never().unwrap().unwrap();
        let take = |number| Box::pin(turns.take(client(number)));
        let (mut much, mut more, mut gone, mut little) = (take(1), take(1), take(2), take(3));
        for waiting in [&mut much, &mut more, &mut gone, &mut little] {
            assert!(waiting.now_or_never().is_none());
        }
        let refused = take(1).now_or_never().unwrap();
        assert_eq!(refused.err(), Some(AnswerError::Overloaded));
        drop(gone);
        drop(first);
        let second = much.now_or_never().unwrap().unwrap();
        assert!((&mut little).now_or_never().is_none());
        drop(second);
        let third = little.now_or_never().unwrap().unwrap();
        drop(third);
        drop(more.now_or_never().unwrap().unwrap());
        assert_eq!(turns.held.lock().unwrap().taken, 0);
    }

    #[test]
    fn what_gives_way_to_another_client_takes_none_of_its_turns() {
        let room = QueueCapacity {
            per_client: 8,
            per_class: 5,
        };
        let turns = Arc::new(FairSemaphore::new(1, room));
        let _first = turns.take(client(1)).now_or_never().unwrap().unwrap();
        let mut much: Vec<_> = (0..5).map(|_| Box::pin(turns.take(client(1)))).collect();
        let mut little = Box::pin(turns.take(client(2)));
        for waiting in much.iter_mut().chain([&mut little]) {
            let _ = waiting.now_or_never();
        }
        assert!(little.now_or_never().is_none());
        let states: Vec<bool> = much
            .iter_mut()
            .map(|it| it.now_or_never().is_none())
            .collect();
        assert_eq!(
            states,
            [true, true, true, true, false],
            "the last of who has most"
        );
    }

    #[test]
    fn who_gives_up_takes_no_room_and_keeps_no_turn() {
        let turns = turns(1);
        let first = turns.take(client(1)).now_or_never().unwrap().unwrap();
        let mut gone = Box::pin(turns.take(client(1)));
        assert!((&mut gone).now_or_never().is_none());
        drop(gone);
        let mut given_and_dropped = Box::pin(turns.take(client(1)));
        assert!((&mut given_and_dropped).now_or_never().is_none());
        drop(first);
        drop(given_and_dropped);
        assert!(turns.take(client(2)).now_or_never().is_some());
        assert_eq!(turns.held.lock().unwrap().taken, 0);
    }
}
