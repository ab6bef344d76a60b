//! A deployment of Helan in a temporary directory, driven as its users would.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use helan_tests::kafka::Broker;
use helan_tests::s3::Server;
use serde_json::Value;

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// The built binary.
pub(crate) const HELAN: &str = env!("CARGO_BIN_EXE_helan");

/// One data directory, its log, and the processes on them.
pub(crate) struct Deployment {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) broker: Option<Mutex<Broker>>,
    /// The object store, if the lake lies in one.
    pub(crate) objects: Option<Server>,
    pub(crate) client: reqwest::Client,
    /// What every command is told to use; the built-in one without it.
    pub(crate) catalog: Option<PathBuf>,
    /// What every command finds in its environment beside that.
    pub(crate) environment: Vec<(String, String)>,
    /// The binary that runs as every role and command.
    pub(crate) binary: String,
    roles: Mutex<Vec<(String, Child)>>,
    /// Where requests go.
    pub(crate) base: String,
}

/// The log that a deployment is on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    Embedded,
    /// A broker of the deployment's own.
    Kafka,
}

impl Log {
    /// What `HELAN_TEST_LOG` says; the embedded log without it.
    pub(crate) fn chosen() -> Self {
        match std::env::var("HELAN_TEST_LOG").as_deref() {
            Ok("kafka") => Self::Kafka,
            Ok("embedded") | Err(_) => Self::Embedded,
            Ok(other) => panic!("HELAN_TEST_LOG={other}: use embedded or kafka"),
        }
    }
}

/// Whether this run is on Kafka.
pub(crate) fn on_kafka() -> bool {
    Log::chosen() == Log::Kafka
}

/// Whether this run's lakes lie in an object store.
pub(crate) fn on_s3() -> bool {
    match std::env::var("HELAN_TEST_LAKE").as_deref() {
        Ok("s3") => true,
        Ok("local") | Err(_) => false,
        Ok(other) => panic!("HELAN_TEST_LAKE={other}: use local or s3"),
    }
}

impl Deployment {
    /// A directory and the log that this run is for; nothing runs yet.
    pub(crate) fn new(catalog: Option<&Path>) -> Self {
        Self::on(Log::chosen(), catalog)
    }

    /// A directory and a log; nothing runs yet.
    pub(crate) fn on(log: Log, catalog: Option<&Path>) -> Self {
        let broker = (log == Log::Kafka).then(|| Mutex::new(Broker::start().expect("a Kafka broker starts")));
        Self {
            dir: tempfile::tempdir().expect("a temporary directory"),
            broker,
            objects: on_s3().then(|| Server::start().expect("an S3 server starts")),
            client: reqwest::Client::builder().timeout(PATIENCE).build().expect("a client"),
            catalog: catalog.map(Path::to_owned),
            environment: Vec::new(),
            binary: HELAN.to_owned(),
            roles: Mutex::default(),
            base: format!("http://127.0.0.1:{}", free_port()),
        }
    }

    /// `helan up` on the log that this run is for, ready.
    pub(crate) async fn up(catalog: Option<&Path>) -> Self {
        let deployment = Self::new(catalog);
        deployment.start_up().await;
        deployment
    }

    /// Starts `helan up` (again) and waits until it is ready.
    pub(crate) async fn start_up(&self) {
        self.spawn("up", &self.base, &["--flush-age", "200ms", "--partitions", "3"]).await;
    }

    /// Starts a role on an address and waits until it is ready.
    pub(crate) async fn spawn(&self, role: &str, base: &str, arguments: &[&str]) {
        self.launch(role, base, arguments);
        self.wait_until(&format!("{role} is ready"), async || self.is_ready(base).await).await;
    }

    /// Whether what listens on an address says that it is ready.
    pub(crate) async fn is_ready(&self, base: &str) -> bool {
        let answer = self.client.get(format!("{base}/readyz")).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// The log's address as the roles of this deployment are told it; nothing for the embedded one.
    pub(crate) fn log_arguments(&self) -> Vec<String> {
        match &self.broker {
            Some(broker) => {
                let bootstrap = broker.lock().expect("no test panicked with the broker").bootstrap();
                vec!["--log".to_owned(), format!("kafka://{bootstrap}")]
            }
            None => Vec::new(),
        }
    }

    /// Starts a role on an address.
    pub(crate) fn launch(&self, role: &str, base: &str, arguments: &[&str]) {
        self.launch_by(role, base, arguments, |command| command);
    }

    /// Starts a role on an address by a command that was changed: run by another program, or in another environment.
    pub(crate) fn launch_by(
        &self,
        role: &str,
        base: &str,
        arguments: &[&str],
        change: impl FnOnce(Command) -> Command,
    ) {
        let mut command = self.command(&[role, "--listen", base.rsplit('/').next().expect("an address")]);
        command.args(arguments).args(self.log_arguments());
        let mut command = change(command);
        let log = std::fs::File::options().create(true).append(true).open(self.dir.path().join("helan.log"));
        let log = log.expect("a log file");
        command.stdout(log.try_clone().expect("a handle")).stderr(log);
        let child = command.spawn().expect("helan starts");
        self.roles.lock().expect("roles").push((base.to_owned(), child));
    }

    /// Kills what listens on an address, as `kill -9` does.
    pub(crate) fn kill9(&self, base: &str) {
        let mut roles = self.roles.lock().expect("roles");
        let at = roles.iter().position(|(address, _)| address == base).expect("the role runs");
        let (_, mut child) = roles.swap_remove(at);
        child.kill().expect("SIGKILL reaches it");
        child.wait().expect("it is gone");
    }

    /// The id of the process that listens on an address.
    pub(crate) fn pid(&self, base: &str) -> String {
        let roles = self.roles.lock().expect("roles");
        let (_, child) = roles.iter().find(|(address, _)| address == base).expect("the role runs");
        child.id().to_string()
    }

    /// Whether what was started on an address has ended by itself.
    pub(crate) fn has_ended(&self, base: &str) -> bool {
        let mut roles = self.roles.lock().expect("roles");
        let (_, child) = roles.iter_mut().find(|(address, _)| address == base).expect("the role was started");
        child.try_wait().expect("its state").is_some()
    }

    /// Sends a signal to what listens on an address.
    pub(crate) fn signal(&self, base: &str, signal: &str) {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.pid(base)]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Ends what listens on an address with SIGTERM, and returns how it ended.
    pub(crate) fn terminate(&self, base: &str) -> std::process::ExitStatus {
        self.signal(base, "TERM");
        let mut roles = self.roles.lock().expect("roles");
        let at = roles.iter().position(|(address, _)| address == base).expect("the role runs");
        let (_, mut child) = roles.swap_remove(at);
        child.wait().expect("it ends")
    }

    /// A `helan` command on this data directory.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).arg("--data-dir").arg(self.dir.path()).env("LC_ALL", "C.UTF-8");
        if let Some(catalog) = &self.catalog {
            command.env("HELAN_CATALOG", catalog);
        }
        if let Some(objects) = &self.objects {
            command.env("HELAN_LAKE", self.lake()).envs(objects.environment());
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }

    /// Where the lake is: a URL, or a directory.
    pub(crate) fn lake(&self) -> String {
        match &self.objects {
            Some(objects) => objects.url("statistics/lake"),
            None => self.dir.path().join("lake").display().to_string(),
        }
    }

    /// Runs a `helan` command to its end and returns what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("helan runs");
        text_of(&output, arguments)
    }

    /// Runs a `helan` command that must fail and returns what it said.
    pub(crate) fn fails(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("helan runs");
        assert!(!output.status.success(), "helan {arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// The token of a new credential.
    pub(crate) fn token(&self, reporter: &str) -> String {
        self.run(&["credential", "add", "--role", "reporter", "--reporter", reporter]).trim().to_owned()
    }

    /// The rows of a query as CSV, without the heading.
    pub(crate) fn sql(&self, query: &str) -> Vec<String> {
        self.run(&["sql", "-f", "csv", query]).lines().skip(1).map(str::to_owned).collect()
    }

    /// Sends a request; returns status and answer.
    pub(crate) async fn post(
        &self,
        path: &str,
        token: &str,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(token);
        let answer = request.header("content-type", content_type).body(body).send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("the answer is JSON"))
    }

    /// The receipt of a submission, once it is in the lake.
    pub(crate) async fn receipt(&self, token: &str, submission: &str) -> Value {
        let started = Instant::now();
        loop {
            let url = format!("{}/v1/submissions/{submission}", self.base);
            let answer = self.client.get(url).bearer_auth(token).send().await.expect("an answer");
            let receipt: Value = answer.json().await.expect("a receipt is JSON");
            if matches!(receipt["state"].as_str(), Some("accepted" | "repeat" | "refused")) {
                return receipt;
            }
            assert!(started.elapsed() < PATIENCE, "{submission} never settled: {receipt} {}", self.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Posts and returns the receipt; the request must be taken.
    pub(crate) async fn deliver(
        &self,
        path: &str,
        token: &str,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> Value {
        let (status, answer) = self.post(path, token, content_type, body).await;
        assert_eq!(status, 202, "{answer:#}");
        self.receipt(token, answer["submission"].as_str().expect("a submission id")).await
    }

    /// Waits for a condition. Asks no more than half of the time, because asking takes the CPU from what is waited for.
    pub(crate) async fn wait_until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let started = Instant::now();
        let mut asked = Instant::now();
        while !condition().await {
            assert!(started.elapsed() < PATIENCE, "waited in vain: {what}\n{}", self.log());
            tokio::time::sleep(asked.elapsed().max(Duration::from_millis(50))).await;
            asked = Instant::now();
        }
    }

    /// The end of what the roles logged, for messages.
    pub(crate) fn log(&self) -> String {
        let text = std::fs::read_to_string(self.dir.path().join("helan.log")).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        for (_, child) in self.roles.get_mut().expect("roles") {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a command printed; it must have ended well.
pub(crate) fn text_of(output: &Output, arguments: &[&str]) -> String {
    let text = String::from_utf8(output.stdout.clone()).expect("helan writes UTF-8");
    assert!(output.status.success(), "helan {arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// What a program printed; it must end well.
pub(crate) fn printed_by(program: &mut Command) -> String {
    let output = program.output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("it writes UTF-8");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// The Python of the tests.
pub(crate) fn python() -> Command {
    let python = std::env::var("HELAN_TEST_PYTHON");
    Command::new(python.expect("HELAN_TEST_PYTHON names a Python with packages; tests/run sets it up"))
}

/// Copies a file, or a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.expect("cp runs").success());
}

/// A port that nothing listens on now.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// The repository's root.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
