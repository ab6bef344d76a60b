//! Runs roles in this process: each a task on shared parts, all ending together.

mod settings;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use async_trait::async_trait;
use helan_http::{HttpCounters, Limits, Listening};
use helan_ingest::{Outcomes, Own};
use helan_log::Log;
use helan_query::desk::Desk;
use helan_query::http::{LogEnds, PartitionEnd};
use helan_runtime::credentials::Credentials;
use helan_runtime::metrics::Metrics;
use helan_runtime::shutdown::Shutdown;
use helan_schemas::catalog::Catalog;
use tokio::task::JoinSet;

pub(crate) use self::settings::{Roles, Settings};
use crate::connect;
use crate::fronts::{self, Fronts};
use crate::lang::Lang;
use crate::listeners::Addresses;
use crate::maintenance;
use crate::operate::{Operate, join};
use crate::outcomes::OutcomesOfLake;
use crate::own::OwnOfLake;
use crate::say::note;
use crate::schedule::{Counters, Scheduler};
use crate::soundness;
use crate::tables::Tables;

/// Connections at a time to the operator's own address: monitors and a few people.
const OPERATOR_CONNECTIONS: usize = 128;

/// A process whose roles run.
pub(crate) struct Running {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What it counts.
    #[cfg_attr(not(test), expect(dead_code, reason = "the page of metrics is written from a process that runs"))]
    pub(crate) metrics: Metrics,
    tasks: JoinSet<anyhow::Result<()>>,
    shutdown: Shutdown,
    last: Shutdown,
}

impl Running {
    /// Waits until every role has ended. The first that fails ends the others.
    pub(crate) async fn finished(mut self) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            let ended = ended.unwrap_or_else(|panic| Err(anyhow::anyhow!("{panic}")));
            if ended.is_err() {
                self.last.trigger();
                if outcome.is_ok() {
                    outcome = ended;
                }
            }
            self.shutdown.trigger();
        }
        outcome
    }
}

/// Runs the roles until a signal ends them: no more connections are taken, requests under way are answered, then what
/// the aggregator has read is committed and its partitions are given up.
pub(crate) async fn serve(settings: Settings, catalog: Catalog, lang: Lang) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals()?;
    let (credentials, time) = (settings.credentials.clone(), settings.shutdown_time);
    let Fronts { postgres_listen: postgres, flight_listen: flight } = settings.fronts;
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let running = tokio::select! {
        started = start(settings, Arc::new(catalog), shutdown.clone()) => started?,
        // The log or the lake may not answer yet; nothing was taken, so nothing is to be finished.
        () = shutdown.wait() => return Ok(()),
    };
    let address = running.address;
    if let Some(postgres) = postgres {
        match lang {
            Lang::Zh => note!("PostgreSQL 客户端可连接 {postgres}，数据库 helan，用户为令牌编号，密码为令牌"),
            Lang::En => note!(
                "PostgreSQL clients connect to {postgres}: database helan, user = credential id, password = token"
            ),
        }
    }
    if let Some(flight) = flight {
        match lang {
            Lang::Zh => note!("Flight SQL 客户端可连接 {flight}，用户为令牌编号，密码为令牌"),
            Lang::En => note!("Flight SQL clients connect to {flight}: user = credential id, password = token"),
        }
    }
    match lang {
        Lang::Zh => note!("helan 正在监听 {scheme}://{address}；按 Ctrl-C 结束"),
        Lang::En => note!("helan listens on {scheme}://{address}; Ctrl-C ends it"),
    }
    if !credentials.exists() {
        let add = format!("helan credential add --role reporter --reporter ID --credentials {}", credentials.display());
        match lang {
            Lang::Zh => note!("尚无访问令牌，任何单位都不能报送。签发一个：{add}"),
            Lang::En => note!("No credentials yet, so nobody can send. Make one: {add}"),
        }
    }
    let bound = async {
        shutdown.wait().await;
        tokio::time::sleep(time).await;
    };
    tokio::select! {
        outcome = running.finished() => outcome,
        () = bound => anyhow::bail!(
            "not everything ended within {time:?} (--shutdown-time), so it is ended now; what was acknowledged is in \
             the log and is read from there at the next start"
        ),
    }
}

/// Starts the roles; they end by `shutdown`.
pub(crate) async fn start(settings: Settings, catalog: Arc<Catalog>, shutdown: Shutdown) -> anyhow::Result<Running> {
    let (clock, metrics) = (settings.clock.clone(), Metrics::of_process(env!("CARGO_PKG_VERSION")));
    let shown = metrics.clone();
    // Given once requests are answered: what they brought is committed before the aggregator ends.
    let last = Shutdown::new();
    let credentials = Credentials::open(&settings.credentials);
    let counters = HttpCounters::register(&metrics);
    let reports = Listening {
        credentials: Some((credentials.clone(), clock.clone())),
        ..settings.listening("main", Limits::default(), &counters)
    };
    // A start that ends after the lake was opened would leave work of it without its end.
    let addresses = Addresses::take(&settings)?;
    let connected = connect::connect(&settings).await?;
    let (log, gate) = (connected.log.clone(), connected.gate.clone());
    if let Some(lake) = connected.lake.as_ref().filter(|_| settings.roles.aggregate || settings.roles.query) {
        helan_rollup::remember_catalog(lake, &catalog, clock.now()).await?;
    }
    let listeners = addresses.listen()?;
    let address = listeners.main.local_addr()?;
    let mut tasks = JoinSet::new();
    let mut router = axum::Router::new();
    let mut operate = Operate {
        metrics: metrics.clone(),
        probes: Vec::new(),
        document: helan_ingest::document(),
        credentials: credentials.clone(),
        clock: clock.clone(),
    };

    let mut aggregator = None;
    let (mut own, mut outcomes) = (None, None);
    if settings.roles.aggregate || settings.roles.query {
        let lake = connected.lake.clone().context("these roles have a lake")?;
        soundness::register(&metrics, lake.clone());
        if settings.roles.aggregate {
            let status = helan_aggregator::Status::default();
            let config = helan_aggregator::AggregatorConfig {
                flush_bytes: settings.flush.flush_bytes,
                flush_age: settings.flush.flush_age,
                clock: clock.clone(),
                counters: helan_aggregator::Counters::register(&metrics),
                status: status.clone(),
                is_trial: settings.roles.is_trial,
                ..helan_aggregator::AggregatorConfig::new(log.clone(), lake.clone())
            };
            let ending = last.clone();
            tasks.spawn(async move { helan_aggregator::run(config, ending).await.context("the aggregator ended") });
            let lag = helan_aggregator::Lag::register(&metrics);
            let watch = helan_aggregator::watch(log.clone(), status.clone(), lag, clock.clone(), last.clone());
            tasks.spawn(async move {
                watch.await;
                Ok(())
            });
            aggregator = Some(status.clone());
            let now = clock.clone();
            let sound = lake.clone();
            operate.probe("aggregator", move || {
                std::future::ready(status.ready(now.steady()).and_then(|()| sound.sound()))
            });
        }
        if settings.roles.query {
            let tables = Tables::new(lake.clone());
            operate.probe("query", move || {
                let tables = tables.clone();
                async move { tables.ready().await }
            });
            let own_desk = Desk::own(&lake, Some(catalog.clone()))?;
            own = Some(Arc::new(OwnOfLake { desk: own_desk }) as Arc<dyn Own>);
            let waited = helan_query::http::Outcomes::new(lake.clone());
            outcomes = Some(Arc::new(OutcomesOfLake(waited)) as Arc<dyn Outcomes>);
            let ends = LogOfQuery { log: log.clone() };
            let schedule = settings.schedule.clone().map(|plan| {
                let status = Arc::new(Mutex::new(plan.status(&catalog)));
                let scheduler = Scheduler {
                    lake: lake.clone(),
                    catalog: catalog.clone(),
                    plan,
                    clock: clock.clone(),
                    counters: Counters::register(&metrics),
                    status: status.clone(),
                };
                let ending = shutdown.clone();
                tasks.spawn(async move {
                    scheduler.run(ending.clone()).await;
                    // A schedule that has come to its end must not end the other roles.
                    ending.wait().await;
                    Ok(())
                });
                status
            });
            let http = helan_query::http::Http {
                lake: lake.clone(),
                credentials: credentials.clone(),
                clock: clock.clone(),
                log: Arc::new(ends),
                limits: settings.sql.clone(),
                metrics: metrics.clone(),
                schedule,
            };
            let desk = Desk::for_strangers(&lake, &clock, &metrics, settings.sql.clone())?;
            let tls = settings.tls.as_ref();
            let parts = fronts::Parts { desk: &desk, credentials: &credentials, clock: &clock, metrics: &metrics, tls };
            parts.start(listeners.postgres, listeners.flight, &mut tasks, &shutdown)?;
            router = router.merge(helan_query::http::router_of(http, desk));
            operate.document = join(operate.document, helan_query::http::document());
        }
        if let Some(every) = settings.roles.maintain_every {
            let counters = maintenance::Counters::register(&metrics);
            let retention = settings.roles.log_retention.map(|age| (log.clone(), age));
            let rounds = maintenance::run(lake, every, retention, counters, clock.clone(), shutdown.clone());
            tasks.spawn(async move {
                rounds.await;
                Ok(())
            });
        }
    }
    if !settings.roles.ingest.is_empty() {
        let ingest = helan_ingest::Ingest {
            log: log.clone(),
            catalog,
            credentials,
            kinds: settings.roles.ingest.clone(),
            clock,
            limits: helan_ingest::Limits::default(),
            metrics,
            own,
            outcomes,
            status_base: String::new(),
        };
        router = router.merge(helan_ingest::reports(ingest.clone()));
        operate.probe("ingest", move || {
            let (ingest, gate) = (ingest.clone(), gate.clone());
            async move {
                gate.check()?;
                helan_ingest::ready(&ingest).await
            }
        });
        let watch = connect::watch(connected, settings.clone(), aggregator, last.clone());
        tasks.spawn(async move {
            watch.await;
            Ok(())
        });
    }
    if let Some(listener) = listeners.operator {
        let (router, ending) = (operate.clone().open_router(), last.clone());
        let limits = Limits { connections: OPERATOR_CONNECTIONS, ..Limits::default() };
        let listening = settings.listening("operator", limits, &counters);
        tasks.spawn(async move { Ok(helan_http::serve(listener, router, listening, ending).await?) });
    }
    let router = router.merge(operate.router()).fallback(helan_http::not_found);
    let router = router.method_not_allowed_fallback(helan_http::method_not_allowed);
    let router = router.layer(axum::middleware::from_fn(crate::requests::traced));
    let (ending, after) = (shutdown.clone(), last.clone());
    tasks.spawn(async move {
        let served = helan_http::serve(listeners.main, router, reports, ending).await;
        after.trigger();
        Ok(served?)
    });
    Ok(Running { address, metrics: shown, tasks, shutdown, last })
}

/// Tells the query role where the log ends.
struct LogOfQuery {
    log: Arc<dyn Log>,
}

#[async_trait]
impl LogEnds for LogOfQuery {
    async fn ends(&self) -> Result<Vec<PartitionEnd>, String> {
        let identity = self.log.identity().await.map_err(|error| error.to_string())?;
        let mut ends = Vec::new();
        for at in identity.partitions() {
            let helan_log::Ends { first, next } = self.log.ends(&at).await.map_err(|error| error.to_string())?;
            ends.push(PartitionEnd { topic: at.topic.to_string(), partition: at.partition, first, next });
        }
        Ok(ends)
    }
}
