//! The log on a broker behind TLS and a password: built only with the feature `kafka-tls`.

use std::collections::BTreeMap;

use helan_log::conformance::{self, create, numbered};
use helan_log::{OpenOptions, open};
use helan_tests::kafka::Broker;

/// What a reader of ours and a producer of ours do over TLS with a password, and that nothing else is let in.
#[tokio::test(flavor = "multi_thread")]
async fn a_guarded_broker_is_reached_with_its_certificate_and_password_only() {
    let broker = Broker::start_guarded("helan", "right-password").expect("a broker");
    let with = |changes: &[(&str, &str)]| {
        let certificate = broker.certificate().display().to_string();
        let mut kafka: BTreeMap<_, _> = [
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.username", "helan"),
            ("sasl.password", "right-password"),
            ("ssl.ca.location", &certificate),
        ]
        .into();
        kafka.extend(changes.iter().copied());
        let kafka = kafka.into_iter().filter(|(_, value)| !value.is_empty());
        let kafka = kafka.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        OpenOptions { topics: vec!["guarded".to_owned()], kafka, ..OpenOptions::writing() }
    };
    let url = format!("kafka://{}", broker.bootstrap());
    let log = open(&url, with(&[])).await.expect("it opens");
    create(&*log, "guarded", 2).await;
    let address = log.append(numbered("guarded", 1)).await.expect("acknowledged");
    let mut subscription = log.subscribe("reader", &["guarded"]).await.expect("subscribed");
    let read = conformance::read(&mut *subscription, &BTreeMap::new(), 1).await;
    assert_eq!(read[&address.at], [1]);
    // Why, the client's own log lines tell: a call only learns that nobody answers.
    for changes in [
        vec![("sasl.password", "wrong-password")],
        vec![("ssl.ca.location", "")],
        vec![("security.protocol", "PLAINTEXT"), ("sasl.mechanism", "")],
    ] {
        let error = refused(&url, with(&changes)).await;
        assert!(!error.contains("password"), "{changes:?}: {error}");
    }
}

/// Why a log cannot be used: an append fails, if opening does not.
async fn refused(url: &str, options: OpenOptions) -> String {
    let error = match open(url, options).await {
        Ok(log) => log.append(numbered("guarded", 2)).await.map(drop).expect_err("the broker lets nobody in"),
        Err(error) => error,
    };
    error.to_string()
}
