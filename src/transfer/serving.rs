//! Serves one transfer: which one a query gets, and its messages (RFC 5936, RFC 1995).
//!
//! Floor 3. The messages are made on a thread of their own, one at a time, at the pace at which the client takes them.

use std::net::IpAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::message::{MessageWriter, Push};
use super::refusal::TransferRefusal;
use super::serials::is_later;
use super::settings::TransferSettings;
use super::slots::{TransferSlot, TransferSlots};
use super::transferred_version::TransferredVersion;
use super::zones::TransferredZones;
use crate::answers::{ListFlow, ZoneRecord};
use crate::dns::tsig::Transaction;
use crate::dns::wire::Message;
use crate::dns::{Answer, ExtendedError, Query, Rcode, RecordType, Section, Transport};

/// How many messages may be ready before the client takes one.
const MESSAGES_READY: usize = 1;
/// What stands before the serial at the end of a SOA, in octets: the serial and four times.
const SOA_NUMBERS_OCTETS: usize = 20;

/// Serves the transfers of the zones; a clone shares them.
#[derive(Clone, Debug)]
pub struct Transfers {
    zones: TransferredZones,
    slots: TransferSlots,
    at_once: usize,
    longest: Duration,
    runtime: Handle,
}

/// A transfer that may begin.
#[derive(Debug)]
pub struct Transfer {
    version: TransferredVersion,
    form: Form,
    query: Query,
    /// What the first message ends with.
    opt: Vec<u8>,
    slot: TransferSlot,
    longest: Duration,
    /// Makes the messages.
    runtime: Handle,
    /// What signs the messages, and the time for that.
    signing: Option<(Transaction, fn() -> u64)>,
}

/// What comes of a query for a transfer.
#[derive(Debug)]
pub enum BegunTransfer {
    /// The zone's SOA: there is nothing newer, or it is asked over UDP.
    Soa(Answer),
    /// Messages, for a stream.
    Messages(Box<Transfer>),
}

/// What a transfer consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// All records.
    Whole,
    /// What has changed since a serial.
    Steps(u32),
}

/// The messages of a transfer are not all made: what makes them has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenTransfer;

/// The messages of a transfer.
#[derive(Debug)]
pub struct TransferMessages {
    /// None is sent behind the last message.
    messages: mpsc::Receiver<Option<Vec<u8>>>,
    deadline: Instant,
}

impl Transfers {
    /// Serves these zones by the blocking threads of this runtime, as many at once and as long as the settings say.
    pub fn new(
        zones: TransferredZones,
        slots: TransferSlots,
        settings: &TransferSettings,
        runtime: Handle,
    ) -> Self {
        Self {
            zones,
            slots,
            at_once: settings.at_once,
            longest: settings.longest,
            runtime,
        }
    }

    /// Counts one that is refused.
    pub fn count_refused(&self) {
        self.slots.count_refused();
    }

    /// The answer to a question for the SOA of the catalog zone, which only those get who may transfer it (RFC 9432 §6).
    pub fn catalog_zone_soa(&self, query: &Query) -> Option<Answer> {
        let zone = self.zones.catalog_zone()?;
        let is_asked = query.record_type == RecordType::SOA && query.name == zone.apex();
        is_asked.then(|| TransferredVersion::Catalog(zone).soa_answer())
    }

    /// Begins the transfer that a query asks for; the message is that of the query, and its first one ends with this OPT.
    ///
    /// # Errors
    /// Why there is none.
    pub fn begin(
        &self,
        query: &Query,
        message: &[u8],
        opt: Vec<u8>,
    ) -> Result<BegunTransfer, TransferRefusal> {
        let known = match query.record_type {
            RecordType::IXFR => Some(known_serial(query, message).ok_or(TransferRefusal {
                rcode: Rcode::FORMERR,
                error: None,
            })?),
            _ => None,
        };
        let version = self.zones.find(&query.name);
        let version = version.ok_or_else(|| self.zones.refusal(&query.name))?;
        let form = match known {
            Some(serial)
                if query.transport == Transport::Udp || !is_later(version.serial(), serial) =>
            {
                return Ok(BegunTransfer::Soa(version.soa_answer()));
            }
            Some(serial) if version.has_short_way_from(serial) => Form::Steps(serial),
            _ => Form::Whole,
        };
        let full = TransferRefusal {
            rcode: Rcode::REFUSED,
            error: Some(ExtendedError::OVERLOADED),
        };
        let slot = self.slots.take(self.at_once).ok_or(full)?;
        Ok(BegunTransfer::Messages(Box::new(Transfer {
            version,
            form,
            query: query.clone(),
            opt,
            slot,
            longest: self.longest,
            runtime: self.runtime.clone(),
            signing: None,
        })))
    }
}

/// The serial that an IXFR says the client has: that of the SOA in AUTHORITY (RFC 1995 §3).
fn known_serial(query: &Query, message: &[u8]) -> Option<u32> {
    let read = Message::read(message).ok()?;
    let mut records = read.records(Section::Authority);
    let soa = records.find(|it| it.record_type == RecordType::SOA && it.owner == query.name)?;
    let data = message.get(soa.rdata)?;
    let numbers = data.get(data.len().checked_sub(SOA_NUMBERS_OCTETS)?..)?;
    numbers
        .first_chunk()
        .map(|serial| u32::from_be_bytes(*serial))
}

impl Transfer {
    /// Has each message signed; `now` tells the time in seconds since 1970.
    #[must_use]
    pub fn signed(self, transaction: Transaction, now: fn() -> u64) -> Self {
        Self {
            signing: Some((transaction, now)),
            ..self
        }
    }

    /// Makes the messages, from now on until all are taken or nobody waits for them any more.
    pub fn start(mut self, client: Option<IpAddr>) -> TransferMessages {
        let (sender, receiver) = mpsc::channel(MESSAGES_READY);
        let (runtime, begun) = (self.runtime.clone(), Instant::now());
        let deadline = begun + self.longest;
        runtime.spawn_blocking(move || {
            let mut sent = 0;
            let (mut signing, opt) = (self.signing.take(), std::mem::take(&mut self.opt));
            let whole = self.write(opt, |mut message| {
                if let Some((transaction, now)) = &mut signing {
                    transaction.sign(&mut message, now());
                }
                sent += message.len();
                match sender.blocking_send(Some(message)) {
                    Ok(()) => ListFlow::Continue(()),
                    Err(_) => ListFlow::Break(()),
                }
            });
            // The place is free before the client knows that it has all.
            self.finish(client, begun, sent, whole.is_continue());
            if whole.is_continue() {
                let _ = sender.blocking_send(None);
            }
        });
        TransferMessages {
            messages: receiver,
            deadline,
        }
    }

    fn finish(mut self, client: Option<IpAddr>, begun: Instant, octets: usize, is_whole: bool) {
        let zone = self.version.apex();
        let (serial, milliseconds) = (self.version.serial(), begun.elapsed().as_millis());
        let kind = match self.form {
            Form::Whole => "AXFR",
            Form::Steps(_) => "IXFR",
        };
        let client = client.map(tracing::field::display);
        match is_whole {
            true => {
                if self.form == Form::Whole {
                    self.version.note_whole(octets);
                }
                self.slot.count_done(self.form == Form::Whole, octets);
                tracing::info!(%zone, serial, kind, client, octets, milliseconds, "a secondary has transferred a zone");
            }
            false => match begun.elapsed() < self.longest {
                true => {
                    tracing::warn!(%zone, serial, kind, client, octets, "a secondary has left the transfer of a zone")
                }
                false => tracing::warn!(
                    %zone, serial, kind, client, octets,
                    "a secondary has not taken a zone within transfer.longest_seconds"
                ),
            },
        }
    }

    /// Makes the messages one by one.
    fn write(&self, opt: Vec<u8>, mut send: impl FnMut(Vec<u8>) -> ListFlow) -> ListFlow {
        let signed_octets = self.query.signature.signed_octets();
        let mut writer = MessageWriter::new(&self.query, opt, signed_octets);
        let version = &self.version;
        version.with_soa(version.serial(), |soa| writer.push(soa));
        let mut push = |writer: &mut MessageWriter, record: &ZoneRecord<'_>| {
            if writer.push(record) == Push::Full {
                send(writer.take())?;
                // A record that no message has room for is left out: others could not take it either.
                let _ = writer.push(record);
            }
            ListFlow::Continue(())
        };
        match self.form {
            Form::Whole => version.list(|record| push(&mut writer, &record))?,
            Form::Steps(serial) => {
                for step in version.steps_from(serial) {
                    for (serial, records) in [(step.from, &step.removed), (step.to, &step.added)] {
                        version.with_soa(serial, |soa| push(&mut writer, soa))?;
                        for record in records.iter() {
                            push(&mut writer, &record.as_zone_record())?;
                        }
                    }
                }
            }
        }
        version.with_soa(version.serial(), |soa| push(&mut writer, soa))?;
        send(writer.take())
    }
}

impl TransferMessages {
    /// The next message; none behind the last.
    ///
    /// # Errors
    /// No more messages come, and there should be some.
    pub fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Vec<u8>>, BrokenTransfer>> {
        let received = self.messages.poll_recv(context);
        received.map(|message| message.ok_or(BrokenTransfer))
    }

    /// When the transfer is to have ended.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}
