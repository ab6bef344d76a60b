//! What a client is told instead of an answer: a SQLSTATE, a sentence in its language, and what to do.

use helan_connections::Lang;
use helan_query::desk::Unanswered;
use helan_schemas::refusal::Code;
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::response::ErrorResponse;

/// Bytes of a sentence; clients read a message of at most 30,000.
const LONGEST: usize = 8 * 1024;

/// Errors of this protocol alone. The page README.md beside this crate lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    WrongPassword,
    NotEncrypted,
    NoVerifier,
    Database,
    Full,
    MadeRoom,
    Ending,
    Protocol,
    Cancelled,
    Aborted,
    Setting,
    Value,
    ReadWrite,
    NotOffered,
    Cursor,
    CursorTwice,
    Statement,
    StatementTwice,
    Parameter,
    Parameters,
    TooMuchKept,
    Type,
}

/// An own kind: its name, SQLSTATE, sentence and advice in Chinese and English.
pub(crate) type Row = (Own, &'static str, &'static str, [&'static str; 2], [&'static str; 2]);

pub(crate) const OWN: &[Row] = &[
    (
        Own::WrongPassword,
        "wrong_password",
        "28P01",
        ["用户名或密码不正确", "wrong user or password"],
        [
            "用户名为令牌编号，密码为完整令牌（helan_…）",
            "the user is the credential's id, the password its whole token (helan_…)",
        ],
    ),
    (
        Own::NotEncrypted,
        "connection_not_encrypted",
        "28000",
        ["本服务只接受加密连接", "only encrypted connections are taken here"],
        ["连接参数写 sslmode=require 或更严格", "connect with sslmode=require or stricter"],
    ),
    (
        Own::NoVerifier,
        "credential_without_scram",
        "28000",
        [
            "该令牌签发于支持 SCRAM 之前，未加密的连接上不询问令牌原文",
            "this token was made before SCRAM was supported, and is not asked for over a connection that is not encrypted",
        ],
        [
            "运维人员换发令牌：helan credential rotate 编号；或使用 TLS",
            "have it rotated (helan credential rotate ID), or use TLS",
        ],
    ),
    (
        Own::Database,
        "database_unknown",
        "3D000",
        ["没有该数据库", "there is no such database"],
        ["数据库名写 helan", "the database is helan"],
    ),
    (
        Own::Full,
        "connections_full",
        "53300",
        ["连接数已满", "all connections are taken"],
        ["关闭闲置连接，或稍后再试", "close idle connections, or try again later"],
    ),
    (
        Own::MadeRoom,
        "idle_connection_closed",
        "57P05",
        ["连接数已满，关闭了闲置最久的连接", "all connections were taken, and this one had been idle for longest"],
        ["重新连接", "connect again"],
    ),
    (
        Own::Ending,
        "service_ending",
        "57P01",
        ["服务正在停止", "the service is ending"],
        ["稍后重新连接", "connect again later"],
    ),
    (
        Own::Protocol,
        "protocol_violated",
        "08P01",
        ["收到的内容不符合 PostgreSQL 协议", "what came is not the PostgreSQL protocol"],
        ["检查客户端的地址和驱动程序", "check the client's address and driver"],
    ),
    (Own::Cancelled, "sql_cancelled", "57014", ["查询已按请求中止", "the query was ended as asked"], ["", ""]),
    (
        Own::Aborted,
        "transaction_aborted",
        "25P02",
        [
            "本事务中已有语句失败，其后的语句不再执行",
            "a statement of this transaction has failed, so none after it is answered",
        ],
        ["执行 rollback 后重试", "rollback, then try again"],
    ),
    (
        Own::Setting,
        "setting_unknown",
        "42704",
        ["没有该设置", "there is no such setting"],
        [
            "可设置 helan.as_of、helan.recorded、statement_timeout、TimeZone、lc_messages 等，见 show all",
            "helan.as_of, helan.recorded, statement_timeout, TimeZone, lc_messages and others; see show all",
        ],
    ),
    (Own::Value, "setting_value", "22023", ["设置的值不可用", "the setting cannot have this value"], ["", ""]),
    (
        Own::ReadWrite,
        "read_only",
        "25006",
        ["本服务只读", "this service is read-only"],
        ["报送数据请用 POST /v1/events 或 helan send", "figures are reported with POST /v1/events or helan send"],
    ),
    (Own::NotOffered, "not_offered", "0A000", ["本服务不提供该功能", "this is not offered here"], ["", ""]),
    (Own::Cursor, "cursor_unknown", "34000", ["没有该游标", "there is no such cursor"], ["", ""]),
    (Own::CursorTwice, "cursor_exists", "42P03", ["游标已存在", "the cursor exists"], ["先 close", "close it first"]),
    (Own::Statement, "statement_unknown", "26000", ["没有该预备语句", "there is no such prepared statement"], ["", ""]),
    (
        Own::StatementTwice,
        "statement_exists",
        "42P05",
        ["预备语句已存在", "the prepared statement exists"],
        ["先 deallocate", "deallocate it first"],
    ),
    (
        Own::Parameter,
        "parameter_invalid",
        "22P02",
        ["参数不是该类型的值", "a parameter is not a value of its type"],
        ["", ""],
    ),
    (
        Own::Parameters,
        "parameters_missing",
        "08P01",
        ["参数个数与语句不符", "the statement takes another number of parameters"],
        ["", ""],
    ),
    (
        Own::TooMuchKept,
        "too_much_kept",
        "54000",
        ["一个连接保留的预备语句或游标过多", "a connection keeps too many prepared statements or cursors"],
        ["deallocate all 或 close all", "deallocate all, or close all"],
    ),
    (
        Own::Type,
        "type_not_written",
        "0A000",
        ["该类型的列不能写成 PostgreSQL 的值", "a column of this type cannot be written as a value of PostgreSQL"],
        ["转换为 text 再查询", "cast it to text"],
    ),
];

/// An error or a notice.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) state: &'static str,
    code: &'static str,
    message: [String; 2],
    hint: [&'static str; 2],
    is_fatal: bool,
}

impl From<Own> for Said {
    fn from(own: Own) -> Self {
        Self::found(own, "")
    }
}

impl From<Code> for Said {
    fn from(code: Code) -> Self {
        let message = [code.meaning_zh().to_owned(), code.meaning_en().to_owned()];
        let hint = [code.hint_zh(), code.hint_en()];
        Self { state: state_of(code, code.meaning_en()), code: code.code(), message, hint, is_fatal: false }
    }
}

impl From<Unanswered> for Said {
    fn from(why: Unanswered) -> Self {
        if matches!(why, Unanswered::Ended) {
            return Own::Cancelled.into();
        }
        let code = why.code();
        if code == Code::LakeUnavailable {
            tracing::error!(error = %why, "the lake or the log cannot be read");
            return code.into();
        }
        let (zh, en) = why.found();
        let mut said = Self::from(code);
        said.state = state_of(code, &en);
        if !en.is_empty() {
            said.message = [format!("{}：{zh}", said.message[0]), format!("{}: {en}", said.message[1])];
        }
        said
    }
}

impl Said {
    /// An own kind, with what was found.
    pub(crate) fn found(own: Own, found: impl std::fmt::Display) -> Self {
        let row = OWN.iter().find(|row| row.0 == own).unwrap_or(&OWN[0]);
        let found = found.to_string();
        let message = |meaning: &str, colon: &str| match found.as_str() {
            "" => meaning.to_owned(),
            found => format!("{meaning}{colon}{found}"),
        };
        let message = [message(row.3[0], "："), message(row.3[1], ": ")];
        Self { state: row.2, code: row.1, message, hint: row.4, is_fatal: false }
    }

    /// After which the connection ends.
    pub(crate) fn fatal(mut self) -> Self {
        self.is_fatal = true;
        self
    }

    pub(crate) fn is_fatal(&self) -> bool {
        self.is_fatal
    }

    /// As the client reads it.
    pub(crate) fn error(&self, lang: Lang) -> PgWireBackendMessage {
        PgWireBackendMessage::ErrorResponse(ErrorResponse::new(
            self.fields(lang, if self.is_fatal { "FATAL" } else { "ERROR" }),
        ))
    }

    fn fields(&self, lang: Lang, severity: &str) -> Vec<(u8, String)> {
        let at = if lang == Lang::Zh { 0 } else { 1 };
        let mut message = self.message[at].replace('\0', "");
        if message.len() > LONGEST {
            let end = (0..=LONGEST).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
            message.truncate(end);
            message.push('…');
        }
        let mut fields = vec![
            (b'S', severity.to_owned()),
            (b'V', severity.to_owned()),
            (b'C', self.state.to_owned()),
            (b'M', message),
            (b'D', format!("helan: {}", self.code)),
        ];
        if !self.hint[at].is_empty() {
            fields.push((b'H', self.hint[at].to_owned()));
        }
        fields
    }
}

/// The SQLSTATE of one of the documented codes; clients tell a missing table from a wrong text by it.
pub(crate) fn state_of(code: Code, found: &str) -> &'static str {
    match code {
        Code::TokenMissing | Code::TokenMalformed | Code::TokenUnknown => "28P01",
        Code::TokenExpired | Code::TokenRevoked | Code::TooManyWrongTokens => "28000",
        Code::CredentialsUnavailable => "57P03",
        Code::RoleCannotAsk => "42501",
        Code::AsOfInvalid => "22007",
        Code::SqlInvalid if found.contains("table '") && found.contains("not found") => "42P01",
        Code::SqlInvalid if found.contains("No field named") => "42703",
        Code::SqlInvalid if found.contains("nvalid function") => "42883",
        Code::SqlInvalid | Code::SqlStatements => "42601",
        Code::SqlNotReadOnly => "25006",
        Code::SqlTooLarge => "54001",
        Code::SqlTooLong | Code::SqlResultLimit => "54000",
        Code::SqlTimeLimit => "57014",
        Code::SqlMemoryLimit => "53200",
        Code::SqlTooMany => "53300",
        Code::SqlBusy => "53000",
        Code::SqlFailed => "22000",
        _ => "58000",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_row() {
        for (at, row) in OWN.iter().enumerate() {
            assert!(OWN.iter().skip(at + 1).all(|other| other.0 != row.0 && other.1 != row.1), "{}", row.1);
            assert_eq!(Said::from(row.0).code, row.1);
        }
    }

    #[test]
    fn the_page_lists_every_error() {
        let page = include_str!("../../README.md");
        for (_, code, state, [zh, en], [hint_zh, hint_en]) in OWN {
            let hint =
                [*hint_zh, *hint_en].into_iter().filter(|hint| !hint.is_empty()).collect::<Vec<_>>().join("<br>");
            let row = format!("| {state} | `{code}` | {zh}<br>{en} | {hint} |");
            assert!(page.contains(&row), "{row}");
        }
        let told = |code: &Code| code.code().starts_with("sql_") && !matches!(code, Code::SqlRequestInvalid);
        for code in Code::ALL.iter().filter(|code| told(code)) {
            let state = state_of(*code, "");
            let has =
                |line: &&str| line.starts_with(&format!("| {state} |")) && line.contains(&format!("`{}`", code.code()));
            assert!(page.lines().any(|line| has(&line)), "{state} {}", code.code());
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let said = Said::found(Own::Setting, "设".repeat(LONGEST));
        let (_, message) = said.fields(Lang::Zh, "ERROR").remove(3);
        assert!(message.len() <= LONGEST + 3 && message.ends_with('…'));
    }

    #[test]
    fn a_missing_table_is_told_from_a_wrong_text() {
        assert_eq!(state_of(Code::SqlInvalid, "table 'helan.public.x' not found"), "42P01");
        assert_eq!(state_of(Code::SqlInvalid, "Expected: end of statement"), "42601");
    }
}
