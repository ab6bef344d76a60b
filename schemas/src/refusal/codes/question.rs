//! Asking in SQL, and reading the lake.

macro_rules! question {
    (($next:ident $($after:ident)*) $($before:tt)*) => {
        $next! { ($($after)*) $($before)*
            RoleCannotAsk = "role_cannot_ask", 403,
                "该访问令牌的角色不能查询", "credentials of this role cannot run SQL queries",
                "使用分析人员（analyst）或运维人员（operator）的访问令牌", "use the credential of an analyst or operator";
            SqlRequestInvalid = "sql_request_invalid", 400,
                "请求体不是查询请求", "the body is not a valid request for /v1/sql",
                "发送 SQL 文本（application/sql），或 JSON {\"query\": \"…\", \"as_of\": \"2019-08-30\"}", "send the SQL as application/sql, or JSON {\"query\": \"…\", \"as_of\": \"2019-08-30\"}";
            SqlTooLong = "sql_too_long", 413,
                "查询文本过长", "the query is too long",
                "缩短；长列表改用 join 或子查询", "shorten it; use a join or a subquery in place of a long list";
            AcceptUnsupported = "accept_unsupported", 406,
                "不支持所要求的结果格式", "none of the formats in Accept is supported",
                "Accept 用 application/vnd.apache.arrow.stream、application/x-ndjson 或 text/csv", "accept application/vnd.apache.arrow.stream, application/x-ndjson or text/csv";
            AsOfInvalid = "as_of_invalid", 400,
                "as_of 或 recorded 不是时间", "as_of or recorded is not a date or time",
                "写 RFC 3339 时间，或日期（指标目录时区当日结束）", "write an RFC 3339 time, or a date, which means its end in the catalog's time zone";
            SqlInvalid = "sql_invalid", 400,
                "查询有误", "the query cannot be planned",
                "按提示改正；/v1/tables 列出全部表和列", "correct it as the message says; /v1/tables lists every table and column";
            SqlStatements = "sql_not_one_statement", 400,
                "每次只能执行一条语句", "only one statement per request",
                "每条语句单独发送", "send each statement as a request of its own";
            SqlNotReadOnly = "sql_not_read_only", 403,
                "只能查询，不能修改数据、会话或读写文件", "only queries are allowed: no changes to data or session, no reading or writing of files",
                "用 select；报送数据请用 /v1/events", "use select; send reports to /v1/events";
            SqlTooLarge = "sql_too_large", 422,
                "查询展开后过大", "the query is too large once it is expanded",
                "按提示简化，或分成几个查询", "simplify it as the message says, or ask several smaller queries";
            SqlFailed = "sql_failed", 422,
                "查询执行出错", "the query failed while it ran",
                "按提示改正，例如被零除、类型转换", "correct it as the message says, such as a division by zero or a cast";
            SqlTimeLimit = "sql_time_limit", 422,
                "查询超过时间限制", "the query exceeded the time limit",
                "缩小范围、先汇总，或直接读取 Parquet 文件", "narrow it, aggregate first, or read the Parquet files directly";
            SqlMemoryLimit = "sql_memory_limit", 422,
                "查询超过内存限制", "the query exceeded the memory limit",
                "缩小范围、减少排序和连接；若因其他查询占用，可稍后重试", "narrow it, sort and join less; if other queries use the memory, ask again later";
            SqlResultLimit = "sql_result_limit", 422,
                "结果超过行数或字节限制", "the result exceeds the limit on rows or bytes",
                "加 where 或 limit，或直接读取 Parquet 文件", "add where or limit, or read the Parquet files directly";
            SqlTooMany = "sql_too_many_queries", 429,
                "该访问令牌同时运行的查询过多", "this credential has too many queries running",
                "按 Retry-After 等待后重试", "wait as Retry-After says and ask again";
            SqlBusy = "sql_busy", 503,
                "同时运行的查询过多", "too many queries are running",
                "按 Retry-After 等待后重试", "wait as Retry-After says and ask again";
            LakeUnavailable = "lake_unavailable", 503,
                "数据湖或日志暂时无法读取", "the lake or the log cannot be read now",
                "稍后重试", "ask again later";
        }
    };
}
