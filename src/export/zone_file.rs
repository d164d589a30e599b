//! Writes one zone, name by name as the router answers, with the records of only one name in memory.

use std::collections::HashSet;
use std::io::{self, Write};

use super::lines::Lines;
use crate::answers::{Router, Zone, ZoneSettings, names};
use crate::catalog::View;
use crate::dns::{Name, RecordType};

/// What names have, in the order in which it is written.
const TYPES: [RecordType; 8] = [
    RecordType::SOA,
    RecordType::NS,
    RecordType::CNAME,
    RecordType::A,
    RecordType::AAAA,
    RecordType::SRV,
    RecordType::HTTPS,
    RecordType::TXT,
];

/// The most records of a set that every server loads: BIND's `max-records-per-type` by default.
const SET_RECORDS: usize = 100;

/// Writes master files.
pub(super) struct ZoneFile<'a, W> {
    pub(super) router: Router,
    pub(super) settings: &'a ZoneSettings,
    pub(super) view: &'a View,
    pub(super) out: &'a mut W,
}

impl<W: Write> ZoneFile<'_, W> {
    pub(super) async fn write(&mut self, zone: &Zone) -> io::Result<()> {
        self.write_header(zone)?;
        self.write_largest_set(zone).await?;
        writeln!(self.out, "$ORIGIN {}", zone.apex)?;
        for name in names(self.settings, zone, self.view) {
            self.write_name(&name).await?;
        }
        for cut_out in self.settings.zones_cut_out(zone) {
            let apex = &cut_out.apex;
            writeln!(self.out, "; {apex} is a zone of its own, delegated here")?;
            self.write_records(apex, RecordType::NS).await?;
            for glue in [RecordType::A, RecordType::AAAA] {
                self.write_records(&cut_out.name_server, glue).await?;
            }
        }
        Ok(())
    }

    fn write_header(&mut self, zone: &Zone) -> io::Result<()> {
        let (version, index) = (env!("CARGO_PKG_VERSION"), self.view.snapshot().index());
        write!(
            self.out,
            "\
; Zone {apex} as nomadns {version} answers for it, read from Nomad at index {index}.
;
; Left out, though nomadns answers for it: names with several tags (TAG.TAG.SERVICE.NAMESPACE), a tag that is
; called `*` as a wildcard is, HEX.addr.NAMESPACE of addresses that are not of the namespace,
; and what may not stand beside a CNAME in a zone (RFC 1034, 3.6.2), which is written as a comment.
; BIND loads addresses at names with underscores only with `check-names ignore`.
",
            apex = zone.apex
        )
    }

    /// Says what a set that is larger than others take is in need of.
    async fn write_largest_set(&mut self, zone: &Zone) -> io::Result<()> {
        let Some((name, count)) = self.largest_set(zone).await else {
            return Ok(());
        };
        write!(
            self.out,
            "\
; {name} has {count} records of one type. BIND 9.18.28 and later load more than 100 only with
; `max-records-per-type 0`, which it needs as a forwarder too; PowerDNS Recursor keeps more than 256 only with a
; larger `max-rrset-size`.
"
        )
    }

    /// The largest of the sets that are larger than `SET_RECORDS`; a service's are at its own name.
    async fn largest_set(&mut self, zone: &Zone) -> Option<(Name, usize)> {
        let services = self.view.snapshot().iter();
        let large = services.filter(|(_, _, found)| found.instances().count() > SET_RECORDS);
        let large: HashSet<Name> = large
            .filter_map(|(namespace, service, _)| {
                let labels = [service.as_bytes(), namespace.as_bytes()].into_iter();
                Name::from_labels(labels.chain(zone.apex.labels().iter())).ok()
            })
            .collect();
        if large.is_empty() {
            return None;
        }
        let mut largest: Option<(Name, usize)> = None;
        for name in names(self.settings, zone, self.view).filter(|name| large.contains(name)) {
            if !Lines::ask(&mut self.router, &name, RecordType::CNAME)
                .await
                .is_empty()
            {
                continue;
            }
            for record_type in TYPES {
                let count = Lines::ask(&mut self.router, &name, record_type).await.len();
                if count > largest.map_or(SET_RECORDS, |(_, most)| most) {
                    largest = Some((name, count));
                }
            }
        }
        largest
    }

    /// Writes all records of a name.
    async fn write_name(&mut self, name: &Name) -> io::Result<()> {
        let mut all = Vec::with_capacity(TYPES.len());
        for record_type in TYPES {
            all.push((
                record_type,
                Lines::ask(&mut self.router, name, record_type).await,
            ));
        }
        let is_host = |record_type: RecordType| record_type == RecordType::CNAME;
        let has_host = all
            .iter()
            .any(|(record_type, lines)| is_host(*record_type) && !lines.is_empty());
        for (record_type, lines) in &all {
            let prefix = if has_host && !is_host(*record_type) {
                "; "
            } else {
                ""
            };
            lines.write(prefix, self.out)?;
        }
        Ok(())
    }

    async fn write_records(&mut self, name: &Name, record_type: RecordType) -> io::Result<()> {
        let lines = Lines::ask(&mut self.router, name, record_type).await;
        lines.write("", self.out)
    }
}
