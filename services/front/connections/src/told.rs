//! What front ends tell their clients in the same words.

/// A code, what is wrong, and what to do; Chinese, English.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// The code.
    pub code: &'static str,
    /// What is wrong.
    pub meaning: [&'static str; 2],
    /// What to do; may be empty.
    pub hint: [&'static str; 2],
}

impl Told {
    /// What is told under a code: what is wrong, and what to do.
    pub const fn new(code: &'static str, meaning: [&'static str; 2], hint: [&'static str; 2]) -> Self {
        Self { code, meaning, hint }
    }
}

/// The caller is not authenticated.
pub const WRONG_PASSWORD: Told = Told {
    code: "wrong_password",
    meaning: ["用户名或密码不正确", "wrong user or password"],
    hint: [
        "用户名为令牌编号，密码为完整令牌（helan_…）",
        "the user is the credential's id, the password its whole token (helan_…)",
    ],
};

/// Too many connections.
pub const CONNECTIONS_FULL: Told = Told {
    code: "connections_full",
    meaning: ["连接数已满", "all connections are taken"],
    hint: ["关闭闲置连接，或稍后再试", "close idle connections, or try again later"],
};

/// Too many connections of one credential.
pub const CREDENTIAL_FULL: Told = Told {
    code: "connections_of_credential_full",
    meaning: ["该令牌的连接数已达上限", "this credential has as many connections as one may have"],
    hint: [
        "关闭该令牌的闲置连接，或为其他工具另签发令牌",
        "close idle connections of it, or have a credential made for each tool",
    ],
};

/// A question that its client ended.
pub const CANCELLED: Told =
    Told {
        code: "sql_cancelled", meaning: ["查询已按请求中止", "the query was ended as asked"], hint: ["", ""]
    };

/// Something that would change data.
pub const READ_ONLY: Told = Told {
    code: "read_only",
    meaning: ["本服务只读", "this service is read-only"],
    hint: ["报送数据请用 POST /v1/events 或 helan send", "figures are reported with POST /v1/events or helan send"],
};

/// A part of the protocol that is not answered.
pub const NOT_OFFERED: Told =
    Told { code: "not_offered", meaning: ["本服务不提供该功能", "this is not offered here"], hint: ["", ""] };

/// A parameter that cannot be read.
pub const PARAMETER_INVALID: Told = Told {
    code: "parameter_invalid",
    meaning: ["参数不是该类型的值", "a parameter is not a value of its type"],
    hint: ["", ""],
};

/// Fewer parameters than the statement has, or more.
pub const PARAMETERS_MISSING: Told = Told {
    code: "parameters_missing",
    meaning: ["参数个数与语句不符", "the statement takes another number of parameters"],
    hint: ["", ""],
};
