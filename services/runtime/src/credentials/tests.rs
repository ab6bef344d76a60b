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
