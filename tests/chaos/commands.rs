//! Commands beside `up`: killed at any moment, and two of each at once.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use rand::Rng;

use super::round::{Round, Told, removed};
use crate::harness::{HELAN, text_of};

const COUNT: &str = "select count(*) from events";

impl Round<'_> {
    pub(super) async fn command_killed(&mut self) -> Told {
        if self.rng.random_ratio(1, 3) {
            return self.restore_killed().await;
        }
        let backups = self.place("backups");
        let commands = [self.helan.command(&["maintain"]), self.backup(), self.rollup()];
        let at = self.rng.random_range(0..3);
        let [maintain, backup, rollup] = commands;
        self.kill([maintain, backup, rollup].into_iter().nth(at).expect("one of three")).await;
        let _ = std::fs::remove_dir_all(backups);
        Told::Survived
    }

    /// Starts a command, and kills it; says whether it was still running.
    async fn kill(&mut self, mut command: Command) -> bool {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        tokio::time::sleep(Duration::from_millis(self.rng.random_range(0..800))).await;
        let _ = child.kill();
        let ended = child.wait().expect("it is gone");
        assert!(ended.code().is_none_or(|code| code == 0), "it was killed, or all went well: {command:?}");
        ended.code().is_none()
    }

    fn rollup(&self) -> Command {
        self.helan.command(&["rollup", "--publish"])
    }

    fn backup(&self) -> Command {
        let to = self.place("backups").display().to_string();
        let mut command = self.helan.command(&["backup", "--partitions", "3", "--to", &to]);
        command.args(self.helan.log_arguments());
        command
    }

    /// What a restore that was killed has left is refused or whole, and the next one makes it whole.
    async fn restore_killed(&mut self) -> Told {
        text_of(&self.backup().output().expect("it runs"), &["backup"]);
        let backup =
            std::fs::read_dir(self.place("backups")).expect("readable").next().expect("one").expect("an entry");
        let (backup, to) = (backup.path(), self.place("restored"));
        let restore = || {
            let mut command = Command::new(HELAN);
            command.arg("restore").arg(&backup).arg("--data-dir").arg(&to).env("LC_ALL", "C.UTF-8");
            command
        };
        let count = |data_dir: &PathBuf| {
            let mut command = Command::new(HELAN);
            command.args(["sql", "-f", "csv", COUNT, "--data-dir"]).arg(data_dir).output().expect("it runs")
        };
        let whole = text_of(&count(&backup), &["sql"]);
        let was_killed = self.kill(restore()).await;
        let left = count(&to);
        let told = !left.status.success();
        assert!(was_killed || !told, "it has ended, so it is whole: {}", String::from_utf8_lossy(&left.stderr));
        if told {
            text_of(&restore().output().expect("it runs"), &["restore"]);
        }
        assert_eq!(text_of(&count(&to), &["sql"]), whole, "as the backup is");
        removed(&to);
        removed(&self.place("backups"));
        Told::when(told)
    }

    pub(super) fn commands_twice(&mut self) -> Told {
        let commands =
            [self.helan.command(&["maintain"]), self.helan.command(&["maintain"]), self.rollup(), self.rollup()];
        let start = |mut command: Command| command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let children = commands.map(|command| start(command).expect("it starts"));
        for child in children {
            let output = child.wait_with_output().expect("it ends");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "two at once are harmless: {said}");
        }
        Told::Survived
    }
}
