//! The list: variant, code, HTTP status, meaning and what to do, in Chinese and English.

codes! {
    // Who sends
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

    // The request
    NotFound = "not_found", 404,
        "没有该地址", "there is no such path",
        "见 /openapi.json", "see /openapi.json";
    MethodNotAllowed = "method_not_allowed", 405,
        "该地址不支持此方法", "the path does not support this method",
        "见 /openapi.json", "see /openapi.json";
    RequestTimeout = "request_timeout", 408,
        "请求体传输过慢", "the body came too slowly",
        "检查网络后重试；可分批或用 gzip 压缩", "check the network and send again; split the submission or compress it with gzip";
    BodyBroken = "body_broken", 400,
        "请求体没有传完", "the body ended before it was complete",
        "重试；重复提交无害", "send again; repeats do no harm";
    BodyTooLarge = "body_too_large", 413,
        "请求体过大", "the body is too large",
        "分成几次提交", "split it into several submissions";
    DecompressedTooLarge = "decompressed_too_large", 413,
        "解压后过大", "the body is too large once decompressed",
        "分成几次提交；工作表先删去数据下方带格式的空行", "split it into several submissions; in a spreadsheet, first delete the empty formatted rows below the data";
    CompressionRatio = "compression_ratio", 413,
        "压缩比异常", "the compression ratio is far too high",
        "检查文件内容，或不压缩发送", "check the file, or send it without compression";
    SubmissionTooLarge = "submission_too_large", 413,
        "提交内容超过 8 MiB（规范 JSON）", "the submission exceeds 8 MiB of canonical JSON",
        "分成几次提交，各自独立", "split it; each part is a submission of its own";
    TooManyRows = "too_many_rows", 413,
        "一次提交的行数过多", "the submission has too many rows",
        "分成几次提交，各自独立", "split it; each part is a submission of its own";
    ContentTypeUnsupported = "content_type_unsupported", 415,
        "不支持的内容类型", "the path does not support this content type",
        "事件用 application/cloudevents+json、application/cloudevents-batch+json、application/json 或 application/x-ndjson；表格用 text/csv 或 application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "send events as application/cloudevents+json, application/cloudevents-batch+json, application/json or application/x-ndjson, tables as text/csv or application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    ContentEncodingUnsupported = "content_encoding_unsupported", 415,
        "不支持的压缩方式", "the content encoding is not supported",
        "用 gzip，或不压缩", "use gzip, or none";
    CharsetUnsupported = "charset_unsupported", 415,
        "不支持的字符集", "the charset is not supported",
        "JSON 用 UTF-8；CSV 最好用 UTF-8，也可注明 gb18030、big5、windows-1252、shift_jis、euc-kr 等", "use UTF-8 for JSON; for CSV preferably UTF-8, or name the charset, such as gb18030, big5, windows-1252, shift_jis or euc-kr";
    GzipNotAnnounced = "gzip_not_announced", 415,
        "内容经 gzip 压缩，但请求头未说明", "the body is gzip, but no header says so",
        "加请求头 Content-Encoding: gzip，或解压后发送", "add the header Content-Encoding: gzip, or send it decompressed";
    ContentMismatch = "content_mismatch", 415,
        "内容与所说明的类型不符", "the content does not match its type",
        "按实际格式注明 Content-Type（文件则改扩展名或用 --format）：XLSX 为 application/vnd.openxmlformats-officedocument.spreadsheetml.sheet，CSV 为 text/csv；其他格式先另存为 .xlsx 或 CSV UTF-8", "name the real format in Content-Type (for a file: by its extension or --format): application/vnd.openxmlformats-officedocument.spreadsheetml.sheet for XLSX, text/csv for CSV; save any other as .xlsx or CSV UTF-8 first";
    LengthAmbiguous = "length_ambiguous", 400,
        "同时有 Content-Length 和 Transfer-Encoding，请求长度不明", "the request has Content-Length and Transfer-Encoding, so its length is ambiguous",
        "只保留其中一个；由 HTTP 库自动填写", "send only one of them; HTTP libraries set it themselves";
    TooManyRequests = "too_many_requests", 429,
        "并发请求或其数据过多", "you have too many requests, or too much data, in flight",
        "按 Retry-After 等待后重试；可合并为批次", "wait as Retry-After says and send again; batches need fewer requests";
    TooManyWrongTokens = "too_many_wrong_tokens", 429,
        "该地址提交的错误访问令牌过多", "too many wrong tokens came from this address",
        "核对访问令牌；正确的访问令牌随时可用，错误的一分钟后再试", "correct the token: a valid one works at once, wrong ones are checked again after a minute";
    Busy = "busy", 503,
        "服务繁忙", "the service is overloaded",
        "按 Retry-After 等待后重试；重复提交无害", "wait as Retry-After says and send again; repeats do no harm";
    LogUnavailable = "log_unavailable", 503,
        "日志暂不可用，提交未获确认", "the log is not available; the submission is not acknowledged",
        "按 Retry-After 等待后原样重试；重复提交无害", "wait as Retry-After says and send the same again; repeats do no harm";
    CredentialsUnavailable = "credentials_unavailable", 503,
        "访问令牌暂时无法核验", "credentials cannot be checked now",
        "稍后重试；运维人员请检查访问令牌文件", "try again later; operator: check the credentials file";
    IdempotencyKeyInvalid = "idempotency_key_invalid", 400,
        "Idempotency-Key 格式不正确", "the Idempotency-Key is ill-formed",
        "用 1 至 64 个字母、数字或 - . _ ~，例如 UUID", "use 1 to 64 letters, digits or - . _ ~, such as a UUID";
    SubmissionUnknown = "submission_unknown", 404,
        "未找到您以该编号报送的记录，或内容不同", "you have no submission with this id, or its content is different",
        "核对编号，见当时回答中的 submission 和 status_url", "check the id: it is `submission` in the response to your request, and part of status_url";
    QueryInvalid = "query_invalid", 400,
        "查询参数不正确", "a query parameter is wrong",
        "报表只用 source 和 wait（如 5s）；模板只用 period、parts、format、lang、source；回执只用 wait 和 content；清单的参数见 /openapi.json；各用一次", "use only source and wait (such as 5s) for reports; period, parts, format, lang, source for templates; wait and content for receipts; for lists see /openapi.json; each once";
    HeaderInvalid = "header_invalid", 400,
        "CloudEvents 请求头不正确", "a CloudEvents header is wrong",
        "二进制模式的请求头见 /openapi.json", "see /openapi.json for the headers of binary mode";

    // The bytes
    GzipInvalid = "gzip_invalid", 400,
        "gzip 数据损坏", "the gzip stream is broken",
        "重新压缩后发送", "compress it again";
    EmptyBody = "empty_body", 400,
        "请求体为空", "the body is empty",
        "附上要报送的内容", "send what you want to report";
    EmptyBatch = "empty_batch", 422,
        "批次中没有事件", "the batch holds no event",
        "至少包含一个事件或一行数据", "send at least one event or one row";
    InvalidUtf8 = "invalid_utf8", 400,
        "内容不是有效的 UTF-8", "the bytes are not valid UTF-8",
        "以 UTF-8 保存；其他字符集的 CSV 请注明，例如 charset=gb18030", "save as UTF-8; for CSV in another charset name it, such as charset=gb18030";
    CharsetMismatch = "charset_mismatch", 400,
        "内容与声明的字符集不符", "the bytes are not in the charset that was named",
        "更正 Content-Type 中的 charset（helan send 为 --charset），或以 UTF-8 保存", "correct charset in Content-Type (--charset of helan send), or save as UTF-8";
    CharsetUndetected = "charset_undetected", 400,
        "文件不是 UTF-8，字符集无法识别", "the file is not UTF-8, and its charset cannot be detected",
        "在 Excel 中另存为“CSV UTF-8”，或注明字符集：Content-Type: text/csv; charset=windows-1252（helan send 为 --charset）", "save as CSV UTF-8 in Excel, or name the charset: Content-Type: text/csv; charset=windows-1252 (--charset of helan send)";
    CharsetAmbiguous = "charset_ambiguous", 400,
        "文件不是 UTF-8，用几种字符集都能解读", "the file is not UTF-8 and can be read in several charsets",
        "选出读来正确的一种并注明：Content-Type: text/csv; charset=gb18030（helan send 为 --charset），或在 Excel 中另存为“CSV UTF-8”", "name the charset in which the text is correct: Content-Type: text/csv; charset=gb18030 (--charset of helan send), or save as CSV UTF-8 in Excel";
    ByteOrderMarkTwice = "byte_order_mark_twice", 400,
        "文件开头有两个字节顺序标记（BOM）", "the file begins with two byte order marks",
        "删去一个：通常是程序又加了一次；用 Excel 打开后另存为“CSV UTF-8”即可", "delete one of them (a program added it again): open the file in Excel and save it as CSV UTF-8";
    JsonSyntax = "json_syntax", 400,
        "JSON 语法错误", "the JSON is malformed",
        "用 JSON 工具检查所示位置", "check the place with a JSON tool";
    JsonTruncated = "json_truncated", 400,
        "JSON 不完整，提前结束", "the JSON ends too early",
        "检查文件是否完整后重发", "check that the file is complete and send it again";
    JsonNotFinite = "json_not_finite", 400,
        "JSON 中不能有 NaN 或 Infinity", "JSON has no NaN or Infinity",
        "缺数时省略 value，并以 obs_status 说明原因", "leave value out and say why in obs_status";
    JsonTooDeep = "json_too_deep", 400,
        "JSON 嵌套过深", "the JSON is nested too deeply",
        "事件只有两层：属性和 data", "an event has only two levels: its attributes and data";
    JsonShape = "json_shape", 400,
        "JSON 结构与内容类型不符", "the JSON is not what the content type says: an event, or an array of events",
        "单个事件为对象（application/cloudevents+json），批次为对象数组（application/cloudevents-batch+json）；application/json 两者皆可",
        "one event is an object (application/cloudevents+json), a batch an array of objects (application/cloudevents-batch+json); \
application/json takes either";
    CsvMissingColumn = "csv_missing_column", 400,
        "缺少必需的列", "a required column is missing",
        "表头至少须有 ref_area、indicator、time_period、value、unit", "the header row needs at least ref_area, indicator, time_period, value, unit";
    CsvUnknownColumn = "csv_unknown_column", 400,
        "有不认识的列", "a column is not known", "删去该列，或更正列名", "delete the column, or correct its name";
    CsvColumnNameless = "csv_column_nameless", 400,
        "有列没有列名（列号）", "columns without a name (column numbers)",
        "删去表格右侧或中间的空列后再保存，或补上列名", "delete the empty columns and save again, or name them";
    CsvSeparator = "csv_separator", 400,
        "各列不是用逗号分隔", "the columns are not separated by commas",
        "另存为“CSV UTF-8（逗号分隔）”，或发送 .xlsx", "save as CSV UTF-8 (comma delimited), or send the .xlsx";
    CsvSepLine = "csv_sep_line", 400,
        "第一行是给 Excel 的指令，不是表头", "the first line is an instruction to Excel, not the header row",
        "删去该行；各列用逗号分隔", "delete the line, and separate the columns by commas";
    CsvLineQuoted = "csv_line_quoted", 400,
        "每一行整体加了引号，成了一个单元格", "each whole line is quoted, so it is one cell", "去掉行首和行尾的引号，或重新导出为 CSV", "take the quotes off the lines, or export the CSV again";
    CsvControl = "csv_control", 400,
        "文件中有文本里不会有的字符", "the file contains a control character", "文件可能已损坏或不完整：请重新导出", "it may be damaged or incomplete: export it again";
    CsvLinesLost = "csv_lines_lost", 400,
        "全部内容连成一行，换行已丢失", "everything is on one line: the line breaks were lost",
        "curl 用 --data-binary 代替 -d（--data）；程序请保留换行", "use --data-binary instead of -d (--data) with curl; programs keep the line breaks";
    CsvDuplicateColumn = "csv_duplicate_column", 400,
        "列名重复", "duplicate column", "每列只保留一个", "keep one of them";
    CsvRaggedRow = "csv_ragged_row", 400,
        "该行的单元格数与表头不同", "the number of cells in the row differs from the header row", "检查逗号；含逗号的文字加英文双引号", "check the commas; put texts with commas in double quotes";
    CsvHeadingAgain = "csv_heading_again", 400,
        "数据行之间又有一行表头，各列与前面不同", "a second header row, with different columns, stands among the rows",
        "几个文件合并过：分开报送，或统一各列", "files were joined: send them one by one, or give them the same columns";
    CsvUnclosedQuote = "csv_unclosed_quote", 400,
        "双引号没有闭合", "a quote is never closed", "补上双引号；文字中的双引号写两次", "close it; write a double quote within a text twice";
    CsvStrayQuote = "csv_stray_quote", 400,
        "双引号位置不正确", "a quote stands inside a cell",
        "含双引号的文字整体加双引号，内部的写两次", "quote the whole cell and write quotes within it twice";

    // The event
    DuplicateKey = "duplicate_key", 422,
        "JSON 键重复", "duplicate key",
        "每个键只保留一个", "keep one of them";
    UnknownField = "unknown_field", 422,
        "有不认识的字段", "the field is not known",
        "删去，或更正字段名", "delete it, or correct its name";
    MissingField = "missing_field", 422,
        "缺少必填字段", "a required field is missing or empty",
        "补上该字段", "add the field";
    WrongType = "wrong_type", 422,
        "字段类型不正确", "the field has the wrong JSON type",
        "文字用字符串，unit_mult 用整数，value 用数字或数字字符串", "use strings for texts, an integer for unit_mult, a number or its string for value";
    FieldNotAllowed = "field_not_allowed", 422,
        "此类事件不能有该字段", "an event of this type does not have the field",
        "撤回只写 withdraws，可附 ref_area、indicator、备注、依据和签署人；报数不写 withdraws", "a withdrawal has withdraws, and may have ref_area, indicator, note, evidence and who signed; a report has no withdraws";
    EntityNotEnabled = "entity_not_enabled", 422,
        "尚未开放单位级数据（entity）", "entity is not enabled",
        "只报送汇总数，不含单个企业", "send aggregates, never rows about one enterprise";
    SpecversionUnsupported = "specversion_unsupported", 422,
        "specversion 须为 1.0", "specversion is not 1.0",
        "写 1.0", "write 1.0";
    TypeUnknown = "type_unknown", 422,
        "不支持的事件类型", "the event type is not known",
        "用 helan.observation.reported.v1 或 helan.observation.withdrawn.v1", "use helan.observation.reported.v1 or helan.observation.withdrawn.v1";
    IdInvalid = "id_invalid", 422,
        "事件编号不正确", "the id is ill-formed",
        "用 1 至 128 字节，不含控制字符和不可见字符，首尾无空格", "use 1 to 128 bytes without control or invisible characters or outer spaces";
    SourceInvalid = "source_invalid", 422,
        "来源格式不正确", "the source is ill-formed",
        "用 1 至 256 字节，不含空格、控制字符和不可见字符", "use 1 to 256 bytes without spaces, control or invisible characters";
    SourceMissing = "source_missing", 422,
        "没有说明来源", "no source is named",
        "在该行写明 source；全部没有时加 source 列、参数 ?source=，或 helan send --source", "name it in column source of that row; where no row has one, add the column, the parameter ?source=, or helan send --source";
    SourceMixed = "source_mixed", 422,
        "同一次提交有多个来源", "the events of one submission have more than one source",
        "每个来源单独提交", "send each source as a submission of its own";
    RepeatedId = "repeated_id", 422,
        "同一批次中事件编号重复", "duplicate id in one submission",
        "每个事件使用唯一编号", "give each event an id of its own";
    CellContradicted = "cell_contradicted", 422,
        "同一提交中两行报送同一数据项（地区、指标、时期、发布版本、版次、基准、发布时间相同）而数值或状态不同；括号内为行号", "two rows of one submission report the same cell (area, indicator, period, vintage, edition, basis, published_at) with different values or statuses; row numbers in brackets",
        "只保留正确的一行；确为两次发布的，分别写明 vintage 或 published_at", "keep the right row; two releases of one cell differ in vintage or published_at";
    TimeInvalid = "time_invalid", 422, "time 不是 RFC 3339 时间", "time is not an RFC 3339 timestamp",
        "例如 2019-08-30T09:00:00+08:00", "such as 2019-08-30T09:00:00+08:00";
    DatacontenttypeUnsupported = "datacontenttype_unsupported", 422,
        "datacontenttype 须为 application/json", "datacontenttype is not application/json",
        "写 application/json 或省略", "write application/json, or leave it out";
    TextControl = "text_control", 422,
        "文字含控制字符或不可见字符", "the text holds control or invisible characters",
        "删去控制字符和不可见字符（零宽字符、软连字符、方向符、标签字符）", "delete control and invisible characters (zero-width, soft hyphens, direction marks, tags)";
    TextTooLong = "text_too_long", 422,
        "文字过长", "the text is too long",
        "缩短；详情放在 evidence 所指的文件中", "shorten it; put the details in the file that evidence names";
    UnknownArea = "unknown_area", 422,
        "指标目录中没有该地区", "the catalog has no such area",
        "核对 ref_area，见指标目录 areas.csv", "check ref_area against areas.csv of the catalog";
    AreaAmbiguous = "area_ambiguous", 422,
        "代码前的零可能已丢失，目录中两者都有", "leading zeros may be missing: the catalog has both codes",
        "在 area_name 列写上该地区的名称；工作簿中把单元格设为文本再填代码；或以 JSON 报送", "write the area's name beside it in a column area_name, or in a workbook make the cell a text and write the code, or send JSON";
    AreaNotValid = "area_not_valid", 422,
        "该代码在报告期末不存在", "the area code is not valid at the end of the period",
        "用报告期末有效的代码", "use the code that is valid at the end of the period";
    GroupNotReportable = "group_not_reportable", 422,
        "该分组由成员汇总，不能直接报送", "the group is computed from its members",
        "报送各成员地区；该组自有的或已公布的数值，须在 scopes.csv 中有一行", "report for the members; to report the group's own or published value, add a row for the group to scopes.csv";
    UnknownIndicator = "unknown_indicator", 422,
        "指标目录中没有该指标", "the catalog has no such indicator",
        "核对 indicator，见指标目录 indicators.csv", "check indicator against indicators.csv of the catalog";
    IndicatorComputed = "indicator_computed", 422,
        "该指标由系统计算，不能报送", "the indicator is computed, never reported",
        "报送它的分子和分母（或各成员）", "report its numerator and denominator (or its members)";
    UnitMismatch = "unit_mismatch", 422,
        "计量单位与指标目录不符", "the unit is not the one of the catalog",
        "用指标目录的单位；万、亿写在 unit_mult（4、8）", "use the catalog's unit; say 万 or 亿 by unit_mult 4 or 8";
    UnitMultInvalid = "unit_mult_invalid", 422,
        "unit_mult 不正确", "unit_mult is neither an integer from -18 to 18 nor the name of a power of ten",
        "表格中从列表选择，或写“个”“千”“万”“亿”；程序写 0（个）、3（千）、4（万）、8（亿）等", "choose from the list in a form, or write ones, thousand, 万 or 亿; programs write 0 for ones, 3, 4 for 万, 8 for 亿";
    PeriodSyntax = "period_syntax", 422,
        "报告期格式不正确", "the time period is ill-formed",
        "例如 2018、2018-Q2、2018-06、2018-01-01/P6M", "such as 2018, 2018-Q2, 2018-06, 2018-01-01/P6M";
    PeriodNotExisting = "period_not_existing", 422, "报告期不存在", "the time period does not exist",
        "核对年、季、月、日", "check year, quarter, month and day";
    PeriodEndsBeforeStart = "period_ends_before_start", 422,
        "报告期的结束早于开始", "the time period ends before it starts",
        "写开始日期和正的时长，例如 2018-01-01/P6M", "write a start and a positive duration, such as 2018-01-01/P6M";
    PeriodInFuture = "period_in_future", 422, "报告期尚未开始", "the time period has not begun",
        "核对年份；计划数不是观测值", "check the year; a planned figure is not an observation";
    StockWithRange = "stock_with_range", 422,
        "存量指标不能用区间报告期", "a stock is measured at a date, not over a range",
        "用期末所在的年、季、月或日", "use the period at whose end the stock was measured: a year, quarter, month or day";
    NumberSyntax = "number_syntax", 422,
        "数值不是十进制数", "the value is not a decimal number",
        "只写数字和小数点，不用千分位、单位、空格或括号；负数写 -1234", "write digits and a point only: no thousands separator, unit, space or bracket; a negative number as -1234";
    NumberWithMultiplier = "number_with_multiplier", 422, "数值中写有数量级或单位", "the value has a multiplier or unit in it",
        "只写数字；万、亿写在 unit_mult：表格中从列表选“万”或“亿”，程序写 4 或 8", "write digits only, and the multiplier in unit_mult: choose it from the list in a form; programs write 4 for 万, 6 for million, 8 for 亿";
    ValueIsMark = "value_is_mark", 422, "数值处写的是表示无数据的符号或文字", "the value is a mark or word for a missing figure",
        "无数据时 value 留空，并在 obs_status 说明原因，例如 O（缺数）、M（不可能有数）", "leave value blank and say why in obs_status, such as O (missing) or M (cannot exist)";
    NotYesOrNo = "not_yes_or_no", 422, "该指标只能填“是”或“否”", "the indicator takes yes or no only",
        "表格中从列表选“是”或“否”；程序写 1（是）或 0（否）", "choose yes or no from the list in a form; programs write 1 for yes, 0 for no";
    NumberAmbiguous = "number_ambiguous", 422,
        "数字中的分隔符可能是千分位，也可能是小数点", "the mark in the number may separate thousands or decimals",
        "不用千分位，小数点写“.”：1234 或 1.234；工作簿中把单元格设为数字。各单位惯用哪种，可由运维人员在指标目录 catalog.toml 中以 decimal_mark 注明", "use no thousands separator, and a point for decimals: 1234 or 1.234; in a workbook make the cell a number. The operator can set decimal_mark in catalog.toml";
    NumberDigitsDropped = "number_digits_dropped", 422,
        "科学计数法，其余数字可能已丢失", "the number is in scientific notation, which may have lost digits",
        "把该列格式设为“数值”或“文本”，使全部数字显示后再保存；程序请写出全部数字", "format the column as Number or text so that every digit shows, and save again; programs write all digits";
    NumberNotFinite = "number_not_finite", 422, "数值不能为 NaN 或无穷", "the value is not a finite number",
        "缺数时省略 value，并以 obs_status 说明原因", "leave value out and say why in obs_status";
    NumberTooManyDecimals = "number_too_many_decimals", 422,
        "小数位过多（最多 10 位）", "the number has more than 10 digits after the point",
        "按统计口径取舍后报送", "round it to at most 10 decimals, as your statistics do";
    NumberOutOfRange = "number_out_of_range", 422, "数值超出范围（±10^18）", "the number is outside ±10^18",
        "核对数字和 unit_mult", "check the digits and unit_mult";
    ValueMissing = "value_missing", 422,
        "缺少数值且未说明原因", "the value is missing without a status that says why",
        "补上 value，或以 obs_status H、J、K、L、M、O、Q、S 说明原因", "add value, or say why by obs_status H, J, K, L, M, O, Q or S";
    ValueWithStatus = "value_with_status", 422,
        "obs_status 表示无数值，却有 value", "obs_status says that there is no value, yet there is one",
        "删去 value，或更正 obs_status", "delete value, or correct obs_status";
    NegativeCount = "negative_count", 422, "数量不能为负", "a count cannot be negative",
        "核对正负号", "check the sign";
    CountNotWhole = "count_not_whole", 422, "数量须为整数", "a count must be whole",
        "核对数字和 unit_mult", "check the digits and unit_mult";
    MilestoneNotBoolean = "milestone_not_0_or_1", 422,
        "里程碑只能是 0（未完成）或 1（完成）", "a milestone is 0 (not done) or 1 (done)",
        "写 0 或 1，unit_mult 为 0", "write 0 or 1, with unit_mult 0";
    BelowMinimum = "below_minimum", 422, "低于合理下限", "the value is below the plausible minimum",
        "核对数字、单位和 unit_mult；确实如此请运维人员调整指标目录界限", "check digits, unit and unit_mult; if it is right, ask the operator to change the limit in the catalog";
    AboveMaximum = "above_maximum", 422, "高于合理上限", "the value is above the plausible maximum",
        "核对数字、单位和 unit_mult（万、亿）；确实如此请运维人员调整指标目录界限", "check digits, unit and unit_mult (万, 亿); if it is right, ask the operator to change the limit in the catalog";
    ObsStatusUnknown = "obs_status_unknown", 422,
        "obs_status 不在代码表中", "obs_status is not in the code list",
        "表格中从列表选择，正常时留空；程序用 SDMX CL_OBS_STATUS 的代码", "choose from the list in a form, blank is normal; programs use a code of SDMX's CL_OBS_STATUS";
    ConfStatusUnknown = "conf_status_unknown", 422, "conf_status 不在代码表中", "conf_status is not in the code list",
        "用 F、N、C、D、S 或 A", "use F, N, C, D, S or A";
    VintageUnknown = "vintage_unknown", 422,
        "vintage 不在代码表中", "vintage is not in the code list",
        "表格中从列表选择；程序写 estimated、preliminary、revised、final 或 census-revised", "choose from the list in a form; programs write estimated, preliminary, revised, final or census-revised";
    BasisUnknown = "basis_unknown", 422,
        "指标目录中该指标没有此基准", "the catalog has no such basis for the indicator",
        "核对 basis，见指标目录 bases.csv；省略则按指标目录推定", "check basis against bases.csv; leave it out to derive it from the catalog";
    EditionUnknown = "edition_unknown", 422,
        "指标目录中没有此版次", "the catalog has no such edition",
        "核对 edition，见指标目录 editions.csv；新的版次请运维人员先加入", "check edition against editions.csv; ask the operator to add a new one there first";
    RoleUnknown = "role_unknown", 422,
        "role 不在代码表中", "role is not in the code list",
        "数值参与汇总的留空；只作核对的已公布数写 printed", "leave it out if the value counts; write printed for a published figure that is only compared";
    PublishedAtInvalid = "published_at_invalid", 422,
        "发布时间格式不正确", "published_at is neither an RFC 3339 timestamp nor a date",
        "例如 2019-08-30 或 2019-08-30T09:00:00+08:00", "such as 2019-08-30 or 2019-08-30T09:00:00+08:00";
    PublishedInFuture = "published_in_future", 422,
        "发布时间晚于接收时间", "published_at lies in the future",
        "核对日期和时区；发布后再报送", "check date and time zone; send it once it is published";
    WithdrawsMissing = "withdraws_missing", 422,
        "撤回未说明撤回哪个事件", "a withdrawal names no event",
        "以 withdraws 写出要撤回的事件编号", "name the event's id in withdraws";
    WithdrawsItself = "withdraws_itself", 422,
        "撤回事件不能撤回自己", "a withdrawal cannot withdraw itself",
        "写出要撤回的事件编号", "name the event to be withdrawn";

    // Asking in SQL, and reading the lake
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

    // The workbook
    WorkbookBroken = "workbook_broken", 400,
        "文件不是完整的 XLSX 工作簿", "the file is not a complete XLSX workbook",
        "用 Excel、WPS 或 LibreOffice 打开后另存为 .xlsx", "open it in Excel, WPS or LibreOffice and save it as .xlsx";
    WorkbookFormat = "workbook_format", 415,
        "不是 XLSX 格式的工作簿", "the workbook is not in XLSX format",
        "另存为“Excel 工作簿（.xlsx）”；不收 .xls、.xlsb、.ods", "save it as Excel workbook (.xlsx); .xls, .xlsb and .ods are not accepted";
    WorkbookEncrypted = "workbook_encrypted", 400,
        "工作簿设有打开密码", "the workbook is encrypted",
        "取消打开密码后保存；工作表保护不受影响", "remove the password to open it and save; protected sheets are fine";
    WorkbookTooManyParts = "workbook_too_many_parts", 413,
        "工作簿内部文件过多", "the workbook contains too many internal files",
        "把数据表复制到新工作簿后另存", "copy the data sheet into a new workbook and save that";
    SheetNotFound = "sheet_not_found", 422, "没有可读取的数据表", "there is no sheet to read",
        "数据放在名为“数据”或 data 的可见工作表中", "put the rows on a visible sheet named data or 数据";
    SheetAmbiguous = "sheet_ambiguous", 422,
        "有多个工作表，不知读取哪一个", "there are several sheets, and none or more than one is named data",
        "把要报送的工作表命名为“数据”或 data，且只命名一个", "name the sheet to be read data or 数据, and no other one";
    SheetHidden = "sheet_hidden", 422, "数据表被隐藏", "the data sheet is hidden",
        "取消隐藏，核对后再报送", "unhide it, look at it and send it again";
    SheetNoHeading = "sheet_no_heading", 422,
        "前 50 行中没有找到表头", "no header row was found in the first 50 rows",
        "表头一行须有“数值”（value）和“地区代码”（ref_area），或“撤回事件编号”（withdraws）", "the header row has value (数值) and ref_area (地区代码), or withdraws (撤回事件编号)";
    CellMerged = "cell_merged", 422,
        "数据区有合并单元格", "cells of the data are merged",
        "取消合并，每格单独填写；标题行和名称列可以合并", "unmerge them and fill in each; titles and name columns may stay merged";
    RowHidden = "row_hidden", 422,
        "隐藏行中有数值（行号）", "a hidden row holds a value (number of the row)",
        "取消隐藏或清除筛选，核对后保留或删去该行", "unhide it or clear the filter, then keep or delete the row";
    ColumnHidden = "column_hidden", 422,
        "填报列，或没有名称可对照的代码、报告期列被隐藏", "an input column, the period column, or a code column without visible names is hidden",
        "取消隐藏，核对后再报送", "unhide it, look at it and send it again";
    FormulaWithoutValue = "formula_without_value", 422,
        "公式没有保存计算结果", "the formula was saved without its result",
        "在 Excel、WPS 或 LibreOffice 中重新计算后保存，或粘贴为数值", "recalculate and save it in Excel, WPS or LibreOffice, or paste it as a value";
    CellError = "cell_error", 422,
        "单元格是错误值", "the cell shows an error",
        "更正公式，或直接填写数值", "correct the formula, or type the value";
    CellDate = "cell_date", 422,
        "单元格被当作日期", "the cell holds a date",
        "把单元格格式改为“文本”后重新填写；发布时间写作 2019-08-30", "format the cell as text and type it again; write published_at as 2019-08-30";
    CellFormatMisleads = "cell_format_misleads", 422,
        "单元格显示的内容与保存的数不一致（百分比、万、附加文字等）", "the displayed text differs from the stored number (per cent, thousands, added words)",
        "格式改为“常规”，核对后按数量级填写", "format it as General, look at the number and use the multiplier column";
    CellUnseen = "cell_unseen", 422,
        "单元格有内容，但看不见（白色字、隐藏格式、不显示零值等）", "the cell holds something that cannot be seen (white text, a format that hides it, hidden zeros)",
        "格式改为“常规”、字体改为黑色，核对后保留或删去", "format it as General in black, look at it, then keep or delete it";
    CellStruck = "cell_struck", 422,
        "单元格内有带删除线的文字", "text of the cell is struck out",
        "删去作废的内容，只留有效的内容，取消删除线", "delete what is no longer valid, and remove the strikethrough from the rest";
    CellRaised = "cell_raised", 422,
        "单元格内有上标或下标", "text of the cell is a superscript or subscript",
        "脚注写入“备注”，单元格内只留数值或代码", "put the footnote into note, and leave only the number or code in the cell";
    NumberPrecision = "number_precision", 422,
        "数字超过 15 位，表格软件无法准确保存", "a number cell cannot hold more than 15 digits exactly",
        "把单元格格式改为“文本”后重新填写", "format the cell as text and type the number again";
    LabelMismatch = "label_mismatch", 422,
        "名称与代码不符，或标题中的年份、地区与各行都不符", "the row's name does not match its code, or no row matches the year or area in the title",
        "可能排序或粘贴时错位；重新下载模板填写，或改正标题", "rows may have shifted while sorting or pasting; fill in a fresh template, or correct the title";
    UnitNameMismatch = "unit_name_mismatch", 422,
        "计量单位（数值旁、备注、批注、表头上方、表下、页眉或工作表名所写）与指标、数量级不符", "the unit written beside the value (or in a note, above or below the table, on the page or in the sheet's name) does not match the indicator's unit and the row's multiplier",
        "数值按指标目录的单位和“数量级”计：选对应的数量级（亿元 = 元，亿），或改正、删去所写的单位；各行单位不同时加“计量单位”列", "a value counts in the catalog's unit times the multiplier: choose its multiplier (100 million yuan = yuan, hundred million), or correct or delete the unit that is written; where rows differ, add the column unit_name";
    TemplateRowInvalid = "template_row_invalid", 422, "表内行号格式不正确", "the form row is ill-formed",
        "不要改动“表内行号”列；重新下载模板填写", "leave the form row column as it is; fill in a fresh template";
    TemplateRowCopied = "template_row_copied", 422, "表中有复制的行：“表内行号”重复（括号内为行号）", "a form row was copied: its form row number is used twice (row numbers in brackets)",
        "删去复制的行；要用它报另一数据项，清空该行的“表内行号”", "delete the copied row; to report another cell with it, clear its form row number";

    // Templates
    TemplateNothingDue = "template_nothing_due", 404,
        "该单位在此报告期没有报送任务", "nothing is due from this reporter for that period",
        "核对 period（年报 2018、季报 2018-Q2、月报 2018-06），任务见指标目录 obligations.csv", "check period (annual 2018, quarterly 2018-Q2, monthly 2018-06) against obligations.csv of the catalog";
    TemplateForeign = "template_foreign", 403, "无权下载其他单位的模板", "the template belongs to another reporter",
        "使用本单位的访问令牌和代码", "use your own reporter's id and token";

    // The log and the lake: reasons that only the aggregator gives
    UndecodableRecord = "undecodable_record", 0,
        "日志记录无法解析", "a record of the log could not be decoded",
        "检查绕过接收服务直接写入主题的程序", "look for a program that writes to the topic without the ingest service";
    IdConflict = "id_conflict", 0,
        "同一来源的事件编号已用于不同内容", "this id of the source was accepted before with other content",
        "修订数据请使用新的编号", "give a revision an id of its own";
    IdempotencyKeyReused = "idempotency_key_reused", 0,
        "该 Idempotency-Key 已用于其他内容；先前的内容不受影响", "this Idempotency-Key was used before for other content, which stays as it is",
        "每次新的提交使用新的 Idempotency-Key，或省略", "give each new submission a key of its own, or leave the key out";
    WithdrawsUnknown = "withdraws_unknown", 0,
        "该来源没有可撤回的这一事件", "the source has reported no event of this id that could be withdrawn",
        "核对 withdraws 中的事件编号（见当时的回执或 observations 的 id 列）；撤回不能再被撤回", "check the id in withdraws against the receipt or column id of observations; a withdrawal cannot be withdrawn itself";
}
