//! The request: its address, headers, size and pace, and what cannot be done for it now.

macro_rules! request {
    (($next:ident $($after:ident)*) $($before:tt)*) => {
        $next! { ($($after)*) $($before)*
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
        }
    };
}
