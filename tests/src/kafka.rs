//! An Apache Kafka broker for a test: started on free ports, killed, restarted, and gone with the test.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use tempfile::TempDir;

/// Longest wait until a broker answers; after a SIGKILL on a busy machine it takes long.
const READY: Duration = Duration::from_secs(90);

/// A guarded broker's key, and the certificate for its clients.
const KEYSTORE: &str = "broker.p12";
const CERTIFICATE: &str = "broker.pem";

/// One broker that is its own controller. Dropping it ends it.
pub struct Broker {
    directory: TempDir,
    libs: PathBuf,
    ports: (u16, u16),
    process: Option<Process>,
}

/// Deletes topics, as an operator might, and makes them anew with so many partitions.
pub async fn remake_topics(bootstrap: &str, topics: &[&str], partitions: i32) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", bootstrap).create()?;
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(20)));
    let new: Vec<_> = topics
        .iter()
        .map(|topic| NewTopic::new(topic, partitions, TopicReplication::Fixed(1)).set("max.message.bytes", "16777216"))
        .collect();
    for deleted in admin.delete_topics(topics, &options).await? {
        deleted.map_err(|(topic, code)| anyhow::anyhow!("{topic} was not deleted: {code}"))?;
    }
    // The names are free once the broker has forgotten them; of several tries one makes each.
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut missing = new;
    while !missing.is_empty() {
        ensure!(Instant::now() < deadline, "topics were not made anew in time");
        let made = admin.create_topics(&missing, &options).await?;
        let done: Vec<String> = made.into_iter().filter_map(Result::ok).collect();
        missing.retain(|topic| !done.iter().any(|name| name == topic.name));
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

impl Broker {
    /// Copies the jars (once), formats a directory, and starts a broker that answers.
    pub fn start() -> Result<Self> {
        Self::start_as(None)
    }

    /// A broker that speaks TLS only, with [`Broker::certificate`], and asks for a user's password (SCRAM-SHA-512).
    pub fn start_guarded(user: &str, password: &str) -> Result<Self> {
        Self::start_as(Some((user, password)))
    }

    fn start_as(guard: Option<(&str, &str)>) -> Result<Self> {
        let libs = jars()?;
        let directory = tempfile::tempdir()?;
        let ports = free_ports()?;
        let mut settings = fs::read_to_string(sources().join("server.properties"))?;
        if let Some((user, password)) = guard {
            let guarded = fs::read_to_string(sources().join("guarded.properties"))?
                .replace("@USER@", user)
                .replace("@PASSWORD@", password)
                .replace("@KEYSTORE@", &directory.path().join(KEYSTORE).display().to_string())
                .replace("@CERTIFICATE@", &directory.path().join(CERTIFICATE).display().to_string());
            settings = settings.replace("PLAINTEXT://", "SASL_SSL://") + &guarded;
            make_certificate(directory.path(), password)?;
        }
        let data = directory.path().join("data");
        let settings = settings
            .replace("@BROKER_PORT@", &ports.0.to_string())
            .replace("@CONTROLLER_PORT@", &ports.1.to_string())
            .replace("@DATA@", &data.display().to_string());
        fs::write(directory.path().join("server.properties"), settings)?;
        let mut broker = Self { directory, libs, ports, process: None };
        broker.format(guard)?;
        broker.restart()?;
        Ok(broker)
    }

    /// The certificate that a guarded broker shows, in PEM.
    pub fn certificate(&self) -> PathBuf {
        self.directory.path().join(CERTIFICATE)
    }

    /// `HOST:PORT` for clients; the same for the broker's whole life.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.ports.0)
    }

    /// Ends the broker with SIGKILL, in whatever it is doing.
    pub fn kill9(&mut self) {
        if let Some(process) = self.process.take() {
            process.end(End::Kill);
        }
    }

    /// Starts the broker (again) on the same data and port, and waits until it answers.
    pub fn restart(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "the broker runs");
        let log = self.directory.path().join("broker.log");
        let output = fs::File::options().create(true).append(true).open(&log)?;
        let mut java = self.java();
        java.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "kafka.Kafka", "server.properties"]);
        java.stdout(output.try_clone()?).stderr(output);
        let started_at = fs::metadata(&log)?.len();
        let mut process = Process::start(java)?;
        let deadline = Instant::now() + READY;
        let answers = || -> bool {
            let lines = fs::read(&log).unwrap_or_default();
            let lines = String::from_utf8_lossy(lines.get(started_at as usize..).unwrap_or_default()).into_owned();
            let address = (Ipv4Addr::LOCALHOST, self.ports.0).into();
            lines.contains("Kafka Server started")
                && TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
        };
        while !answers() {
            if let Some(status) = process.ended() {
                bail!("the broker ended with {status}:\n{}", tail(&log));
            }
            if Instant::now() > deadline {
                bail!("the broker does not answer after {READY:?}:\n{}", tail(&log));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.process = Some(process);
        Ok(())
    }

    fn format(&self, guard: Option<(&str, &str)>) -> Result<()> {
        // A cluster id is 16 bytes in URL-safe base64; these come from the directory's random name.
        let name = self.directory.path().file_name().context("a directory has a name")?.to_string_lossy().into_owned();
        let letters: String =
            name.chars().chain(std::iter::repeat('A')).filter(char::is_ascii_alphanumeric).take(21).collect();
        let mut java = self.java();
        java.args(["-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format", "--standalone", "--cluster-id"]);
        java.arg(letters + "A").args(["--config", "server.properties"]);
        if let Some((user, password)) = guard {
            java.args(["--add-scram", &format!("SCRAM-SHA-512=[name={user},password={password}]")]);
        }
        let output = java.output()?;
        let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "the broker's directory cannot be formatted: {said}");
        Ok(())
    }

    /// Java with Kafka's classes, in the broker's directory.
    fn java(&self) -> Command {
        let mut java = Command::new("setpriv");
        java.args(["--pdeathsig", "KILL", "java", "-cp"]);
        java.arg(format!("{}/*", self.libs.display())).current_dir(self.directory.path()).stdin(Stdio::null());
        java
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.end(End::Terminate);
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) enum End {
    Kill,
    Terminate,
}

/// A child with a thread of its own: a death signal is sent when the *thread* that started the child ends, and a
/// test's thread ends before others have done with a shared broker.
pub(crate) struct Process {
    end: Sender<End>,
    ended: Receiver<ExitStatus>,
    thread: JoinHandle<()>,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let ((end, orders), (tell, ended)) = (channel(), channel());
        let (started, start) = channel();
        let thread = std::thread::spawn(move || match command.spawn() {
            Ok(child) => {
                drop(started.send(Ok(())));
                if let Some(status) = watch(child, &orders) {
                    _ = tell.send(status);
                }
            }
            Err(error) => drop(started.send(Err(error))),
        });
        let program = start.recv()?;
        program.context("a server cannot be started; tests/run --setup-only installs what it needs")?;
        Ok(Self { end, ended, thread })
    }

    /// How it ended, if it did by itself.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.ended.try_recv().ok()
    }

    /// Ends it, and returns when it has ended.
    pub(crate) fn end(self, how: End) {
        _ = self.end.send(how);
        drop(self.thread.join());
    }
}

/// Waits for the child's end, by itself or as ordered.
fn watch(mut child: Child, orders: &Receiver<End>) -> Option<ExitStatus> {
    loop {
        match orders.recv_timeout(Duration::from_millis(50)) {
            Err(RecvTimeoutError::Timeout) => {
                if let Ok(Some(status)) = child.try_wait() {
                    return Some(status);
                }
            }
            Ok(End::Terminate) => {
                drop(Command::new("kill").args(["-TERM", &child.id().to_string()]).status());
                let deadline = Instant::now() + Duration::from_secs(10);
                while Instant::now() < deadline {
                    if let Ok(Some(status)) = child.try_wait() {
                        return Some(status);
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
                drop(child.kill());
                return child.wait().ok();
            }
            Ok(End::Kill) | Err(RecvTimeoutError::Disconnected) => {
                drop(child.kill());
                return child.wait().ok();
            }
        }
    }
}

/// A key and a certificate for 127.0.0.1 that vouches for itself.
fn make_certificate(directory: &Path, password: &str) -> Result<()> {
    let keytool = |arguments: &[&str]| -> Result<()> {
        let mut keytool = Command::new("keytool");
        keytool.args(arguments).args(["-alias", "broker", "-keystore", KEYSTORE, "-storepass", password]);
        let output = keytool.current_dir(directory).output().context("keytool comes with Java")?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "keytool {arguments:?}: {said}");
        Ok(())
    };
    let name = ["-dname", "CN=127.0.0.1", "-ext", "SAN=ip:127.0.0.1", "-validity", "2"];
    keytool(&[&["-genkeypair", "-keyalg", "EC", "-storetype", "PKCS12"][..], &name].concat())?;
    keytool(&["-exportcert", "-rfc", "-file", CERTIFICATE])
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/kafka")
}

/// Kafka's jars, copied from Maven Central once a target directory.
fn jars() -> Result<PathBuf> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().ok();
    // TARGET/PROFILE/deps/NAME; a target directory that cargo did not make itself has no mark of its own.
    let executable = std::env::current_exe()?;
    let target = executable.ancestors().nth(3).context("a test program lies in TARGET/PROFILE/deps")?;
    let kafka = target.join("kafka");
    let libs = kafka.join("libs");
    let pom = fs::read_to_string(sources().join("pom.xml"))?;
    let copied = kafka.join("copied-by.xml");
    fs::create_dir_all(&kafka)?;
    // Two test programs may come here at once.
    let lock = fs::File::create(kafka.join("lock"))?;
    lock.lock()?;
    if fs::read_to_string(&copied).is_ok_and(|it| it == pom) {
        return Ok(libs);
    }
    for (command, package) in [("java", "default-jre-headless"), ("mvn", "maven")] {
        let found = Command::new(command).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        ensure!(found.is_ok_and(|it| it.success()), "tests on Kafka need {command}: apt-get install {package}");
    }
    drop(fs::remove_dir_all(&libs));
    let mut maven = Command::new("mvn");
    maven.args(["--quiet", "--batch-mode", "--file"]).arg(sources().join("pom.xml"));
    maven.arg("dependency:copy-dependencies").arg(format!("-DoutputDirectory={}", libs.display()));
    let output = maven.output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "Kafka's jars cannot be copied from Maven Central:\n{said}");
    fs::write(copied, pom)?;
    Ok(libs)
}

/// Two ports that were free a moment ago. They lie below the range that the system gives to outgoing connections, so
/// that a broker finds its own port free again after a restart.
pub(crate) fn free_ports() -> Result<(u16, u16)> {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let next = || 12_000 + ((std::process::id() % 10_000) * 97 + TRIED.fetch_add(1, Ordering::Relaxed)) % 18_000;
    let mut ports = std::iter::repeat_with(|| next() as u16).take(5000).filter(free);
    ports.next().zip(ports.next()).context("no free ports")
}

pub(crate) fn tail(log: &Path) -> String {
    let lines = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&lines[lines.len().saturating_sub(4000)..]).into_owned()
}
