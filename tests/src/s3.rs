//! An S3-compatible server for the tests: versitygw over a temporary directory. It checks signatures and keeps to
//! conditional writes.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::kafka::{End, Process, free_ports, tail};

/// The bucket that is there.
const BUCKET: &str = "helan";
const ACCESS_KEY: &str = "tests";
const SECRET_KEY: &str = "no-secret-for-tests";
/// Longest wait until it answers.
const READY: Duration = Duration::from_secs(30);

/// A server with one bucket. Dropping it ends it.
pub struct Server {
    directory: TempDir,
    port: u16,
    process: Mutex<Option<Process>>,
}

impl Server {
    /// Starts one on a free port. `HELAN_TEST_S3_SERVER` names the program.
    pub fn start() -> Result<Self> {
        let program = std::env::var("HELAN_TEST_S3_SERVER")
            .context("HELAN_TEST_S3_SERVER names an S3 server, versitygw; tests/run sets it up")?;
        let (directory, (port, _)) = (tempfile::tempdir()?, free_ports()?);
        fs::create_dir_all(directory.path().join("buckets").join(BUCKET))?;
        let log = directory.path().join("server.log");
        let output = fs::File::options().create(true).append(true).open(&log)?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", &program, "--quiet", "--keep-alive"]);
        command.args(["--port", &format!("127.0.0.1:{port}"), "posix", "buckets"]);
        command.env("ROOT_ACCESS_KEY_ID", ACCESS_KEY).env("ROOT_SECRET_ACCESS_KEY", SECRET_KEY);
        command.current_dir(directory.path()).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let mut process = Process::start(command)?;
        let deadline = Instant::now() + READY;
        let address = (Ipv4Addr::LOCALHOST, port).into();
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            if let Some(status) = process.ended() {
                bail!("the S3 server ended with {status}:\n{}", tail(&log));
            }
            if Instant::now() > deadline {
                bail!("the S3 server does not answer after {READY:?}:\n{}", tail(&log));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { directory, port, process: Mutex::new(Some(process)) })
    }

    /// The address of a folder in its bucket.
    pub fn url(&self, folder: &str) -> String {
        format!("s3://{BUCKET}/{folder}")
    }

    /// What a client needs in its environment.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        environment(self.port)
    }

    /// Where the objects of its bucket lie on this machine's disk.
    pub fn objects(&self) -> std::path::PathBuf {
        self.directory.path().join("buckets").join(BUCKET)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = self.process.get_mut().ok().and_then(Option::take) {
            process.end(End::Kill);
        }
    }
}

/// What a client of a server on a port of this machine needs in its environment.
pub fn environment(port: u16) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
    ]
}
