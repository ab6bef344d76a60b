//! The lake: does its store keep its promises, does it open, and does its newest event agree with the clock?

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use helan_lake::cells::{Difference, difference};
use helan_lake::{Cursor, Lake, LakeError, Verified};
use helan_query::{Session, kept_catalogs};
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;
use url::Url;

use super::{Examined, Finding, clock};

/// Bytes of files that are compared unless all are asked for: seconds on any disk.
const COMPARED: u64 = 1024 * MIB;
const MIB: u64 = 1024 * 1024;

/// The lake, none if it was never created, or why it does not open.
pub(super) type Opened = Result<Option<Lake>, LakeError>;

pub(super) async fn open(url: &Url) -> Opened {
    match Lake::open(url).await {
        Ok(lake) => Ok(Some(lake)),
        Err(LakeError::NoLake(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The catalog by which the lake was filled last; none where it has none, or it cannot be read.
pub(super) async fn catalog_of(opened: &Opened) -> Option<Catalog> {
    let Ok(Some(lake)) = opened else { return None };
    let versions = lake.newest(Table::CatalogVersions).await.ok()?;
    kept_catalogs(&versions).await.ok()?.last()?.load().ok()
}

pub(super) async fn check(examined: &Examined, opened: &Opened) -> Vec<Finding> {
    let mut findings = Vec::from_iter(store(examined).await);
    let mut newest = None;
    match opened {
        Ok(Some(lake)) => match events(lake).await {
            Ok((rows, last)) => {
                newest = last;
                findings.push(Finding::ok(
                    "lake",
                    format!("{}：{rows} 个事件", lake.url()),
                    format!("{}: {rows} events", lake.url()),
                ));
            }
            Err(error) => findings.push(broken(&examined.lake, &error)),
        },
        Ok(None) => findings.push(Finding::warn(
            "lake",
            (format!("{} 尚无数据湖", examined.lake), format!("there is no lake yet at {}", examined.lake)),
            (
                "首次启动 helan up 或 helan aggregate 会创建；若应已有数据，请检查 --lake",
                "the first start of helan up or helan aggregate makes it; if there should be data, look at --lake",
            ),
        )),
        Err(error) => findings.push(broken(&examined.lake, &error.to_string())),
    }
    if let Ok(Some(lake)) = opened {
        let most = if examined.all_files { u64::MAX } else { COMPARED };
        findings.push(match lake.verify(&mut Cursor::anywhere(), most).await {
            Ok(verified) => files(&verified),
            Err(error) => broken(&examined.lake, &error.to_string()),
        });
        match difference(lake).await {
            Ok(found) => findings.extend(found.filter(|found| !found.is_settled).map(|found| differs(&found))),
            Err(error) => findings.push(broken(&examined.lake, &error.to_string())),
        }
    }
    findings.extend(examined.lake.to_file_path().ok().and_then(|dir| readable_by_all(&dir)));
    let zone = examined.catalog.as_ref().map_or("UTC", |catalog| catalog.head.time_zone.as_str());
    findings.push(clock::judge(examined.now, newest, zone));
    findings
}

/// What comparing the lake's files with their digests found.
fn files(verified: &Verified) -> Finding {
    let Verified { files, bytes, without, left, damaged } = verified;
    let (mib, left) = (bytes.div_ceil(MIB), left.div_ceil(MIB));
    if !damaged.is_empty() {
        return Finding::fail(
            "lake_files",
            (damaged.join("\n"), damaged.join("\n")),
            (
                "停止全部角色，用同一份备份恢复日志和数据湖（helan restore），或由日志重建（helan rebuild）；并检查磁盘",
                "stop every role, restore log and lake from one backup (helan restore), or build the lake again from the log (helan rebuild); then look at the disk",
            ),
        );
    }
    let mut zh = format!("{files} 个文件（{mib} MiB）与写入时一致");
    let mut en = format!("{files} files ({mib} MiB) are what was written");
    if *without > 0 {
        zh.push_str(&format!("；{without} 个文件由早期版本或其他程序写入，没有校验值"));
        en.push_str(&format!("; {without} have no digest: an earlier build or another program wrote them"));
    }
    if left > 0 {
        zh.push_str(&format!("；其余 {left} MiB 未检查：加 --all-files"));
        en.push_str(&format!("; {left} MiB were left: --all-files"));
    }
    Finding::ok("lake_files", zh, en)
}

/// Cached cells differ from the events.
fn differs(found: &Difference) -> Finding {
    let Difference { cells, one: (area, indicator, period), .. } = found;
    Finding::fail(
        "lake_cells",
        (
            format!(
                "核对发现 {cells} 个单元格的数值缓存与事件不一致（其中之一：{area} {indicator} {period}），已暂停发布"
            ),
            format!(
                "an audit found {cells} cached cells that do not match the events ({area} {indicator} {period} is one); nothing is published"
            ),
        ),
        (
            "运行 helan maintain --audit；并用 helan rollup --reproduce ID 重现上次核对以来发布的结果",
            "run helan maintain --audit; and helan rollup --reproduce ID for what was published since the audit before",
        ),
    )
}

/// Whether the object store keeps to conditional writes; nothing to say of a local disk, which has checks of its own.
async fn store(examined: &Examined) -> Option<Finding> {
    let url = &examined.lake;
    if url.scheme() == "file" {
        return None;
    }
    Some(match Lake::check_store(url).await {
        Ok(()) => Finding::ok(
            "lake_store",
            format!("{url}：条件写入（If-None-Match）有效"),
            format!("{url}: conditional writes (If-None-Match) are kept to"),
        ),
        Err(error @ LakeError::Place { .. }) => Finding::fail(
            "lake_store",
            (error.to_string(), error.to_string()),
            (
                "换用支持条件写入的存储或更正地址；在此之前不要启动 helan",
                "use another store, or correct the address; start nothing before",
            ),
        ),
        Err(error) => Finding::fail(
            "lake_store",
            (format!("{url}：{error}"), format!("{url}: {error}")),
            (
                "检查 AWS_ENDPOINT_URL、AWS_REGION、访问密钥，以及对该路径的读、写、列出和删除权限",
                "look at AWS_ENDPOINT_URL, AWS_REGION, the credentials, and the right to read, write, list and delete there",
            ),
        ),
    })
}

/// A lake of an earlier build has the modes that the umask left.
fn readable_by_all(dir: &Path) -> Option<Finding> {
    let mode = std::fs::metadata(dir).ok()?.permissions().mode();
    let shown = dir.display();
    (mode & 0o007 != 0).then(|| {
        Finding::warn(
            "lake",
            (
                format!("{shown} 对所有用户开放（权限 {:o}）", mode & 0o777),
                format!("{shown} is open to every user of this machine (mode {:o})", mode & 0o777),
            ),
            ("运行 chmod -R o-rwx；新文件只对属主和属组可读", "chmod -R o-rwx; new files are for owner and group only"),
        )
    })
}

fn broken(url: &Url, error: &str) -> Finding {
    Finding::fail(
        "lake",
        (format!("{url}：{error}"), format!("{url}: {error}")),
        ("查看错误所指的表；必要时从备份恢复", "look at the table that the error names; restore a backup if need be"),
    )
}

/// Number of events, and when the newest was recorded.
async fn events(lake: &Lake) -> Result<(i64, Option<i64>), String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let session = Session::open(lake, None).await.map_err(|error| told(&error))?;
    let frame = session.sql("select count(*), max(recorded_at) from events").await.map_err(|error| told(&error))?;
    let batches = frame.collect().await.map_err(|error| told(&error))?;
    let batch = batches.first().filter(|batch| batch.num_rows() == 1).ok_or("the count has no row")?;
    let rows = batch.column(0).as_primitive::<arrow::datatypes::Int64Type>().value(0);
    let newest = batch.column(1).as_primitive_opt::<TimestampMicrosecondType>();
    Ok((rows, newest.filter(|column| !arrow::array::Array::is_null(column, 0)).map(|column| column.value(0))))
}

#[cfg(test)]
mod tests {
    use super::super::Outcome::Warn;
    use super::*;

    #[test]
    fn a_lake_that_everybody_can_read_is_told() {
        let dir = tempfile::tempdir().expect("a directory");
        for (mode, told) in [(0o755, Some(Warn)), (0o751, Some(Warn)), (0o750, None), (0o700, None)] {
            std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(mode)).expect("a mode");
            assert_eq!(readable_by_all(dir.path()).map(|finding| finding.outcome), told, "{mode:o}");
        }
        assert!(readable_by_all(Path::new("/nonexistent")).is_none());
    }
}
