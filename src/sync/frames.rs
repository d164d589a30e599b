//! Frames of the event streams on their way to the engine.
//!
//! Floor 2, between the tasks that read streams and the engine. One frame may name hundreds of thousands of services, so
//! it is octets that are bounded: a stream whose frames find no room is not read on. It does not look into a frame.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::ask::{NomadReply, Ticket};

/// How many replies of streams may wait to be taken.
const REPLIES_QUEUED: usize = 256;
/// How many octets the frames that wait may take together; a larger one waits alone.
const OCTETS_QUEUED: u32 = 33_554_432;

type QueuedReply = (Ticket, NomadReply, OwnedSemaphorePermit);

/// Where streams put what they read.
#[derive(Clone, Debug)]
pub(super) struct FrameSender {
    queue: mpsc::Sender<QueuedReply>,
    room: Arc<Semaphore>,
}

/// Where the engine takes it.
#[derive(Debug)]
pub(super) struct FrameReceiver(mpsc::Receiver<QueuedReply>);

/// Makes a queue.
pub(super) fn frame_queue() -> (FrameSender, FrameReceiver) {
    let (queue, receiver) = mpsc::channel(REPLIES_QUEUED);
    let room = Arc::new(Semaphore::new(OCTETS_QUEUED as usize));
    (FrameSender { queue, room }, FrameReceiver(receiver))
}

impl FrameSender {
    /// Puts a reply into the queue when there is room; false when nobody takes replies any more.
    pub(super) async fn send(&self, ticket: Ticket, reply: NomadReply) -> bool {
        let octets = match &reply {
            NomadReply::Frame(frame) => frame.octets(),
            _ => 0,
        };
        let octets = u32::try_from(octets)
            .unwrap_or(OCTETS_QUEUED)
            .clamp(1, OCTETS_QUEUED);
        let Ok(permit) = Arc::clone(&self.room).acquire_many_owned(octets).await else {
            return false;
        };
        self.queue.send((ticket, reply, permit)).await.is_ok()
    }
}

impl FrameReceiver {
    /// Waits for the next reply; none when there is no sender any more.
    pub(super) async fn receive(&mut self) -> Option<(Ticket, NomadReply)> {
        self.0
            .recv()
            .await
            .map(|(ticket, reply, _)| (ticket, reply))
    }

    /// The next reply, if it is there.
    pub(super) fn try_receive(&mut self) -> Option<(Ticket, NomadReply)> {
        let (ticket, reply, _) = self.0.try_recv().ok()?;
        Some((ticket, reply))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::super::ask::Subject;
    use super::*;
    use crate::nomad::{Change, Frame};

    fn ticket(number: u64) -> Ticket {
        Ticket {
            subject: Subject::Follow,
            number,
        }
    }

    fn frame(octets: usize) -> NomadReply {
        NomadReply::Frame(Frame::Events {
            index: 1,
            changes: vec![Change {
                namespace: "default".into(),
                service: "s".repeat(octets),
            }],
            unreadable: 0,
        })
    }

    #[test]
    fn frames_wait_for_room_in_octets_and_a_larger_one_is_taken_alone() {
        let (sender, mut receiver) = frame_queue();
        let send = |octets| sender.send(ticket(1), frame(octets)).now_or_never();
        let mut sent = 0;
        while send(1 << 20).is_some() {
            sent += 1;
        }
        assert_eq!(
            sent, 31,
            "of 32 MiB, since each takes a little more than its names"
        );
        assert!(receiver.try_receive().is_some());
        assert_eq!(send(1 << 20), Some(true));
        while receiver.try_receive().is_some() {}
        assert_eq!(send(100 << 20), Some(true));
        assert_eq!(send(1), None);
        drop(receiver);
    }

    #[tokio::test]
    async fn who_waits_for_room_gets_it_and_is_told_when_nobody_listens() {
        let (sender, mut receiver) = frame_queue();
        assert!(sender.send(ticket(1), frame(31 << 20)).await);
        let waiting = sender.send(ticket(2), frame(31 << 20));
        let (sent, first) = tokio::join!(waiting, receiver.receive());
        assert!(sent && first.is_some_and(|(of, _)| of == ticket(1)));
        drop(receiver);
        assert!(!sender.send(ticket(3), NomadReply::StreamEnd(None)).await);
    }
}
