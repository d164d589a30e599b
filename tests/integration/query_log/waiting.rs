//! Answers that are not made at once are recorded once they are there, also those that are longer than the room of an entry.

use hickory_proto::rr::RecordType;
use nomadns::demo::Registration;
use nomadns::query_log::QueryLogFormat;

use super::frames::stream;
use super::{Recording, objects};
use crate::support::clients::Clients;
use crate::support::gateway::until;
use crate::support::question::Question;

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_has_to_be_waited_for_has_its_entry() {
    for format in [QueryLogFormat::Json, QueryLogFormat::Dnstap] {
        let recording = Recording::start(format).await;
        let instance = |last| Registration::new("default", "big").address(format!("10.7.0.{last}"));
        recording.nomad.register((0..200).map(instance));
        let mut clients = Clients::connect(&recording.gateway).await;
        let question = Question::new("big.default.nomad", RecordType::A);
        until("it is known", async || {
            clients.ask_udp(&question).await.decoded.answer.len() == 200
        })
        .await;
        clients.agreed(&question).await;
        let text = recording.end().await;
        let answers: Vec<u64> = match format {
            QueryLogFormat::Dnstap => {
                let all = stream(&text);
                let responses = all.iter().filter(|it| it.number(1) == Some(6));
                responses
                    .map(|it| it.message().answers.len() as u64)
                    .collect()
            }
            _ => {
                let all = objects(&text);
                let big = all.iter().filter(|it| it["name"] == "big.default.nomad.");
                big.map(|it| it["answers"].as_u64().unwrap()).collect()
            }
        };
        // Over TCP (twice, as the answer over UDP is cut short), TLS, HTTPS and as JSON.
        let whole = answers.iter().filter(|count| **count == 200).count();
        assert!(whole >= 6, "{format:?}: {answers:?}");
        let is_cut = |count: &&u64| (1..200).contains(*count);
        assert!(
            answers.iter().filter(is_cut).count() >= 1,
            "{format:?}: {answers:?}"
        );
    }
}
