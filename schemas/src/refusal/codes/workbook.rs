//! The workbook: its file, its sheets, and cells that do not say what they show.

macro_rules! workbook {
    (($next:ident $($after:ident)*) $($before:tt)*) => {
        $next! { ($($after)*) $($before)*
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
        }
    };
}
