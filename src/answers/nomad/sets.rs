//! The records of instances: made for each answer if there are few, prepared once if there are many.
//!
//! Floor 2. Names that match the same instances of a service share one set of records, however they are written.

use super::chosen::SelectedInstances;
use super::prepared::{PreparedKey, PreparedKind, PreparedSet};
use super::records::{MadeFor, is_described, push_each};
use super::selection::Selection;
use super::{Context, TooCostly};
use crate::answers::Effort;
use crate::catalog::{PlaceSet, Service};
use crate::dns::{AnswerBuilder, RecordType};

/// Appends what is asked for of instances, but for their alias.
///
/// # Errors
/// It costs more than may be done now.
pub(super) fn push_instances(
    context: &Context<'_>,
    builder: &mut AnswerBuilder,
    service: &Service,
    selection: &Selection<'_>,
    taken: &PlaceSet,
    chosen: &SelectedInstances<'_>,
) -> Result<(), TooCostly> {
    let asked = context.query.record_type;
    let is_there = match asked {
        RecordType::A | RecordType::AAAA | RecordType::SRV | RecordType::ANY => true,
        RecordType::TXT => is_described(context, service, selection),
        RecordType::HTTPS => context.settings.https_tag.is_some(),
        _ => false,
    };
    if !is_there {
        return Ok(());
    }
    if let SelectedInstances::Few(instances) = chosen {
        push_each(
            context,
            builder,
            selection,
            instances.clone(),
            MadeFor::Question,
        );
        return Ok(());
    }
    // Behind CNAMEs the records belong to another name than the question.
    let is_shared = *context.name == context.query.name;
    let key = PreparedKey {
        version: service.version(),
        taken: taken.clone(),
        what: PreparedKind::Records {
            asked,
            is_service_name: selection.is_service_name(),
            targets: selection.addresses().unwrap_or(context.zone.addresses),
        },
    };
    let found = is_shared.then(|| context.prepared.find(&key)).flatten();
    if let Some(PreparedSet::Records(answer)) = found {
        builder.adopt(&answer);
        return Ok(());
    }
    if context.effort == Effort::Bounded {
        return Err(TooCostly);
    }
    if !is_shared {
        push_each(
            context,
            builder,
            selection,
            chosen.to_vec(),
            MadeFor::Question,
        );
        return Ok(());
    }
    let mut own = AnswerBuilder::new(context.name);
    push_each(
        context,
        &mut own,
        selection,
        chosen.to_vec(),
        MadeFor::Names,
    );
    let answer = own.finish();
    builder.adopt(&answer);
    context.prepared.keep(key, PreparedSet::Records(answer));
    Ok(())
}
