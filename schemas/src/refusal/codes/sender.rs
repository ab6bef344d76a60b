//! Who sends: the token, and what the catalog lets its reporter send.

macro_rules! sender {
    (($next:ident $($after:ident)*) $($before:tt)*) => {
        $next! { ($($after)*) $($before)*
            TokenMissing = "token_missing", 401,
                "请求没有访问令牌", "the request carries no token",
                "在请求头 Authorization: Bearer 中附上访问令牌", "send the header Authorization: Bearer followed by your token";
            TokenMalformed = "token_malformed", 401,
                "访问令牌格式不正确", "the token does not have the form helan_<id>_<secret>",
                "原样使用发给您的访问令牌：请求头中写在 Bearer 和一个空格之后，helan send 的令牌文件中只写令牌", "use the token as it was given to you: in the header after Bearer and one space, in the token file of helan send alone";
            TokenUnknown = "token_unknown", 401,
                "访问令牌不存在", "the token is not known",
                "核对访问令牌是否完整、是否属于本系统；否则请运维人员签发新访问令牌", "check that the token is complete and for this system; else ask the operator for a new one";
            TokenExpired = "token_expired", 401,
                "访问令牌已过期", "the token has expired",
                "请运维人员更换访问令牌", "ask the operator to rotate the credential";
            TokenRevoked = "token_revoked", 401,
                "访问令牌已被吊销", "the token was revoked",
                "请运维人员签发新访问令牌", "ask the operator for a new credential";
            RoleNotAllowed = "role_not_allowed", 403,
                "该访问令牌的角色不能报送数据", "credentials of this role cannot send reports",
                "使用报送单位（reporter）的访问令牌", "use the credential of a reporter";
            ReporterUnknown = "reporter_unknown", 403,
                "名录中无此单位", "the catalog does not name this reporter",
                "请运维人员在指标目录 reporters.csv 中登记，或更正访问令牌", "ask the operator to add the reporter to reporters.csv, or to correct the credential";
            ReporterOtherEndpoint = "reporter_other_endpoint", 403,
                "该报送单位应使用另一个接收地址", "this reporter belongs to another ingest service",
                "市级与园区使用各自的接收地址，请向运维人员索取", "cities and parks have services of their own; ask the operator for the address";
            ReporterNotValid = "reporter_not_valid", 403,
                "该报送单位在报告期不具报送资格", "the reporter is not valid for this period",
                "核对报告期；机构调整后由新单位报送", "check the period; after a reorganisation the successor reports";
            UnknownSource = "unknown_source", 403,
                "指标目录中没有该来源", "the catalog has no such source",
                "使用运维人员为贵单位登记的 source", "use a source that is registered for you";
            ForeignSource = "foreign_source", 403,
                "该来源属于其他报送单位", "the source belongs to another reporter",
                "使用运维人员为贵单位登记的 source", "use a source that is registered for you";
            ForeignArea = "foreign_area", 403,
                "无权报送该地区", "you may not report for this area",
                "核对 ref_area；确需报送请运维人员调整指标目录 scopes.csv", "check ref_area; if it is right, ask the operator to extend scopes.csv";
            ForeignIndicator = "foreign_indicator", 403,
                "无权报送该地区的这一指标", "you may not report this indicator for this area",
                "核对 indicator；确需报送请运维人员调整指标目录 scopes.csv", "check indicator; if it is right, ask the operator to extend scopes.csv";
            EstimateNotAllowed = "estimate_not_allowed", 403,
                "无权报送估计值", "you may not send estimates",
                "只报送实际数；obs_status 不用 E、I、F，vintage 不用 estimated", "send actual figures; do not use obs_status E, I or F, or vintage estimated";
            PublishedNotAllowed = "published_not_allowed", 403,
                "本单位不能填报发布日期", "you may not set published_at",
                "删去 published_at，以接收时间为准", "leave published_at out; the time of receipt counts";
        }
    };
}
