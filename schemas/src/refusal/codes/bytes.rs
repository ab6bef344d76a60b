//! The bytes of the body: compression, charset, and the form of JSON and CSV.

macro_rules! bytes {
    (($next:ident $($after:ident)*) $($before:tt)*) => {
        $next! { ($($after)*) $($before)*
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
        }
    };
}
