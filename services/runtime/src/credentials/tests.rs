use std::os::unix::fs::PermissionsExt;

use super::*;

const SECOND: i64 = 1_000_000;

struct World {
    _folder: tempfile::TempDir,
    file: CredentialFile,
    credentials: Credentials,
    now: i64,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("credentials.jsonl");
        let (file, credentials) = (CredentialFile::new(&path), Credentials::open(&path));
        Self { _folder: folder, file, credentials, now: 1_567_123_200 * SECOND }
    }

    fn timestamp(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.now).expect("in range")
    }

    fn add(&self, id: &str, role: Role, reporter: Option<&str>) -> Token {
        let new = NewCredential { id: Some(id), role, reporter, expires: None };
        self.file.add(&new, self.timestamp()).expect("added")
    }

    fn ask(&mut self, token: &str) -> Result<Identity, AuthError> {
        self.now += 2 * SECOND;
        self.credentials.authenticate(Some(format!("Bearer {token}").as_bytes()), self.now)
    }
}

#[test]
fn lets_in_whom_the_file_names_and_sees_changes() {
    let mut world = World::new();
    assert_eq!(world.credentials.authenticate(None, world.now), Err(AuthError::Missing));
    let token = world.add("yc-1", Role::Reporter, Some("yinchuan"));
    let identity = world.ask(token.reveal()).expect("let in");
    assert_eq!((identity.role, identity.reporter.as_deref()), (Role::Reporter, Some("yinchuan")));
    let analyst = world.add("ana", Role::Analyst, None);
    assert_eq!(world.ask(analyst.reveal()).expect("let in").reporter, None);
    world.file.revoke("yc-1", world.timestamp()).expect("revoked");
    assert_eq!(world.ask(token.reveal()), Err(AuthError::Revoked));
    std::fs::remove_file(world.credentials.path()).expect("removed");
    assert_eq!(world.ask(analyst.reveal()), Err(AuthError::Unknown));
}

#[test]
fn looks_at_the_file_at_most_once_a_second() {
    let mut world = World::new();
    let token = world.add("a", Role::Operator, None);
    world.ask(token.reveal()).expect("let in");
    world.file.revoke("a", world.timestamp()).expect("revoked");
    let header = format!("bearer {}", token.reveal());
    assert!(world.credentials.authenticate(Some(header.as_bytes()), world.now).is_ok());
    let later = world.now + SECOND;
    assert_eq!(world.credentials.authenticate(Some(header.as_bytes()), later), Err(AuthError::Revoked));
}

#[test]
fn rotation_overlaps_for_the_grace_period() {
    let mut world = World::new();
    let old = world.add("a", Role::Operator, None);
    let grace = jiff::SignedDuration::from_secs(60);
    let new = world.file.rotate("a", grace, None, world.timestamp()).expect("rotated");
    assert!(world.ask(old.reveal()).is_ok() && world.ask(new.reveal()).is_ok());
    world.now += 60 * SECOND;
    assert_eq!(world.ask(old.reveal()), Err(AuthError::Expired));
    assert!(world.ask(new.reveal()).is_ok());
    world.file.rotate("a", jiff::SignedDuration::ZERO, None, world.timestamp()).expect("rotated");
    assert_eq!(world.file.list().expect("list")[0].secrets.len(), 1, "no grace: the old secret is gone");
    world.file.revoke("a", world.timestamp()).expect("revoked");
    assert!(world.file.rotate("a", grace, None, world.timestamp()).is_err());
}

#[test]
fn wrong_tokens_are_told_apart_only_as_far_as_is_safe() {
    let mut world = World::new();
    let token = world.add("a", Role::Operator, None);
    let secret = token.reveal().rsplit('_').next().expect("secret").to_owned();
    let other = if secret.starts_with('0') { "1" } else { "0" };
    assert_eq!(world.ask(&format!("helan_b_{secret}")), Err(AuthError::Unknown));
    assert_eq!(world.ask(&format!("helan_a_{other}{}", &secret[1..])), Err(AuthError::Unknown));
    for token in ["", "x", "helan_a_", "helan_a_zz", &secret, &format!("helan_A_{secret}"), &format!("helan__{secret}")]
    {
        assert_eq!(world.ask(token), Err(AuthError::Malformed), "{token}");
    }
    let basic = world.credentials.authenticate(Some(b"Basic YTpi"), world.now);
    assert_eq!(basic, Err(AuthError::Malformed));
    assert_eq!(world.credentials.authenticate(Some(b"Bearer \xff"), world.now), Err(AuthError::Malformed));
}

#[test]
fn fails_closed_and_recovers() {
    let mut world = World::new();
    let token = world.add("a", Role::Operator, None);
    let path = world.credentials.path().to_owned();
    let chmod = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("chmod");
    assert!(world.ask(token.reveal()).is_ok());
    chmod(0o640);
    assert_eq!(world.ask(token.reveal()), Err(AuthError::Unavailable));
    let message = world.file.list().expect_err("exposed").to_string();
    assert!(message.contains("chmod 600"), "{message}");
    chmod(0o600);
    assert!(world.ask(token.reveal()).is_ok());
    std::fs::write(&path, "{}\n").expect("written");
    assert_eq!(world.ask(token.reveal()), Err(AuthError::Unavailable));
    assert!(!world.credentials.is_available(world.now));
}

#[test]
fn neither_file_nor_debug_holds_a_secret() {
    let world = World::new();
    let token = world.add("a", Role::Operator, None);
    let secret = token.reveal().rsplit('_').next().expect("secret");
    let text = std::fs::read_to_string(world.credentials.path()).expect("file");
    assert!(!text.contains(secret) && !format!("{token:?}").contains(secret));
    let mode = std::fs::metadata(world.credentials.path()).expect("metadata").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_ne!(token, Token::generate("a").expect("token"));
}

#[test]
fn refuses_changes_that_make_no_sense() {
    let world = World::new();
    world.add("a", Role::Operator, None);
    for (id, role, reporter) in [
        (Some("a"), Role::Operator, None),
        (Some("B"), Role::Operator, None),
        (Some("a_b"), Role::Operator, None),
        (Some("c"), Role::Reporter, None),
        (Some("c"), Role::Reporter, Some("")),
        (Some("c"), Role::Analyst, Some("yinchuan")),
    ] {
        let new = NewCredential { id, role, reporter, expires: None };
        assert!(world.file.add(&new, world.timestamp()).is_err(), "{new:?}");
    }
    assert!(world.file.revoke("b", world.timestamp()).is_err());
    assert_eq!(world.file.list().expect("list").len(), 1);
}

/// What a client computes from a token (RFC 5802).
fn proof(token: &str, challenge: &Challenge, messages: &[u8]) -> Vec<u8> {
    let salted = scram::salted(token.as_bytes(), &challenge.salt, challenge.iterations);
    let key = scram::hmac(&salted, &[b"Client Key"]);
    let signature = scram::hmac(&scram::hash(&key), &[messages]);
    key.iter().zip(signature).map(|(byte, other)| byte ^ other).collect()
}

#[test]
fn a_token_is_proven_without_being_sent() {
    let mut world = World::new();
    let token = world.add("bi", Role::Analyst, None);
    let challenge = world.credentials.challenge("bi", true, world.now).expect("readable").expect("it has a verifier");
    let right = proof(token.reveal(), &challenge, b"messages");
    let (_, proven) = challenge.judge(b"messages", &right).expect("the right token");
    assert!(challenge.judge(b"other messages", &right).is_none());
    let other = Token::generate("bi").expect("token");
    assert!(challenge.judge(b"messages", &proof(other.reveal(), &challenge, b"messages")).is_none());
    assert_eq!(world.credentials.holds(&proven, world.now).expect("valid").role, Role::Analyst);

    // Both tokens of a rotated one are proven by the same salt; the old one until it ends.
    let new = world.file.rotate("bi", jiff::SignedDuration::from_secs(60), None, world.timestamp()).expect("rotated");
    world.now += 2 * SECOND;
    let challenge = world.credentials.challenge("bi", true, world.now).expect("readable").expect("both have verifiers");
    for token in [&token, &new] {
        assert!(challenge.judge(b"m", &proof(token.reveal(), &challenge, b"m")).is_some(), "{token:?}");
    }
    world.now += 60 * SECOND;
    assert_eq!(world.credentials.holds(&proven, world.now), Err(AuthError::Expired));
    world.file.revoke("bi", world.timestamp()).expect("revoked");
    world.now += 2 * SECOND;
    assert_eq!(world.credentials.holds(&proven, world.now), Err(AuthError::Revoked));
}

#[test]
fn who_is_not_there_looks_like_who_is() {
    let world = World::new();
    let token = world.add("bi", Role::Analyst, None);
    let ask = |id| world.credentials.challenge(id, true, world.now).expect("readable").expect("a challenge");
    let (nobody, again, other) = (ask("nobody"), ask("nobody"), ask("other"));
    assert_eq!((nobody.salt.len(), nobody.iterations), (ask("bi").salt.len(), ask("bi").iterations));
    assert!(nobody.salt == again.salt && nobody.salt != other.salt);
    assert!(nobody.judge(b"m", &proof(token.reveal(), &nobody, b"m")).is_none());
}

#[test]
fn proofs_that_cannot_be_read_are_not_written_over() {
    let mut world = World::new();
    let token = world.add("bi", Role::Analyst, None);
    let file = CredentialFile::new(world.credentials.path());
    let whole = std::fs::read_to_string(file.proofs_path()).expect("proofs");
    let torn = &whole[..whole.len() / 2];
    std::fs::write(file.proofs_path(), torn).expect("written");
    assert!(world.ask(token.reveal()).is_ok(), "a sent token is accepted");
    let refused = file.revoke("bi", jiff::Timestamp::now()).expect_err("its proof would be lost").to_string();
    assert!(refused.contains(".scram, line 1:"), "{refused}");
    assert_eq!(std::fs::read_to_string(file.proofs_path()).expect("proofs"), torn);
    std::fs::write(file.proofs_path(), whole).expect("written");
    file.revoke("bi", jiff::Timestamp::now()).expect("readable again");
}

#[test]
fn a_credential_from_before_has_nothing_to_be_proven_by_and_goes_on() {
    let mut world = World::new();
    let token = world.add("old", Role::Analyst, None);
    let line = std::fs::read_to_string(world.credentials.path()).expect("file");
    let entry: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    let members: Vec<_> = entry["secrets"][0].as_object().expect("a secret").keys().collect();
    assert_eq!(members, ["created", "sha256"], "what builds from before know");
    std::fs::remove_file(CredentialFile::new(world.credentials.path()).proofs_path()).expect("a file of proofs");
    assert!(world.ask(token.reveal()).is_ok());
    assert!(world.credentials.challenge("old", true, world.now).expect("readable").is_none());
    let sent = world.credentials.sent("old", token.reveal()).expect("a token");
    assert!(world.credentials.holds(&sent, world.now).is_ok());
    assert!(world.credentials.sent("other", token.reveal()).is_none(), "the user is the credential");
}
