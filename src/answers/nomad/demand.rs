//! Which services a name may mean, to have them read where the catalogue is filled on demand.
//!
//! Floor 2. The names are those of `grammar`, read from the name alone. One that is found ends the search, so that a
//! query rarely costs more than one read. Elsewhere nothing here is asked.

use super::address_labels::address_from_hex;
use super::grammar::is_underscored;
use super::{Context, NomadZones};
use crate::answers::AnswerError;
use crate::catalog::Coverage;
use crate::dns::{Labels, Query};

/// The most services that one query has read.
const CANDIDATES: usize = 4;

impl NomadZones {
    /// Whether a query has to wait until what it asks for has been read.
    pub(crate) fn is_asked_for(&self, query: &Query) -> bool {
        self.catalog.coverage() == Some(Coverage::OnDemand)
            && self.settings.zone_for(query).is_some()
    }

    /// Has read what a query may mean, one after the other until there is something.
    pub(crate) async fn have_read(&self, query: &Query) -> Result<(), AnswerError> {
        for Candidate { namespace, service } in self.candidates(query) {
            self.catalog.demand(&namespace, &service).await?;
            if self.is_found(query) {
                break;
            }
        }
        Ok(())
    }

    fn candidates(&self, query: &Query) -> Vec<Candidate> {
        let Some(zone) = self.settings.zone_for(query) else {
            return Vec::new();
        };
        let labels = query.name.labels();
        let zones = std::iter::once(zone).chain(self.settings.zones_around(zone));
        let found = zones.flat_map(|zone| candidates(&labels, zone.labels_below(&query.name)));
        found.take(CANDIDATES).collect()
    }

    fn is_found(&self, query: &Query) -> bool {
        let (Some(view), Some(zone)) = (self.catalog.view(), self.settings.zone_for(query)) else {
            return false;
        };
        let context = Context {
            query,
            zone,
            settings: &self.settings,
            view: &view,
        };
        context.read(&query.name.labels()).is_positive()
    }
}

/// A service that a name may mean.
struct Candidate {
    namespace: Box<[u8]>,
    service: Box<[u8]>,
}

/// Tells which services the first `count` labels of a name may mean, whatever exists.
fn candidates(labels: &Labels<'_>, count: usize) -> impl Iterator<Item = Candidate> {
    let last = count.checked_sub(1).and_then(|last| labels.at(last));
    let is_last = |label: &[u8]| last.is_some_and(|last| last.eq_ignore_ascii_case(label));
    let is_address =
        count == 2 && is_last(b"addr") && labels.at(0).and_then(address_from_hex).is_some();
    let plain = (!is_address).then(|| candidate(labels, count)).flatten();
    let in_datacenter = (count > 2 && is_last(b"dc")).then(|| candidate(labels, count - 2));
    plain.into_iter().chain(in_datacenter.flatten())
}

fn candidate(labels: &Labels<'_>, count: usize) -> Option<Candidate> {
    let namespace = labels.at(count.checked_sub(1)?)?;
    let service = match count {
        3 if is_underscored(labels.at(0)?) && is_underscored(labels.at(1)?) => &labels.at(0)?[1..],
        _ => labels.at(count.checked_sub(2)?)?,
    };
    Some(Candidate {
        namespace: namespace.into(),
        service: service.into(),
    })
}
