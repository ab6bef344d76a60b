//! The clock: times of record never go back, so a clock that is wrong once leaves its mark.

use super::Finding;

const CHECK: &str = "clock";
/// Tolerated difference between the clocks of machines that serve one lake.
const SLACK: i64 = 5_000_000;
/// 2026-01-01: this program did not exist before.
const OLDEST: i64 = 1_767_225_600_000_000;

/// Judges the clock by the newest event's time of record; both in microseconds since the epoch. They are shown in the
/// catalog's zone.
pub(super) fn judge(now: i64, newest: Option<i64>, zone: &str) -> Finding {
    let shown = |time: i64| helan_rollup::words::with_offset(time, zone, true);
    let advice = (
        "校准时钟（chrony、systemd-timesyncd）后再启动服务",
        "set the clock (chrony, systemd-timesyncd) before services start",
    );
    if now < OLDEST {
        return Finding::fail(CHECK, (format!("现在是 {}", shown(now)), format!("it says {}", shown(now))), advice);
    }
    match newest {
        Some(newest) if newest > now + SLACK => Finding::fail(
            CHECK,
            (
                format!("时钟 {} 落后于最新事件 {}", shown(now), shown(newest)),
                format!("it says {}, before the newest event's {}", shown(now), shown(newest)),
            ),
            (
                "核对本机与各写入机器的时钟。若本机不准：校准。若当时写入的机器拨快了：那些报送到该时间才计入，之后的不受影响；\
                 用 --clock-is-right 启动",
                "compare this machine's clock and the writers'. If this one is wrong, set it. If the other ran ahead, its \
                 reports count from that time on and later ones are not affected: start with --clock-is-right",
            ),
        ),
        _ => Finding::ok(CHECK, shown(now), shown(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome::{Fail, Ok as Fine};
    use super::*;

    #[test]
    fn a_clock_before_the_newest_event_or_before_this_program_fails() {
        let now = OLDEST + 1_000_000_000_000;
        let judge = |now, newest| judge(now, newest, "Asia/Shanghai");
        assert_eq!(judge(now, None).outcome, Fine);
        assert_eq!(judge(now, Some(now + SLACK)).outcome, Fine);
        assert_eq!(judge(now, Some(now + SLACK + 1)).outcome, Fail);
        assert_eq!(judge(0, None).outcome, Fail);
    }

    #[test]
    fn times_are_shown_in_the_catalogs_zone() {
        let late = OLDEST + 20 * 3_600_000_000;
        let found = judge(late, None, "Asia/Shanghai");
        for told in [&found.found_zh, &found.found_en] {
            assert_eq!(told, "2026-01-02 04:00:00 +08:00");
        }
        let found = judge(late, Some(late + 60_000_000), "America/Halifax");
        for told in [&found.found_zh, &found.found_en] {
            assert!(told.contains("2026-01-01 16:00:00 -04:00") && told.contains("16:01:00 -04:00"), "{told}");
        }
    }
}
