//! What is forwarded comes back: that is found out and said, and makes no storm.

use super::*;

#[tokio::test]
async fn a_loop_is_found_and_answered_and_ends_when_it_ends() {
    let nomad = cast();
    // It forwards to a port where another gateway listens, that forwards to it.
    let other = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let url = format!("udp://{}", other.local_addr().unwrap());
    let gateway = Gateway::with(&nomad.url(), |it| it.forward = Some(all_to(&[url])));
    gateway.until_ready().await;
    other.set_nonblocking(true).unwrap();
    let (relay, target) = (tokio::net::UdpSocket::from_std(other).unwrap(), gateway.dns);
    let relaying = tokio::spawn(async move {
        let back = Arc::new(relay);
        let mut octets = [0; 4096];
        while let Ok((length, from)) = back.recv_from(&mut octets).await {
            let (query, back) = (octets[..length].to_vec(), Arc::clone(&back));
            tokio::spawn(async move {
                let own = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
                own.send_to(&query, target).await.unwrap();
                let mut answer = [0; 4096];
                if let Ok(length) = own.recv(&mut answer).await {
                    drop(back.send_to(&answer[..length], from).await);
                }
            });
        }
    });
    let mut clients = Clients::connect(&gateway).await;
    let question = Question::new("www.example", "A".parse().unwrap());
    crate::support::gateway::until("the loop is found", async || {
        let decoded = clients.ask_udp(&question).await.decoded;
        assert_eq!(decoded.rcode, 2);
        decoded.extended_errors == [23]
    })
    .await;
    assert!(gateway.metric("nomadns_forward_looped_total").await >= 1.0);
    // The cluster's own names are not concerned.
    let own = Question::new("redis.default.nomad", "A".parse().unwrap());
    assert_eq!(clients.ask_udp(&own).await.decoded.rcode, 0);
    relaying.abort();
    gateway.end().await;
}
