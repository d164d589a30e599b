//! What the status page shows of the settings, while a reload may replace it.
//!
//! Floor 7.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::answers::ZoneSettings;
use crate::config::Settings;
use crate::dns::Name;
use crate::layers::NotFoundNames;
use crate::listeners::admin::ServedName;
use crate::nomad::{NomadAddress, NomadUi, NomadUiPages};

/// What stands for the source of names that are asked of other servers.
pub(super) const FORWARDED: &str = "forwarded";

/// The settings that are shown now, and the names that were asked and do not exist.
#[derive(Debug)]
pub(super) struct ShownSettings {
    zones: ArcSwap<(ZoneSettings, Vec<ServedName>)>,
    nomad_ui: ArcSwap<NomadUi>,
    /// The region of Nomad that is asked, if one is configured.
    region: Option<String>,
    not_found: Option<Arc<NotFoundNames>>,
}

impl ShownSettings {
    pub(super) fn new(settings: &Settings) -> Arc<Self> {
        let most = settings.not_found_names;
        let names = || Arc::new(NotFoundNames::new(most, apexes(settings)));
        Arc::new(Self {
            zones: ArcSwap::from_pointee(zones(settings)),
            nomad_ui: ArcSwap::from_pointee(settings.nomad_ui.clone()),
            region: settings.nomad.region.clone(),
            not_found: (most > 0).then(names),
        })
    }

    /// Has others shown from now on.
    pub(super) fn replace(&self, settings: &Settings) {
        self.zones.store(Arc::new(zones(settings)));
        self.nomad_ui.store(Arc::new(settings.nomad_ui.clone()));
        if let Some(names) = &self.not_found {
            names.replace_zones(apexes(settings));
        }
    }

    /// The zones of the cluster, and all that is answered or forwarded, in words.
    pub(super) fn zones(&self) -> Arc<(ZoneSettings, Vec<ServedName>)> {
        self.zones.load_full()
    }

    /// The pages of Nomad's web UI, when this agent is asked.
    pub(super) fn nomad_pages(&self, asked: &NomadAddress) -> Option<NomadUiPages> {
        self.nomad_ui.load().pages(asked, self.region.as_deref())
    }

    pub(super) fn not_found(&self) -> Option<Arc<NotFoundNames>> {
        self.not_found.clone()
    }
}

fn apexes(settings: &Settings) -> Vec<Name> {
    let zones = settings.zones.zones().iter();
    zones.map(|zone| zone.apex).collect()
}

fn zones(settings: &Settings) -> (ZoneSettings, Vec<ServedName>) {
    let served = |zone: String, source| ServedName { zone, source };
    let apexes = apexes(settings).into_iter();
    let mut all: Vec<_> = apexes.map(|it| served(it.to_string(), "Nomad")).collect();
    let reverse = settings.zones.reverse_networks.iter();
    all.extend(reverse.map(|it| served(it.to_string(), "Nomad, names of addresses (PTR)")));
    let forwarded = settings.forward.iter().flat_map(|it| &it.zones);
    all.extend(forwarded.map(|it| served(it.apex.to_string(), FORWARDED)));
    (settings.zones.clone(), all)
}
