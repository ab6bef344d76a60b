//! What a client is told instead of an answer: a status of gRPC, a sentence in its language with what to do, and a code.

use helan_connections::Lang;
use helan_query::desk::Unanswered;
use helan_schemas::refusal::Code;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code as Grpc, Status};

/// Bytes of a sentence. It travels in a header in which a Chinese character takes nine, and clients read 8 KiB.
const LONGEST: usize = 1536;
/// The header with the code.
const CODE: &str = "helan-code";

/// Errors of this protocol alone. The page README.md of the front ends lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    WrongPassword,
    Full,
    Cancelled,
    ReadWrite,
    NotOffered,
    Handle,
    Parameter,
    Parameters,
    Changed,
    Message,
}

/// An own kind: its name, status, sentence and advice in Chinese and English.
pub(crate) type Row = (Own, &'static str, Grpc, [&'static str; 2], [&'static str; 2]);

pub(crate) const OWN: &[Row] = &[
    (
        Own::WrongPassword,
        "wrong_password",
        Grpc::Unauthenticated,
        ["用户名或密码不正确", "wrong user or password"],
        [
            "用户名为令牌编号，密码为完整令牌（helan_…）",
            "the user is the credential's id, the password its whole token (helan_…)",
        ],
    ),
    (
        Own::Full,
        "connections_full",
        Grpc::ResourceExhausted,
        ["连接数已满", "all connections are taken"],
        ["关闭闲置连接，或稍后再试", "close idle connections, or try again later"],
    ),
    (Own::Cancelled, "sql_cancelled", Grpc::Cancelled, ["查询已按请求中止", "the query was ended as asked"], ["", ""]),
    (
        Own::ReadWrite,
        "read_only",
        Grpc::PermissionDenied,
        ["本服务只读", "this service is read-only"],
        ["报送数据请用 POST /v1/events 或 helan send", "figures are reported with POST /v1/events or helan send"],
    ),
    (Own::NotOffered, "not_offered", Grpc::Unimplemented, ["本服务不提供该功能", "this is not offered here"], ["", ""]),
    (
        Own::Handle,
        "handle_unknown",
        Grpc::InvalidArgument,
        [
            "预备语句或票据不是本服务发给该令牌的，或服务已重启",
            "this statement or ticket was not given to this credential, or the service was restarted since",
        ],
        ["重新提交查询", "send the query again"],
    ),
    (
        Own::Parameter,
        "parameter_invalid",
        Grpc::InvalidArgument,
        ["参数不是该类型的值", "a parameter is not a value of its type"],
        ["", ""],
    ),
    (
        Own::Parameters,
        "parameters_missing",
        Grpc::InvalidArgument,
        ["参数个数与语句不符", "the statement takes another number of parameters"],
        ["", ""],
    ),
    (
        Own::Changed,
        "columns_changed",
        Grpc::Aborted,
        ["提交查询之后，其列发生了变化", "the columns of the query have changed since it was sent"],
        ["重新提交查询", "send the query again"],
    ),
    (
        Own::Message,
        "message_invalid",
        Grpc::InvalidArgument,
        ["收到的消息不符合 Flight SQL", "what came is not a message of Flight SQL"],
        ["检查客户端的驱动程序", "check the client's driver"],
    ),
];

/// An error, before its client's language is known.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    grpc: Grpc,
    code: &'static str,
    message: [String; 2],
    hint: [&'static str; 2],
}

impl From<Own> for Told {
    fn from(own: Own) -> Self {
        Self::found(own, "")
    }
}

impl From<Code> for Told {
    fn from(code: Code) -> Self {
        let message = [code.meaning_zh().to_owned(), code.meaning_en().to_owned()];
        Self { grpc: grpc_of(code), code: code.code(), message, hint: [code.hint_zh(), code.hint_en()] }
    }
}

impl From<Unanswered> for Told {
    fn from(why: Unanswered) -> Self {
        if matches!(why, Unanswered::Ended) {
            return Own::Cancelled.into();
        }
        let code = why.code();
        let mut told = Self::from(code);
        if code == Code::LakeUnavailable {
            tracing::error!(error = %why, "the lake or the log cannot be read");
            return told;
        }
        let (zh, en) = why.found();
        if !en.is_empty() {
            told.message = [format!("{}：{zh}", told.message[0]), format!("{}: {en}", told.message[1])];
        }
        told
    }
}

impl Told {
    /// An own kind, with what was found.
    pub(crate) fn found(own: Own, found: impl std::fmt::Display) -> Self {
        let row = OWN.iter().find(|row| row.0 == own).unwrap_or(&OWN[0]);
        let found = found.to_string();
        let message = |meaning: &str, colon: &str| match found.as_str() {
            "" => meaning.to_owned(),
            found => format!("{meaning}{colon}{found}"),
        };
        Self { grpc: row.2, code: row.1, message: [message(row.3[0], "："), message(row.3[1], ": ")], hint: row.4 }
    }

    /// As the client reads it.
    pub(crate) fn status(&self, lang: Lang) -> Status {
        let [zh, en] = &self.message;
        let mut text = lang.pick(zh, en).to_owned();
        if text.len() > LONGEST {
            let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
            text.truncate(end);
            text.push('…');
        }
        match (lang, lang.pick(self.hint[0], self.hint[1])) {
            (_, "") => {}
            (Lang::Zh, hint) => text = format!("{}。{hint}", text.trim_end_matches('.')),
            (Lang::En, hint) => text = format!("{}; {hint}", text.trim_end_matches('.')),
        }
        let text = format!("{text} ({})", self.code);
        let mut metadata = MetadataMap::new();
        metadata.insert(CODE, MetadataValue::from_static(self.code));
        Status::with_metadata(self.grpc, text, metadata)
    }
}

/// The status of one of the documented codes.
pub(crate) fn grpc_of(code: Code) -> Grpc {
    match code {
        Code::TokenMissing | Code::TokenMalformed | Code::TokenUnknown | Code::TokenExpired | Code::TokenRevoked => {
            Grpc::Unauthenticated
        }
        Code::RoleCannotAsk | Code::SqlNotReadOnly => Grpc::PermissionDenied,
        Code::AsOfInvalid | Code::SqlInvalid | Code::SqlStatements | Code::SqlTooLong | Code::SqlTooLarge => {
            Grpc::InvalidArgument
        }
        Code::SqlFailed => Grpc::OutOfRange,
        Code::SqlTimeLimit => Grpc::DeadlineExceeded,
        Code::TooManyWrongTokens | Code::SqlMemoryLimit | Code::SqlResultLimit | Code::SqlTooMany => {
            Grpc::ResourceExhausted
        }
        _ => Grpc::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_row() {
        for (at, row) in OWN.iter().enumerate() {
            assert!(OWN.iter().skip(at + 1).all(|other| other.0 != row.0 && other.1 != row.1), "{}", row.1);
            assert_eq!(Told::from(row.0).code, row.1);
        }
    }

    #[test]
    fn the_page_lists_every_error() {
        let page = include_str!("../../README.md");
        for (_, code, grpc, [zh, en], [hint_zh, hint_en]) in OWN {
            let hint =
                [*hint_zh, *hint_en].into_iter().filter(|hint| !hint.is_empty()).collect::<Vec<_>>().join("<br>");
            let row = format!("| {grpc:?} | `{code}` | {zh}<br>{en} | {hint} |");
            assert!(page.contains(&row), "{row}");
        }
        let told = |code: &Code| code.code().starts_with("sql_") && !matches!(code, Code::SqlRequestInvalid);
        for code in Code::ALL.iter().filter(|code| told(code)) {
            let grpc = format!("| {:?} |", grpc_of(*code));
            let has = |line: &str| line.starts_with(&grpc) && line.contains(&format!("`{}`", code.code()));
            assert!(page.lines().any(has), "{grpc} {}", code.code());
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters_and_keep_their_code() {
        let status = Told::found(Own::Parameter, "设".repeat(LONGEST)).status(Lang::Zh);
        assert!(status.message().ends_with("… (parameter_invalid)") && status.message().len() < LONGEST + 64);
        let headers = status.into_http::<tonic::body::Body>().into_parts().0.headers;
        assert!(headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() < 7 * 1024);
        assert_eq!(headers[CODE], "parameter_invalid");
    }
}
