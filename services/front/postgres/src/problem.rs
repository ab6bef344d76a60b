//! What a client is told instead of an answer: a SQLSTATE, a sentence in its language, and what to do.

use helan_connections::told::{self, Told};
use helan_connections::{Kind, Lang, Row, own_errors};
use helan_schemas::refusal::Code;
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::response::ErrorResponse;

/// Bytes of a sentence; clients read a message of at most 30,000.
const LONGEST: usize = 8 * 1024;

/// What the engine says of types that do not fit together.
const OF_TYPES: &[&str] = &[
    "Cannot infer common argument type",
    "Cannot coerce ",
    "Cannot automatically convert ",
    "texts are not added or subtracted",
    " does not take ",
    "non-boolean predicate",
    "requires a boolean expression",
];

// The page README.md beside this crate lists them.
own_errors! {
    WrongPassword = "28P01", told::WRONG_PASSWORD;
    NotEncrypted = "28000", Told::new("connection_not_encrypted",
        ["本服务只接受加密连接", "only encrypted connections are taken here"],
        ["连接参数写 sslmode=require 或更严格", "connect with sslmode=require or stricter"]);
    NoVerifier = "28000", Told::new("credential_without_scram",
        ["该令牌签发于支持 SCRAM 之前，未加密的连接上不询问令牌原文",
         "this token was made before SCRAM was supported, and is not asked for over a connection that is not encrypted"],
        ["运维人员换发令牌：helan credential rotate 编号；或使用 TLS",
         "have it rotated (helan credential rotate ID), or use TLS"]);
    Database = "3D000", Told::new("database_unknown",
        ["没有该数据库", "there is no such database"],
        ["数据库名写 helan", "the database is helan"]);
    Full = "53300", told::CONNECTIONS_FULL;
    CredentialFull = "53300", told::CREDENTIAL_FULL;
    MadeRoom = "57P05", Told::new("idle_connection_closed",
        ["连接数已满，关闭了闲置最久的连接", "all connections were taken, and this one had been idle for longest"],
        ["重新连接", "connect again"]);
    Ending = "57P01", Told::new("service_ending",
        ["服务正在停止", "the service is ending"],
        ["稍后重新连接", "connect again later"]);
    Protocol = "08P01", Told::new("protocol_violated",
        ["收到的内容不符合 PostgreSQL 协议", "what came is not the PostgreSQL protocol"],
        ["检查客户端的地址和驱动程序", "check the client's address and driver"]);
    Cancelled = "57014", told::CANCELLED;
    Aborted = "25P02", Told::new("transaction_aborted",
        ["本事务中已有语句失败，其后的语句不再执行",
         "a statement of this transaction has failed, so none after it is answered"],
        ["执行 rollback 后重试", "rollback, then try again"]);
    Setting = "42704", Told::new("setting_unknown",
        ["没有该设置", "there is no such setting"],
        ["可设置 helan.as_of、helan.recorded、statement_timeout、TimeZone、lc_messages 等，见 show all",
         "helan.as_of, helan.recorded, statement_timeout, TimeZone, lc_messages and others; see show all"]);
    Value = "22023", Told::new("setting_value",
        ["设置的值不可用", "the setting cannot have this value"],
        ["", ""]);
    ReadWrite = "25006", told::READ_ONLY;
    NotOffered = "0A000", told::NOT_OFFERED;
    Copy = "0A000", Told::new("copy_not_offered",
        ["本服务不提供 COPY", "COPY is not offered"],
        ["用 psql 的 \\g 文件名，或 --csv 加 -o 文件名；或 /v1/sql 加 Accept: text/csv",
         "use \\g FILE in psql, or --csv with -o FILE; or /v1/sql with Accept: text/csv"]);
    Cursor = "34000", Told::new("cursor_unknown",
        ["没有该游标", "there is no such cursor"],
        ["", ""]);
    CursorTwice = "42P03", Told::new("cursor_exists",
        ["游标已存在", "the cursor exists"],
        ["先 close", "close it first"]);
    Statement = "26000", Told::new("statement_unknown",
        ["没有该预备语句", "there is no such prepared statement"],
        ["", ""]);
    StatementTwice = "42P05", Told::new("statement_exists",
        ["预备语句已存在", "the prepared statement exists"],
        ["先 deallocate", "deallocate it first"]);
    Parameter = "22P02", told::PARAMETER_INVALID;
    Parameters = "08P01", told::PARAMETERS_MISSING;
    TooMuchKept = "54000", Told::new("too_much_kept",
        ["一个连接保留的预备语句或游标过多", "a connection keeps too many prepared statements or cursors"],
        ["deallocate all 或 close all", "deallocate all, or close all"]);
    TooMuchKeptByAll = "53200", Told::new("too_much_kept_by_all",
        ["所有连接保留的预备语句和游标已达上限",
         "all connections together keep as many prepared statements and cursors as they may"],
        ["稍后再试，或关闭不用的连接", "try again later, or close connections that are not used"]);
    ManyStatements = "54000", Told::new("too_many_statements",
        ["一次发送的语句超过 1000 条", "more than 1,000 statements were sent at once"],
        ["分几次发送", "send them in parts"]);
    LongMessage = "54000", Told::new("message_too_long",
        ["收到的一条消息字节数超过上限", "a message has more bytes than are taken"],
        ["一段 SQL 最长 64 KiB；参数很多时分几次查询",
         "a text has 64 KiB at most; ask in parts where there are many values"]);
    LongName = "42622", Told::new("name_too_long",
        ["预备语句或游标的名称超过 256 字节", "the name of a prepared statement or cursor has more than 256 bytes"],
        ["缩短名称", "choose a shorter one"]);
    Type = "0A000", Told::new("type_not_written",
        ["该类型的列不能写成 PostgreSQL 的值", "a column of this type cannot be written as a value of PostgreSQL"],
        ["转换为 text 再查询", "cast it to text"]);
}

/// An error or a notice.
pub(crate) type Problem = helan_connections::Problem<Own>;

impl Kind for Own {
    type Status = &'static str;

    const CANCELLED: Self = Self::Cancelled;
    const OTHER: &'static str = "58000";
    const ROWS: &'static [Row<Self>] = ROWS;

    /// Clients tell a missing table from a wrong text by the SQLSTATE.
    fn status_of(code: Code, found: &str) -> Option<&'static str> {
        Some(match code {
            Code::TokenMissing | Code::TokenMalformed | Code::TokenUnknown => "28P01",
            Code::TokenExpired | Code::TokenRevoked | Code::TooManyWrongTokens => "28000",
            Code::CredentialsUnavailable => "57P03",
            Code::RoleCannotAsk => "42501",
            Code::AsOfInvalid => "22007",
            Code::SqlInvalid if found.contains("table '") && found.contains("not found") => "42P01",
            Code::SqlInvalid if found.contains("No field named") => "42703",
            Code::SqlInvalid if found.contains("nvalid function") => "42883",
            Code::SqlInvalid if found.starts_with("Placeholder '") => "42P02",
            Code::SqlInvalid if OF_TYPES.iter().any(|said| found.contains(said)) => "42804",
            Code::SqlInvalid | Code::SqlStatements => "42601",
            Code::SqlNotReadOnly => "25006",
            Code::SqlTooLarge => "54001",
            Code::SqlTooLong | Code::SqlResultLimit => "54000",
            Code::SqlTimeLimit => "57014",
            Code::SqlMemoryLimit => "53200",
            Code::SqlTooMany => "53300",
            Code::SqlBusy => "53000",
            Code::SqlFailed => "22000",
            Code::LakeUnavailable => "58000",
            _ => return None,
        })
    }
}

/// As the client reads it.
pub(crate) trait ToMessage {
    /// The protocol's message.
    fn to_message(&self, lang: Lang) -> PgWireBackendMessage;
}

impl ToMessage for Problem {
    fn to_message(&self, lang: Lang) -> PgWireBackendMessage {
        let severity = if self.is_fatal { "FATAL" } else { "ERROR" };
        let mut fields = vec![
            (b'S', severity.to_owned()),
            (b'V', severity.to_owned()),
            (b'C', self.status.to_owned()),
            (b'M', self.sentence(lang, LONGEST).replace('\0', "")),
            (b'D', format!("helan: {}", self.code)),
        ];
        if !self.hint(lang).is_empty() {
            fields.push((b'H', self.hint(lang).to_owned()));
        }
        PgWireBackendMessage::ErrorResponse(ErrorResponse::new(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_every_error_once() {
        let faults = helan_connections::faults::<Own>(include_str!("../../README.md"), str::to_owned);
        assert!(faults.is_empty(), "{faults:#?}");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let problem = Problem::found(Own::Setting, "设".repeat(LONGEST));
        let PgWireBackendMessage::ErrorResponse(response) = problem.to_message(Lang::Zh) else { panic!("{problem:?}") };
        let (_, message) = &response.fields[3];
        assert!(message.len() <= LONGEST + 3 && message.ends_with('…'));
    }

    #[test]
    fn a_missing_table_and_types_that_do_not_fit_are_told_from_a_wrong_text() {
        assert_eq!(Own::status_of(Code::SqlInvalid, "table 'helan.public.x' not found"), Some("42P01"));
        assert_eq!(Own::status_of(Code::SqlInvalid, "Expected: end of statement"), Some("42601"));
        assert_eq!(Own::status_of(Code::SqlInvalid, "Placeholder '$1' was not provided a value"), Some("42P02"));
        assert_eq!(Own::status_of(Code::SqlInvalid, "Function 'sum' does not take String"), Some("42804"));
    }
}
