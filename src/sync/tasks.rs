//! Carries out the commands of the subjects, each request to Nomad in its own task, and returns the replies.
//!
//! Floor 2, the only part of `sync` that does I/O with Nomad. It decides nothing.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::apply::convert;
use super::ask::{Action, MANY_RECORDS, NomadReply, NomadRequest, Ticket};
use super::frames::{FrameReceiver, FrameSender, frame_queue};
use super::rights::{self, RightsScope};
use super::settings::SyncSettings;
use crate::blocking::in_place;
use crate::nomad::{Client, NomadError};

/// The questions under way.
#[derive(Debug)]
pub(super) struct Tasks {
    settings: Arc<SyncSettings>,
    client: Client,
    running: JoinSet<Option<(Ticket, NomadReply)>>,
    by_id: HashMap<Id, Ticket>,
    by_ticket: HashMap<Ticket, AbortHandle>,
    frames: FrameReceiver,
    frame_sender: FrameSender,
}

impl Tasks {
    pub(super) fn new(settings: Arc<SyncSettings>, client: Client) -> Self {
        let (frame_sender, frames) = frame_queue();
        Self {
            settings,
            client,
            running: JoinSet::new(),
            by_id: HashMap::new(),
            by_ticket: HashMap::new(),
            frames,
            frame_sender,
        }
    }

    /// Does what a subject commands.
    pub(super) fn command(&mut self, command: Action) {
        match command {
            Action::Ask(ticket, question) => self.start(ticket, question),
            Action::Cancel(ticket) => {
                if let Some(task) = self.by_ticket.remove(&ticket) {
                    task.abort();
                    self.by_id.remove(&task.id());
                }
            }
        }
    }

    /// Waits for the next reply; none when it came of a question that was taken back.
    pub(super) async fn next(&mut self) -> Option<(Ticket, NomadReply)> {
        tokio::select! {
            Some(frame) = self.frames.receive() => self.still_wanted(frame),
            Some(done) = self.running.join_next_with_id() => self.done(done),
            else => std::future::pending().await,
        }
    }

    /// Returns a reply that is there already.
    pub(super) fn ready(&mut self) -> Option<(Ticket, NomadReply)> {
        while let Some(frame) = self.frames.try_receive() {
            if let Some(frame) = self.still_wanted(frame) {
                return Some(frame);
            }
        }
        while let Some(done) = self.running.try_join_next_with_id() {
            if let Some(reply) = self.done(done) {
                return Some(reply);
            }
        }
        None
    }

    fn start(&mut self, ticket: Ticket, question: NomadRequest) {
        let (client, settings) = (self.client.clone(), Arc::clone(&self.settings));
        let task = if let NomadRequest::Stream { namespace, from } = question {
            let frames = self.frame_sender.clone();
            self.running.spawn(async move {
                follow(&client, ticket, from, &namespace, &frames).await;
                None
            })
        } else {
            self.running.spawn(async move {
                let reply = ask(&client, &settings, question).await;
                Some((ticket, reply))
            })
        };
        self.by_id.insert(task.id(), ticket);
        self.by_ticket.insert(ticket, task);
    }

    fn still_wanted(
        &mut self,
        (ticket, reply): (Ticket, NomadReply),
    ) -> Option<(Ticket, NomadReply)> {
        if !self.by_ticket.contains_key(&ticket) {
            return None;
        }
        if matches!(reply, NomadReply::StreamEnd(_)) {
            self.forget(ticket);
        }
        Some((ticket, reply))
    }

    fn done(
        &mut self,
        done: Result<(Id, Option<(Ticket, NomadReply)>), JoinError>,
    ) -> Option<(Ticket, NomadReply)> {
        match done {
            // A stream's task ends before its last frames are taken.
            Ok((_, None)) => None,
            Ok((id, Some((ticket, reply)))) => {
                self.by_id.remove(&id)?;
                self.by_ticket.remove(&ticket);
                Some((ticket, reply))
            }
            Err(error) if error.is_cancelled() => None,
            Err(error) => {
                tracing::error!(%error, "a task of the synchronisation panicked");
                let ticket = self.by_id.remove(&error.id())?;
                self.by_ticket.remove(&ticket);
                Some((ticket, NomadReply::Panicked))
            }
        }
    }

    fn forget(&mut self, ticket: Ticket) {
        if let Some(task) = self.by_ticket.remove(&ticket) {
            self.by_id.remove(&task.id());
        }
    }
}

async fn ask(client: &Client, settings: &SyncSettings, question: NomadRequest) -> NomadReply {
    match question {
        NomadRequest::Rights {
            consistency,
            followed,
            missing,
        } => {
            let wanted = RightsScope {
                consistency,
                configured: &settings.namespaces,
                followed: &followed,
                missing: &missing,
            };
            NomadReply::Rights(rights::find(client, wanted).await)
        }
        NomadRequest::List { namespace, options } => {
            NomadReply::List(client.list_services(&namespace, options).await)
        }
        NomadRequest::Service { key, options } => {
            let read = client
                .service(&key.namespace, &key.name, &settings.filter, options)
                .await;
            NomadReply::Service(read.map(|read| {
                let meta = read.meta;
                let many = read.registrations.len() >= MANY_RECORDS;
                let convert = || convert(&key, read, &settings.exclude_tags);
                (meta, if many { in_place(convert) } else { convert() })
            }))
        }
        NomadRequest::Contact { namespace, options } => {
            NomadReply::Contact(client.contact(&namespace, options).await)
        }
        NomadRequest::Checks { allocation } => {
            NomadReply::Checks(client.allocation_checks(&allocation).await)
        }
        NomadRequest::Allocations { namespace, options } => {
            let begun = Instant::now();
            let filter = super::health::ENDED;
            let found = client.allocations(&namespace, filter, options).await;
            NomadReply::Allocations(begun.elapsed(), found)
        }
        // It has a way of its own, since it replies more than once.
        NomadRequest::Stream { .. } => NomadReply::StreamEnd(None),
    }
}

async fn follow(client: &Client, ticket: Ticket, from: u64, namespace: &str, frames: &FrameSender) {
    let end: Option<NomadError> = match client.event_stream(from, namespace).await {
        Err(error) => Some(error),
        Ok(mut stream) => loop {
            match stream.next_frame().await {
                Ok(Some(frame)) => {
                    if !frames.send(ticket, NomadReply::Frame(frame)).await {
                        return;
                    }
                }
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        },
    };
    // The engine is gone when nobody listens.
    let _ = frames.send(ticket, NomadReply::StreamEnd(end)).await;
}
