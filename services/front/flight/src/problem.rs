//! What a client is told instead of an answer: a status of gRPC, a sentence in its language with what to do, and a code.

use helan_connections::told::{self, Told};
use helan_connections::{Kind, Lang, Row, own_errors};
use helan_schemas::refusal::Code;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code as Grpc, Status};

/// Bytes of a sentence. It travels in a header in which a Chinese character takes nine, and clients read 8 KiB.
const LONGEST: usize = 1536;
/// The header with the code.
const CODE: &str = "helan-code";

// The page README.md of the front ends lists them.
own_errors! {
    WrongPassword = Grpc::Unauthenticated, told::WRONG_PASSWORD;
    Full = Grpc::ResourceExhausted, told::CONNECTIONS_FULL;
    CredentialFull = Grpc::ResourceExhausted, told::CREDENTIAL_FULL;
    Cancelled = Grpc::Cancelled, told::CANCELLED;
    ReadWrite = Grpc::PermissionDenied, told::READ_ONLY;
    NotOffered = Grpc::Unimplemented, told::NOT_OFFERED;
    Handle = Grpc::InvalidArgument, Told::new("handle_unknown",
        ["预备语句或票据不是本服务发给该令牌的，或服务已重启",
         "this statement or ticket was not given to this credential, or the service was restarted since"],
        ["重新提交查询", "send the query again"]);
    Parameter = Grpc::InvalidArgument, told::PARAMETER_INVALID;
    Parameters = Grpc::InvalidArgument, told::PARAMETERS_MISSING;
    Changed = Grpc::Aborted, Told::new("columns_changed",
        ["提交查询之后，其列发生了变化", "the columns of the query have changed since it was sent"],
        ["重新提交查询", "send the query again"]);
    Message = Grpc::InvalidArgument, Told::new("message_invalid",
        ["收到的消息不符合 Flight SQL", "what came is not a message of Flight SQL"],
        ["检查客户端的驱动程序", "check the client's driver"]);
}

/// An error of a call.
pub(crate) type Problem = helan_connections::Problem<Own>;

impl Kind for Own {
    type Status = Grpc;

    const CANCELLED: Self = Self::Cancelled;
    const OTHER: Grpc = Grpc::Unavailable;
    const ROWS: &'static [Row<Self>] = ROWS;

    fn status_of(code: Code, _found: &str) -> Option<Grpc> {
        Some(match code {
            Code::TokenMissing
            | Code::TokenMalformed
            | Code::TokenUnknown
            | Code::TokenExpired
            | Code::TokenRevoked => Grpc::Unauthenticated,
            Code::RoleCannotAsk | Code::SqlNotReadOnly => Grpc::PermissionDenied,
            Code::AsOfInvalid | Code::SqlInvalid | Code::SqlStatements | Code::SqlTooLong | Code::SqlTooLarge => {
                Grpc::InvalidArgument
            }
            Code::SqlFailed => Grpc::OutOfRange,
            Code::SqlTimeLimit => Grpc::DeadlineExceeded,
            Code::TooManyWrongTokens | Code::SqlMemoryLimit | Code::SqlResultLimit | Code::SqlTooMany => {
                Grpc::ResourceExhausted
            }
            Code::SqlBusy | Code::CredentialsUnavailable | Code::LakeUnavailable => Grpc::Unavailable,
            _ => return None,
        })
    }
}

/// As the client reads it.
pub(crate) trait ToStatus {
    /// The protocol's status.
    fn to_status(&self, lang: Lang) -> Status;
}

impl ToStatus for Problem {
    fn to_status(&self, lang: Lang) -> Status {
        let mut text = self.sentence(lang, LONGEST);
        match (lang, self.hint(lang)) {
            (_, "") => {}
            (Lang::Zh, hint) => text = format!("{}。{hint}", text.trim_end_matches('.')),
            (Lang::En, hint) => text = format!("{}; {hint}", text.trim_end_matches('.')),
        }
        let text = format!("{text} ({})", self.code);
        let mut metadata = MetadataMap::new();
        metadata.insert(CODE, MetadataValue::from_static(self.code));
        Status::with_metadata(self.status, text, metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_every_error_once() {
        let faults = helan_connections::faults::<Own>(include_str!("../../README.md"), |status| format!("{status:?}"));
        assert!(faults.is_empty(), "{faults:#?}");
    }

    #[test]
    fn long_texts_are_cut_between_characters_and_keep_their_code() {
        let status = Problem::found(Own::Parameter, "设".repeat(LONGEST)).to_status(Lang::Zh);
        assert!(status.message().ends_with("… (parameter_invalid)") && status.message().len() < LONGEST + 64);
        let headers = status.into_http::<tonic::body::Body>().into_parts().0.headers;
        assert!(headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() < 7 * 1024);
        assert_eq!(headers[CODE], "parameter_invalid");
    }
}
