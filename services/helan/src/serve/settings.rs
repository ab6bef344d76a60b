//! What a process runs by: its roles, and everything that the flags, the environment and the defaults resolve to.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use helan_http::{HttpCounters, Limits, Listening, Tls};
use helan_query::http::SqlLimits;
use helan_runtime::clock::Clock;
use helan_schemas::catalog::{Catalog, ReporterKind};
use url::Url;

use crate::args::Flush;
use crate::fronts::Fronts;
use crate::lang::Lang;
use crate::schedule::Plan;
use crate::show;

/// Which roles to run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roles {
    /// Whose submissions to take; none = no ingest.
    pub(crate) ingest: Vec<ReporterKind>,
    pub(crate) aggregate: bool,
    pub(crate) query: bool,
    /// How often the lake is maintained, if at all.
    pub(crate) maintain_every: Option<Duration>,
    /// Age from which on the log's records are deleted with each maintenance, if ever.
    pub(crate) log_retention: Option<Duration>,
    /// Whether a log may be made under a lake that was filled from another.
    pub(crate) new_log: bool,
    /// Whether reports are taken though the log has some of a later time.
    pub(crate) clock_is_right: bool,
    /// Whether the lake is made for one file only: what the file withdraws lies in another.
    pub(crate) is_trial: bool,
}

/// Everything that the flags, the environment and the defaults resolve to.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) log_url: String,
    pub(crate) kafka_properties: BTreeMap<String, String>,
    pub(crate) partitions: i32,
    pub(crate) replication: i32,
    pub(crate) lake: Url,
    pub(crate) credentials: PathBuf,
    pub(crate) listen: SocketAddr,
    /// The operator's own address, if there is one.
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// The certificate of every listener, if it ends TLS itself.
    pub(crate) tls: Option<Tls>,
    /// A proxy stands before it.
    pub(crate) behind_proxy: bool,
    /// Longest time from the first signal to the end.
    pub(crate) shutdown_time: Duration,
    pub(crate) flush: Flush,
    pub(crate) sql: SqlLimits,
    /// Where front ends beside HTTP listen.
    pub(crate) fronts: Fronts,
    pub(crate) schedule: Option<Plan>,
    pub(crate) roles: Roles,
    /// By which reports are received; the demo's lives through past years.
    pub(crate) clock: Clock,
}

impl Settings {
    fn encryption(&self, lang: Lang) -> &'static str {
        match (&self.tls, self.behind_proxy) {
            (Some(_), false) => lang.pick("本进程终结 TLS", "TLS ends here"),
            (Some(_), true) => lang.pick("代理与本进程之间使用 TLS", "TLS between the proxy and here"),
            (None, true) => lang.pick("由代理终结 TLS", "TLS ends at the proxy"),
            (None, false) => lang.pick("无，仅限本机", "none, this machine only"),
        }
    }

    /// How a listener of this process is served.
    pub(super) fn listening(&self, name: &'static str, limits: Limits, counters: &HttpCounters) -> Listening {
        let (tls, behind_proxy) = (self.tls.clone(), self.behind_proxy);
        Listening { tls, behind_proxy, ..Listening::new(name, limits, counters.clone()) }
    }

    /// The resolved settings, one a line. Values of Kafka properties may be secrets: only their names are shown.
    pub(crate) fn describe(&self, catalog: &Catalog, lang: Lang) -> String {
        // Named one by one, so that none is left out; `encryption` tells of both that it is made of.
        let Self {
            log_url,
            kafka_properties,
            partitions,
            replication,
            lake,
            credentials,
            listen,
            metrics_listen,
            tls: _,
            behind_proxy: _,
            shutdown_time: shutdown,
            flush: Flush { flush_age: age, flush_bytes: most },
            sql,
            fronts: Fronts { postgres_listen, flight_listen },
            schedule,
            roles,
            clock: _,
        } = self;
        let mut text = lang.pick("\n生效的设置：\n", "\nWhat these amount to:\n").to_owned();
        let ingest: Vec<_> = roles.ingest.iter().map(|kind| kind.code()).collect();
        let properties: Vec<_> = kafka_properties.keys().map(String::as_str).collect();
        let is_on = |on: bool| lang.pick(if on { "是" } else { "否" }, if on { "true" } else { "false" }).to_owned();
        let every =
            |time: Option<Duration>, zh, en| time.map_or_else(|| lang.pick(zh, en).to_owned(), |it| format!("{it:?}"));
        let (time, memory, total, rows, bytes) = (sql.time, sql.memory, sql.total_memory, sql.rows, sql.bytes);
        let (queries, each) = (sql.queries, sql.queries_each);
        let (limits, flush, within) = match lang {
            Lang::Zh => (
                format!(
                    "{time:?}；内存 {memory} 字节，合计 {total}；{rows} 行，{bytes} 字节；同时 {queries} 个查询，每个访问令牌 {each} 个"
                ),
                format!("{age:?} 或 {most} 字节后"),
                format!("{shutdown:?} 内"),
            ),
            Lang::En => (
                format!(
                    "{time:?}; {memory} of {total} bytes of memory; {rows} rows, {bytes} bytes; {queries} queries, {each} of one credential"
                ),
                format!("after {age:?} or {most} bytes"),
                format!("within {shutdown:?}"),
            ),
        };
        let schedule = schedule.as_ref().map(|plan| plan.describe(catalog, lang));
        let metrics = metrics_listen.map(|it| it.to_string());
        let metrics =
            metrics.unwrap_or_else(|| lang.pick("运维人员，同一地址", "operators, at the same address").to_owned());
        let off_unless = |address: Option<SocketAddr>| {
            address.map_or_else(|| lang.pick("不启用", "off").to_owned(), |address| address.to_string())
        };
        for (zh, en, value) in [
            ("接收", "ingest for", ingest.join(", ")),
            ("入库", "aggregate", is_on(roles.aggregate)),
            ("查询", "query", is_on(roles.query)),
            ("维护间隔", "maintain every", every(roles.maintain_every, "不维护", "never")),
            ("定时发布", "schedule", schedule.unwrap_or_else(|| lang.pick("无", "none").to_owned())),
            ("日志保留", "log retention", every(roles.log_retention, "永久", "for ever")),
            ("日志", "log", log_url.clone()),
            ("Kafka 参数", "kafka properties", properties.join(", ")),
            ("分区数、副本数", "partitions, replication", format!("{partitions}, {replication}")),
            ("数据湖", "lake", lake.to_string()),
            ("指标目录", "catalog", format!("{} {}", catalog.head.id, catalog.digest)),
            ("访问令牌文件", "credentials", credentials.display().to_string()),
            ("监听地址", "listen", listen.to_string()),
            ("加密", "encryption", self.encryption(lang).to_owned()),
            ("PostgreSQL 监听地址", "postgres listen", off_unless(*postgres_listen)),
            ("Flight SQL 监听地址", "flight listen", off_unless(*flight_listen)),
            ("SQL 限额", "sql limits", limits),
            ("指标页", "metrics", metrics),
            ("停机", "shutdown", within),
            ("写入", "flush", flush),
        ] {
            let _ = writeln!(text, "{} {value}", show::padded(lang.pick(zh, en), 24));
        }
        text
    }
}
