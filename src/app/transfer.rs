//! Zone transfer in a running gateway: its serials and versions, what a reload changes of it, and its metrics.
//!
//! Floor 7. `transfer` does the work.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::collectors::{gauge, total};
use crate::answers::ZoneSettings;
use crate::catalog::{Catalog, HealthPolicy};
use crate::config::Settings;
use crate::exposition::{counter, family};
use crate::listeners::OfferedTransfers;
use crate::transfer::{
    Keeper, KeeperSettings, Serials, TransferSlots, TransferredZones, Transfers, ZoneSerial,
};

/// The keys that what is transferred depends on.
const KEYS: [&str; 8] = [
    "zones",
    "ttl",
    "negative_ttl",
    "https_tag",
    "name_server_addresses",
    "limits.alias_chain",
    "transfer.describe_instances",
    "transfer.tag_prefixes",
];
/// The other keys of how it is transferred, which begin no journal anew.
const TRANSFER: &str = "transfer.";

/// Zone transfer; a clone shares it.
#[derive(Clone, Debug)]
pub(super) struct LiveTransfer {
    catalog: Arc<Catalog>,
    serials: Arc<Serials>,
    zones: TransferredZones,
    slots: TransferSlots,
    settings: watch::Sender<Arc<KeeperSettings>>,
    /// Makes the messages.
    runtime: Handle,
}

impl LiveTransfer {
    /// The messages of transfers are made by the blocking threads of this runtime.
    pub(super) fn new(settings: &Settings, catalog: Arc<Catalog>, runtime: Handle) -> Self {
        let serials = Arc::new(Serials::new(settings.state_folder.clone()));
        let first = keeper_settings(settings, &serials);
        let zones = TransferredZones::new(Arc::clone(&catalog));
        zones.serve(first.zones.apexes().copied());
        zones.use_catalog_zone(first.transfer.catalog_zone.clone(), &serials);
        Self {
            zones,
            catalog,
            serials,
            slots: TransferSlots::default(),
            settings: watch::Sender::new(Arc::new(first)),
            runtime,
        }
    }

    /// The zones of these settings, with their serials.
    pub(super) fn share(&self, settings: &Settings) -> ZoneSettings {
        shared(settings, &self.serials)
    }

    /// Makes the versions of the zones until it is dropped; changes of the catalogue are noted from now on.
    pub(super) fn keeper(&self) -> Keeper {
        let (catalog, serials) = (Arc::clone(&self.catalog), Arc::clone(&self.serials));
        let settings = self.settings.subscribe();
        Keeper::new(catalog, serials, self.zones.clone(), settings)
    }

    /// The serials of the zones that there are versions of, and each change of them.
    pub(super) fn serials(&self) -> watch::Receiver<Vec<ZoneSerial>> {
        self.zones.serials()
    }

    /// The transfers that clients may have, if there are any.
    pub(super) fn offered(&self, settings: &Settings) -> Option<OfferedTransfers> {
        let transfer = &settings.transfer;
        transfer.is_offered.then(|| OfferedTransfers {
            allow: settings.secondaries.clone(),
            transfers: Transfers::new(
                self.zones.clone(),
                self.slots.clone(),
                transfer,
                self.runtime.clone(),
            ),
        })
    }

    /// Has these settings in use from now on, of which these keys have changed.
    pub(super) fn replace(&self, settings: &Settings, changed: &[String]) {
        let is_of_zones = |key: &String| KEYS.contains(&&**key);
        let is_used = |key: &String| is_of_zones(key) || key.starts_with(TRANSFER);
        if !changed.iter().any(is_used) {
            return;
        }
        let now = Arc::clone(&self.settings.borrow());
        let mut next = keeper_settings(settings, &self.serials);
        let begins_anew =
            changed.iter().any(is_of_zones) || now.transfer.is_offered != next.transfer.is_offered;
        next.generation = now.generation + u64::from(begins_anew);
        self.zones.serve(next.zones.apexes().copied());
        let catalog_zone = next.transfer.catalog_zone.clone();
        self.zones.use_catalog_zone(catalog_zone, &self.serials);
        self.settings.send_replace(Arc::new(next));
    }
}

/// The zones of settings, with the serials that they have.
fn shared(settings: &Settings, serials: &Serials) -> ZoneSettings {
    let mut zones = settings.zones.clone();
    serials.share(&mut zones);
    zones
}

fn keeper_settings(settings: &Settings, serials: &Serials) -> KeeperSettings {
    let health = &settings.sync.health;
    KeeperSettings {
        zones: shared(settings, serials),
        transfer: settings.transfer.clone(),
        generation: 0,
        ask_every: (health.policy != HealthPolicy::Off)
            .then(|| (health.asked_for / 2).max(Duration::from_secs(1))),
    }
}

/// Tells the serials, and what became of transfers.
#[derive(Debug)]
pub(super) struct TransferCollector(pub(super) LiveTransfer);

impl Collector for TransferCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let LiveTransfer {
            settings, slots, ..
        } = &self.0;
        let settings = Arc::clone(&settings.borrow());
        let help = "Serial of the SOA of each zone";
        let mut own = family(&mut encoder, "nomadns_zone_serial", help, MetricType::Gauge)?;
        let zones = settings.zones.zones().iter();
        let serials = zones.map(|zone| (zone.apex, zone.serial.number()));
        let catalog_zone = self.0.zones.catalog_zone();
        let catalog_zone = catalog_zone.iter().map(|it| (it.apex(), it.serial()));
        for (apex, serial) in serials.chain(catalog_zone) {
            let apex = apex.to_string();
            let labels = [("zone", apex.trim_end_matches('.'))];
            ConstGauge::new(i64::from(serial)).encode(own.encode_family(&labels)?)?;
        }
        let help = "Zone transfers that were served to their end, by type";
        let name = "nomadns_transfers";
        let mut own = family(&mut encoder, name, help, MetricType::Counter)?;
        for (kind, count) in slots.served() {
            counter(&mut own, &[("type", kind)], count)?;
        }
        let help = "Octets of the messages of these transfers";
        total(
            &mut encoder,
            "nomadns_transfer_sent_octets",
            help,
            slots.octets(),
        )?;
        let help = "Zone transfers that ended early: the client left or took too long";
        total(
            &mut encoder,
            "nomadns_transfers_failed",
            help,
            slots.failed(),
        )?;
        let help = "Zone transfers that were refused";
        total(
            &mut encoder,
            "nomadns_transfers_refused",
            help,
            slots.refused(),
        )?;
        let help = "Zone transfers that run now";
        let running = i64::try_from(slots.running()).unwrap_or(i64::MAX);
        gauge(&mut encoder, "nomadns_running_transfers", help, &running)
    }
}
