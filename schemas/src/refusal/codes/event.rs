//! The event, whether it came as JSON or as a row: its fields, codes, period and value.

macro_rules! event {
    (($next:ident $($after:ident)*) $($before:tt)*) => {
        $next! { ($($after)*) $($before)*
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
        }
    };
}
