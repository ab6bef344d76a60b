//! Files that hold secrets: may only the service read them, and can it read them?

use helan_log::LogUrl;
use helan_runtime::credentials::{CredentialError, CredentialFile, Entry, Role};
use helan_schemas::catalog::Catalog;

use super::{Examined, Finding};

pub(super) fn check(examined: &Examined, catalog: Option<&Catalog>) -> Vec<Finding> {
    let entries = CredentialFile::new(&examined.credentials).list();
    let exists = examined.credentials.exists();
    let path = examined.credentials.display().to_string();
    let mut findings = vec![credentials(&path, exists, entries, catalog, examined.now)];
    if LogUrl::is_kafka(&examined.log_url) {
        findings.push(properties(examined.kafka_properties.as_ref()));
    }
    findings
}

fn credentials(
    path: &str,
    exists: bool,
    entries: Result<Vec<Entry>, CredentialError>,
    catalog: Option<&Catalog>,
    now: i64,
) -> Finding {
    const CHECK: &str = "credentials";
    let entries = match entries {
        Ok(entries) => entries,
        Err(error) => {
            let advice = match error {
                CredentialError::Exposed(_) => (
                    "chmod 600；令牌可能已泄露，请轮换",
                    "chmod 600; the digests were open to others, so rotate the tokens",
                ),
                _ => (
                    "修正后服务会自动重读；修正前所有用户均无法访问",
                    "correct it, services read it again by themselves; until then nobody is let in",
                ),
            };
            return Finding::fail(CHECK, (error.to_string(), error.to_string()), advice);
        }
    };
    let alive = |entry: &&Entry| entry.revoked.is_none() && !entry.secrets.iter().all(|secret| secret.is_expired(now));
    let valid: Vec<&Entry> = entries.iter().filter(alive).collect();
    let senders: Vec<&str> = valid.iter().filter_map(|entry| entry.reporter.as_deref()).collect();
    if senders.is_empty() {
        let found = match exists {
            true => {
                (format!("{path} 中没有可用的报送访问令牌"), format!("{path} has no valid credential of a reporter"))
            }
            false => (format!("{path} 尚不存在"), format!("{path} is not there yet")),
        };
        let advice = (
            "helan credential add --role reporter --reporter 单位",
            "nobody can send; helan credential add --role reporter --reporter ID",
        );
        return Finding::warn(CHECK, found, advice);
    }
    let strangers: Vec<&str> = match catalog {
        Some(catalog) => senders.iter().filter(|reporter| catalog.reporter(reporter).is_none()).copied().collect(),
        None => Vec::new(),
    };
    if !strangers.is_empty() {
        let list = strangers.join(", ");
        return Finding::warn(
            CHECK,
            (format!("指标目录中无这些报送单位：{list}"), format!("the catalog has no such reporters: {list}")),
            (
                "他们的报送会被拒绝；核对指标目录，或吊销访问令牌",
                "what they send is refused; look at the catalog, or revoke the credentials",
            ),
        );
    }
    let operators = valid.iter().filter(|entry| entry.role == Role::Operator).count();
    let (all, sending) = (entries.len(), senders.len());
    Finding::ok(
        CHECK,
        format!("{path}：共 {all} 个，{sending} 个可报送，{operators} 个运维"),
        format!("{path}: {all}, of which {sending} may send and {operators} operate"),
    )
}

fn properties(properties: Result<&std::collections::BTreeMap<String, String>, &String>) -> Finding {
    const CHECK: &str = "kafka_properties";
    match properties {
        Err(error) => Finding::fail(
            CHECK,
            (error.clone(), error.clone()),
            ("按提示修正 --kafka-properties 指向的文件", "correct the file that --kafka-properties names"),
        ),
        Ok(properties) => {
            let protocol = properties.get("security.protocol").map_or("plaintext", String::as_str);
            let found = (format!("security.protocol={protocol}"), format!("security.protocol={protocol}"));
            if protocol.to_ascii_lowercase().contains("ssl") {
                return Finding::ok(CHECK, found.0, found.1);
            }
            Finding::warn(
                CHECK,
                found,
                (
                    "与 Kafka 的往来未加密；跨机器时设 security.protocol=SASL_SSL",
                    "what goes to Kafka is not encrypted; across machines set security.protocol=SASL_SSL",
                ),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use helan_runtime::credentials::NewCredential;

    use super::super::Outcome::{Fail, Ok as Fine, Warn};
    use super::*;

    #[test]
    fn credentials_are_judged_as_services_will_use_them() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("credentials.jsonl");
        let (file, now) = (CredentialFile::new(&path), jiff::Timestamp::UNIX_EPOCH);
        let catalog = Catalog::embedded();
        let judge = |now: jiff::Timestamp| {
            credentials("c", path.exists(), file.list(), Some(&catalog), now.as_microsecond()).outcome
        };
        assert_eq!(judge(now), Warn, "no file");
        let later = now.checked_add(jiff::SignedDuration::from_hours(1)).expect("a time");
        let new = |id, reporter, expires| NewCredential {
            id: Some(id),
            role: Role::Reporter,
            reporter: Some(reporter),
            expires,
        };
        file.add(&new("a", "nx-stats", Some(later)), now).expect("added");
        assert_eq!(judge(now), Fine);
        assert_eq!(judge(later), Warn, "expired");
        file.add(&new("b", "someone-else", None), now).expect("added");
        assert_eq!(judge(now), Warn, "a stranger");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("a mode");
        assert_eq!(judge(now), Fail, "open to others");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        std::fs::write(&path, "{}\n").expect("written");
        assert_eq!(judge(now), Fail, "no credential");
    }

    #[test]
    fn properties_are_judged_by_whether_they_can_be_used_and_encrypt() {
        let with = |protocol: &str| [("security.protocol".to_owned(), protocol.to_owned())].into();
        assert_eq!(properties(Ok(&with("SASL_SSL"))).outcome, Fine);
        assert_eq!(properties(Ok(&with("SASL_PLAINTEXT"))).outcome, Warn);
        assert_eq!(properties(Ok(&Default::default())).outcome, Warn);
        assert_eq!(properties(Err(&"line 1 is no name=value".to_owned())).outcome, Fail);
    }
}
